#!/usr/bin/env bash
# `make examples`: the programs of Examples/ are built as a user's would be and run, with a collector and without one; and
# all Swift of the README and of the DocC catalogues stands in them. SPANWIRE names the executable; without it the debug
# build is used.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

# Each block of a page is an example's file, of which lines may be left out.
"$(python_with_protobuf)" - Examples README.md Sources/*/*.docc/*.md <<'PYTHON'
import pathlib
import re
import sys

folder, *pages = sys.argv[1:]
examples = {path: path.read_text().splitlines() for path in pathlib.Path(folder).rglob("*.swift")}
blocks = [
    (page, block) for page in pages for block in re.findall(r"```swift\n(.*?)```", pathlib.Path(page).read_text(), re.S)
]


def stands_in(lines, file):
    rest = iter(file)
    return all(any(line == other for other in rest) for line in lines)


def faults():
    for page in ("README.md", "GettingStarted.md"):
        if not any(name.endswith(page) for name, _ in blocks):
            yield f"{page} has no Swift"
    for page, block in blocks:
        # Where this package lies differs.
        lines = block.replace('.package(path: "../spanwire")', '.package(name: "spanwire", path: "..")').splitlines()
        if not any(stands_in([line for line in lines if line], file) for file in examples.values()):
            yield f"{page}: no program in {folder} has these lines:\n{block}"


found = list(faults())
for fault in found:
    print("error:", fault, file=sys.stderr)
sys.exit(1 if found else 0)
PYTHON

spanwire=$(spanwire_executable)
folder=$(mktemp -d)
trap 'stop_collector || true; rm -rf "$folder"' EXIT
cd "$folder"

say "certificates and a token, as docs/security.md makes them"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout server.key -out ca.pem \
    -subj "/CN=trial" -addext "subjectAltName=IP:127.0.0.1" 2>openssl.log || die "$(cat openssl.log)"
(umask 077 && openssl rand -hex 32 >token)

start_collector "$spanwire" plain.db --log-level warning
plain=$collector plain_port=$port
start_collector "$spanwire" guarded.db --log-level warning --tls-certificate ca.pem --tls-key server.key --token-file token
guarded=$collector guarded_port=$port
trap 'for collector in $plain $guarded; do stop_collector || true; done; rm -rf "$folder"' EXIT

# The programs name the port of the docs and a folder of the system: here they get others.
sources=$root/.build-examples/package
mkdir -p "$sources" spool
rm -rf "${sources:?}/Sources" "${sources:?}/Tests"
cp -R "$root/Examples/Sources" "$root/Examples/Tests" "$sources/"
sed "s|path: \"..\"|path: \"$root\"|" "$root/Examples/Package.swift" >"$sources/Package.swift"
sed -i "s|port: 4319|port: $plain_port|" "$sources/Sources/checkout/main.swift"
sed -i "s|port: 4319|port: $guarded_port|; s|/var/spool/checkout|$folder/spool|" \
    "$sources/Sources/durable-checkout/main.swift"
sed -i "s|SpanServerConfiguration()|SpanServerConfiguration(port: $plain_port)|" \
    "$sources/Sources/embedded-collector/main.swift"
say "building the examples"
swift build --build-tests --package-path "$sources" --scratch-path "$root/.build-examples/scratch" >build.log 2>&1 \
    || die "the examples do not build: $(grep -m 5 'error' build.log)"
programs=$(swift build --package-path "$sources" --scratch-path "$root/.build-examples/scratch" --show-bin-path)

# expect PROGRAM WORDS: what the program prints at the end.
expect() {
    local printed
    printed=$("$programs/$1" 2>"$1.log" | tail -1)
    [[ $printed == "$2" ]] || die "$1 printed '$printed', not '$2': $(tail -3 "$1.log")"
    say "$1: $printed"
}
expect payloads "GET /"
expect checkout "reported 1, stored 1, rejected 0, dropped 0, pending 0"
expect durable-checkout "reported 1, stored 1, rejected 0, dropped 0, pending 0"
found=$("$spanwire" query search 'service=checkout since=1h' --store plain.db | grep -c 'POST /checkout') || true
[[ $found == 1 ]] || die "the query of the README does not find the span of the README"
ln -s plain.db spans.db
expect read-store "1 on the first page, 0 on the second"
for collector in $plain $guarded; do stop_collector; done
plain='' guarded=''
expect checkout "reported 1, stored 0, rejected 0, dropped 1 (shutdown 1), pending 0"
expect durable-checkout "reported 1, stored 0, rejected 0, dropped 0, pending 0, spooled 1"

say "a collector within a program"
"$programs/embedded-collector" 2>embedded.log &
collector=$!
trap 'stop_collector || true; rm -rf "$folder"' EXIT
waited=0
until grep -q listening embedded.log; do
    ((waited += 1))
    if ((waited > 300)) || ! kill -0 "$collector" 2>/dev/null; then die "it does not listen: $(tail -3 embedded.log)"; fi
    sleep 0.1
done
expect checkout "reported 1, stored 1, rejected 0, dropped 0, pending 0"
stop_collector || die "the collector within a program ended with $?: $(tail -3 embedded.log)"

say "the contract of a store, as the tests of an engine check it"
swift test --skip-build --package-path "$sources" --scratch-path "$root/.build-examples/scratch" >tests.log 2>&1 \
    || die "the engine in memory breaks its contract: $(grep -m 5 '✘' tests.log)"
