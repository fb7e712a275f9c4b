#!/usr/bin/env bash
# Builds spanwire in release and prints where it is.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
swift build -c release --product spanwire >&2
printf '%s/spanwire\n' "$(swift build -c release --show-bin-path)"
