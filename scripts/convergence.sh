#!/usr/bin/env bash
# Reports in any order, some twice, some in parts, the collector killed in between; the store is held against the in-memory
# engine: convergence.sh [ARGUMENTS OF convergence.py…]. SPANWIRE names the executable; without it the debug build is used.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
Interop/python/build
spanwire=$(spanwire_executable)
# The sender, beside the command; of a release build it is made here.
peer=$(dirname "$spanwire")/convergence-peer
if [[ $(basename "$(dirname "$spanwire")") == release ]]; then swift build -c release --product convergence-peer >&2; fi
[[ -x $peer ]] || die "$peer is missing; build it: swift build --product convergence-peer"
Interop/python/run convergence --spanwire "$spanwire" "$@"
