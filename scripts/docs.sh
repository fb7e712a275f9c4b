#!/usr/bin/env bash
# `make docs`: one DocC archive for each catalogue in Sources, in .build-docs. A warning is an error.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

output=$root/.build-docs
rm -rf "$output"
mkdir -p "$output"

say "symbol graphs of all modules"
swift package dump-symbol-graph --minimum-access-level public --skip-synthesized-members >"$output/symbols.log" 2>&1 \
    || die "no symbol graphs: $(tail -5 "$output/symbols.log")"
graphs=$(sed -n 's/^Files written to //p' "$output/symbols.log")
[[ -d $graphs ]] || die "no symbol graphs: $(tail -5 "$output/symbols.log")"

# What one catalogue has wrong hides nothing of the others.
faulty=()
for catalogue in Sources/*/*.docc; do
    module=$(basename "$catalogue" .docc)
    symbols=$output/symbols/$module
    mkdir -p "$symbols"
    # `Module@Other` has what a module adds to types of another one.
    find "$graphs" -name "$module.symbols.json" -exec cp {} "$symbols" \; -o \
        -name "$module@*.symbols.json" -exec cp {} "$symbols" \;
    [[ -f $symbols/$module.symbols.json ]] || die "$catalogue: no module has that name"
    docc convert "$catalogue" --additional-symbol-graph-dir "$symbols" --output-dir "$output/$module.doccarchive" \
        --fallback-display-name "$module" --fallback-bundle-identifier "spanwire.$module" --warnings-as-errors >&2 \
        || faulty+=("$module")
done
[[ ${#faulty[@]} == 0 ]] || die "warnings of docc in ${faulty[*]}"
say "documentation of $(find "$output" -maxdepth 1 -name '*.doccarchive' | wc -l) modules in $output"
