#!/usr/bin/env bash
# Real processes under real faults: faults.sh KILLS SECONDS [SCENARIO,…]. First kills the collector KILLS times under load,
# then lets each scenario of Interop/python/faults.py go on for SECONDS. SPANWIRE names the executable; without it the
# debug build is used.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
kills=$1 seconds=$2 scenarios=${3:-}
Interop/python/build
spanwire=$(spanwire_executable)
# A service to be killed, beside the command; of a release build it is made here.
peer=$(dirname "$spanwire")/spool-peer
if [[ $(basename "$(dirname "$spanwire")") == release ]]; then swift build -c release --product spool-peer >&2; fi
[[ -x $peer ]] || die "$peer is missing; build it: swift build --product spool-peer"
Interop/python/run kill --spanwire "$spanwire" --kills "$kills"
Interop/python/run faults --spanwire "$spanwire" --seconds "$seconds" ${scenarios:+--scenarios "$scenarios"}
