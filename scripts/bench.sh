#!/usr/bin/env bash
# `make bench`: our codec and its rivals over the same payloads in one run, with the ratios. RECORD=1 also writes the
# result to Benchmarks/Records; ROUNDS (15) says how often each takes its turn, FILES which payloads are read.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
scripts/install.sh bench
say "building (release), and the rivals"
# By product: without one, all that the packages depend on would be built too.
for peer in spanwire-peer swift-protobuf-peer; do
    swift build -c release --package-path Benchmarks --product "$peer" >&2
done
Benchmarks/Rivals/build
bin=$(swift build -c release --package-path Benchmarks --show-bin-path)
rivals=.build-rivals payloads=.build-rivals/payloads
export PYTHONDONTWRITEBYTECODE=1
.build-tools/reference/bin/python Benchmarks/payloads.py Tests/Corpus "$rivals/schema.desc" "$payloads"
say "measuring; other work on this machine makes the numbers worse"
read -ra files <<<"${FILES:-small.pb medium.pb large.pb wide.pb deep.pb}"
result=$(.build-tools/reference/bin/python Benchmarks/compare.py --counting "$rivals/libcounting_malloc.so" \
    --rounds "${ROUNDS:-15}" --files "${files[@]}" -- \
    "$bin/spanwire-peer $payloads" \
    "$bin/swift-protobuf-peer $payloads" \
    "$rivals/libprotobuf_peer $payloads" \
    "$rivals/protobuf_c_peer $payloads" \
    ".build-tools/reference/bin/python Benchmarks/Rivals/python/upb_peer.py $payloads $rivals/schema.desc")
printf '%s\n' "$result"
[[ ${RECORD:-} == 1 ]] || exit 0
# Several records of one day stand side by side.
mkdir -p Benchmarks/Records
record=Benchmarks/Records/$(date -u +%F) number=1 suffix=
while [[ -e $record$suffix.md ]]; do suffix=-$((number += 1)); done
# The commit that last changed what is measured.
commit=$(git log -1 --format=%h -- Sources)$([[ -z $(git status --porcelain -- Sources) ]] || printf ' and changes')
{
    printf '# %s\n\nSources of %s. ' "$(date -u +%F)" "$commit"
    printf '%s\n' "$result"
} >"$record$suffix.md"
say "recorded in $record$suffix.md"
