#!/usr/bin/env bash
# `make gates`: allocations and instructions of the codec against the ceilings in Benchmarks/Gates.txt. RECORD=1 makes
# today's numbers the ceilings.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
if [[ $(uname -s) != Linux ]]; then
    say "gates: left out; they need valgrind and glibc's malloc"
    exit 0
fi
scripts/install.sh gates
say "building the codec in release"
swift build -c release --package-path Benchmarks --product spanwire-peer >&2
Benchmarks/Rivals/build malloc
record=()
[[ ${RECORD:-} != 1 ]] || record=(--record)
PYTHONDONTWRITEBYTECODE=1 python3 Benchmarks/gates.py \
    "$(swift build -c release --package-path Benchmarks --show-bin-path)/spanwire-peer" --corpus Tests/Corpus \
    --counting .build-rivals/libcounting_malloc.so --gates Benchmarks/Gates.txt "${record[@]}"
