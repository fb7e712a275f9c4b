#!/usr/bin/env bash
# `make simulate`: worlds of senders, a network, a collector and a store that fail, one from each seed, until something does
# not hold, or for SECONDS, or for SEEDS seeds. SEED is the first of them; alone with VERBOSE=1 it is the only one and tells
# everything that happens. SIMULATE=conversations tries malformed conversations instead.
#
# simulate.sh --short is what `make test` runs: 10,000 worlds and 20,000 conversations.
set -euo pipefail
# What bash counts in SECONDS begins with what it finds there.
limit=$SECONDS
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
say "building the simulation in release"
swift build -c release --product simulate >&2
simulate=$(swift build -c release --show-bin-path)/simulate
# A trap names its seed; Swift's own report would come first and take long.
export SWIFT_BACKTRACE=enable=no
if [[ ${1:-} == --short ]]; then
    "$simulate" worlds --count 10000
    exec "$simulate" conversations --count 20000
fi
# Without a seed another part of them is tried every day.
options=(--first "${SEED:-$(($(date +%s) / 86400 * 1000000000))}")
if [[ -n ${VERBOSE:-} ]]; then
    options+=(--verbose --count "${SEEDS:-1}")
else
    [[ -z ${SEEDS:-} ]] || options+=(--count "$SEEDS")
fi
((limit == 0)) || options+=(--seconds "$limit")
exec "$simulate" "${SIMULATE:-worlds}" "${options[@]}"
