#!/usr/bin/env bash
# Kills a collector under load, again and again, and looks for what it had acknowledged: faults.sh [ARGUMENTS OF
# kill.py…]. SPANWIRE names the executable; without it the debug build is used.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
Interop/python/build
Interop/python/run kill --spanwire "$(spanwire_executable)" "$@"
