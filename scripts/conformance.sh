#!/usr/bin/env bash
# Starts a collector and lets an independent sender look for faults: conformance.sh [ARGUMENTS OF conformance.py…].
# SPANWIRE names the executable; without it the debug build is used.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
Interop/python/build
spanwire=$(spanwire_executable)
folder=$(mktemp -d)
trap 'stop_collector || true; rm -rf "$folder"' EXIT
start_collector "$spanwire" "$folder/spans.db"
Interop/python/run conformance --port "$port" --store "$folder/spans.db" --spanwire "$spanwire" "$@" || {
    tail -n 20 "$folder/spans.db.log" >&2
    exit 1
}
stop_collector || die "the collector did not end in order: $(tail -n 1 "$folder/spans.db.log")"
