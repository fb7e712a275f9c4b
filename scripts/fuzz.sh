#!/usr/bin/env bash
# Fuzzes with libFuzzer: each of FUZZ_TARGETS (all) for FUZZ_SECONDS (30), 0 to try the seeds and no more. Ends with 1 at
# the first find, which then lies in Fuzz/findings. Fuzz/README.md says how to go on.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root/Fuzz"
"$root/scripts/install.sh" fuzz
mapfile -t targets < <(cd Sources && printf '%s\n' fuzz-*)
if [[ -n ${FUZZ_TARGETS:-} ]]; then
    read -ra targets <<<"$FUZZ_TARGETS"
fi
for target in "${targets[@]}"; do
    [[ -d Sources/$target ]] || die "there is no fuzz target $target; there are: $(cd Sources && echo fuzz-*)"
done

# Coverage is named: with --sanitize=fuzzer alone SwiftPM built code that libFuzzer could not see into.
options=(-c release --sanitize=fuzzer --sanitize=address)
coverage=(-Xswiftc "-sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp")
say "building the fuzz targets"
swift build "${options[@]}" "${coverage[@]}" >&2
bin=$(swift build "${options[@]}" --show-bin-path)
bin=${bin#"$root/"}
python3 seeds.py ../Tests/Corpus .build/seeds

seconds=${FUZZ_SECONDS:-30}
limit=(-max_total_time="$seconds")
((seconds > 0)) || limit=(-runs=0)
mkdir -p findings
cd "$root"
# libFuzzer and the address sanitizer tell where it happened; Swift's own report gets in their way.
export SWIFT_BACKTRACE=enable=no
for target in "${targets[@]}"; do
    name=${target#fuzz-} seeds=Fuzz/.build/seeds/spans dictionary=Fuzz/spans.dict
    [[ ! -d Fuzz/.build/seeds/$name ]] || seeds=Fuzz/.build/seeds/$name
    [[ ! -f Fuzz/$name.dict ]] || dictionary=Fuzz/$name.dict
    corpus=Fuzz/.build/corpus/$target
    mkdir -p "$corpus"
    log=Fuzz/.build/$target.log
    say "$target: $seconds s"
    # libFuzzer's protocol is kept; its numbers are shown.
    if "$bin/$target" "${limit[@]}" -max_len=2048 -timeout=20 -dict="$dictionary" -print_final_stats=1 \
        -artifact_prefix="Fuzz/findings/$target-" ${SEED:+-seed="$SEED"} "$corpus" "$seeds" \
        >"$log" 2>&1; then
        sed -n 's/^stat:://p; /DONE/p' "$log"
        continue
    fi
    find=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    if [[ -z $find ]]; then
        tail -n 40 "$log" >&2
        die "$target ended without a find; all that it said: $log"
    fi
    grep -m 3 -E 'Fatal error|Precondition|ERROR: |SUMMARY' "$log" >&2 || true
    say "error: $target found an input that breaks it: $find"
    say "  all about it: $log"
    say "  try again:    $bin/$target $find"
    say "  minimise:     $bin/$target -minimize_crash=1 -max_total_time=60 -exact_artifact_path=$find.min $find"
    say "  keep:         od -An -v -tx1 $find.min | tr -d ' \\n'    (Fuzz/README.md, \"A find\")"
    exit 1
done
say "no finds: ${targets[*]}"
