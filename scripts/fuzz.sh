#!/usr/bin/env bash
# Fuzzes the decoder for FUZZ_SECONDS with the corpus as seeds; what it finds lies in Fuzz/findings.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root/Fuzz"
"$root/scripts/install.sh" fuzz
# Coverage is named: with --sanitize=fuzzer alone SwiftPM built code that libFuzzer could not see into.
options=(-c release --sanitize=fuzzer --sanitize=address)
coverage=(-Xswiftc "-sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp")
swift build "${options[@]}" "${coverage[@]}" >&2
mkdir -p .build/corpus findings
"$(swift build "${options[@]}" --show-bin-path)/fuzz-decode" \
    -max_total_time="${FUZZ_SECONDS:-30}" -max_len=16384 -artifact_prefix=findings/ -print_final_stats=1 \
    ${SEED:+-seed="$SEED"} .build/corpus ../Tests/Corpus
