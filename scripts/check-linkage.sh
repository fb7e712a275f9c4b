#!/usr/bin/env bash
# Links a program against the core targets and shows that neither Foundation nor NIO comes with them, that no package is
# fetched for it and nothing else is compiled; and looks at a sender without TLS, which is to have none of BoringSSL. Wants
# the package built (swift build).
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
folder=$root/.build-linkage
# What was built with a forbidden import does not always notice that the import is gone.
trap '(($? == 0)) || rm -rf "$folder"' EXIT
mkdir -p "$folder/Sources/Probe"
cat >"$folder/Package.swift" <<END
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Probe",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "spanwire", path: "$root", traits: [])],
    targets: [
        .executableTarget(
            name: "Probe",
            dependencies: [
                .product(name: "SpanModel", package: "spanwire"), .product(name: "SpanSession", package: "spanwire"),
                .product(name: "SpanCapture", package: "spanwire"), .product(name: "SpanStorage", package: "spanwire"),
            ])
    ]
)
END
cat >"$folder/Sources/Probe/main.swift" <<END
import ProtoWire
import SpanCapture
import SpanMerge
import SpanModel
import SpanSession
import SpanStorage

let batch = try SpanBatch(decoding: [UInt8]())
print(batch.spanCount)
END
swift build --package-path "$folder" --product Probe >&2
probe=$(swift build --package-path "$folder" --show-bin-path)/Probe
[[ $("$probe") == 0 ]] || die "the probe does not run"
linked=$(ldd "$probe" | awk '{ print $1 }' | sort)
if grep -E 'Foundation|NIO|libicu|sqlite|libz' <<<"$linked" >&2; then
    die "the core links what it must not"
fi
# NIO and Foundation could be linked statically too; their symbols would then be in the program.
# shellcheck disable=SC2016
symbols=$(nm "$probe" | grep -cE '\$s(7NIOCore|8NIOPosix|10Foundation|20FoundationEssentials)' || true)
((symbols == 0)) || die "the core contains $symbols symbols of Foundation or NIO"
# Without traits no other package is resolved, and of this one only the targets that the program needs are compiled.
packages=$(swift package --package-path "$folder" show-dependencies --format flatlist | wc -l)
((packages == 1)) || die "a program that links the core alone needs $packages packages instead of this one"
compiled=$(find "$(dirname "$probe")/Modules" -name '*.swiftmodule' -printf '%f\n' | sed 's/\.swiftmodule$//' | sort | xargs)
[[ $compiled == "Probe ProtoWire SpanCapture SpanMerge SpanModel SpanSession SpanStorage" ]] \
    || die "for the core these modules are compiled: $compiled"
printf 'linkage: for the core no package is fetched, and these modules are compiled: %s\n' "$compiled"

printf 'linkage: the core links %s libraries, neither Foundation nor NIO among them\n' "$(wc -l <<<"$linked")"

# In `spanwire` the same search finds it, so it finds what is there.
built=$(swift build --show-bin-path)
tls_symbols() { nm "$built/$1" | grep -c CNIOBoringSSL || true; }
(($(tls_symbols spanwire) > 1000)) || die "spanwire has no TLS, or BoringSSL's symbols are called otherwise now"
(($(tls_symbols interop-swift) == 0)) || die "a sender without TLS contains BoringSSL"
printf 'linkage: a sender without TLS contains nothing of BoringSSL\n'
