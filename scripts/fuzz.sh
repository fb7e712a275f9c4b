#!/usr/bin/env bash
# Fuzzes the decoder for FUZZ_SECONDS with the corpus as seeds; what it finds lies in Fuzz/findings.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root/Fuzz"
"$root/scripts/install.sh" fuzz
swift build -c release --sanitize=fuzzer --sanitize=address >&2
mkdir -p .build/corpus findings
"$(swift build -c release --sanitize=fuzzer --sanitize=address --show-bin-path)/fuzz-decode" \
    -max_total_time="${FUZZ_SECONDS:-30}" -max_len=16384 -artifact_prefix=findings/ -print_final_stats=1 \
    ${SEED:+-seed="$SEED"} .build/corpus ../Tests/Corpus
