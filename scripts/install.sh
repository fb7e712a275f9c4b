#!/usr/bin/env bash
# Installs what a part of this project needs and this machine lacks, and says what. Does nothing where all is there.
# Usage: install.sh build|run|test|differential|faults|fuzz|bench|gates…
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Debian package → is it there? By what it provides, not by dpkg's word, so that other systems pass too.
has_header() { printf '#include <%s>\n' "$1" | cc -E -x c - >/dev/null 2>&1; }

present() {
    case $1 in
        gcc) command -v cc >/dev/null && has_header stdio.h ;;
        protobuf-compiler) command -v protoc >/dev/null ;;
        protobuf-c-compiler) command -v protoc-c >/dev/null ;;
        libprotobuf-c-dev) has_header protobuf-c/protobuf-c.h ;;
        libsqlite3-dev) has_header sqlite3.h ;;
        libzstd-dev) has_header zstd.h ;;
        zlib1g-dev) has_header zlib.h ;;
        libprotobuf-dev) printf '#include <google/protobuf/arena.h>\n' | g++ -E -x c++ - >/dev/null 2>&1 ;;
        iproute2) command -v ip >/dev/null ;;
        python3) command -v python3 >/dev/null ;;
        python3-protobuf) (python_with_protobuf) >/dev/null 2>&1 ;;
        python3-zstandard) "$( (python_with_protobuf) 2>/dev/null || echo python3)" -c 'import zstandard' >/dev/null 2>&1 ;;
        python3-venv) python3 -c 'import ensurepip, venv' >/dev/null 2>&1 ;;
        libstdc++-12-dev) printf '#include <new>\n' | c++ -E -x c++ - >/dev/null 2>&1 \
            || compgen -G '/usr/include/c++/*/new' >/dev/null ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# Installs the Debian packages named that are missing.
need() {
    local missing=() package
    for package in "$@"; do
        present "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || die "missing: ${missing[*]} (Debian package names); install them and try again"
    say "installing Debian packages: ${missing[*]}"
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || die "not root and no sudo; run as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends -qq)
    # The lists are fetched only where they are missing or too old to serve.
    "${install[@]}" "${missing[@]}" >/dev/null 2>&1 || {
        say "fetching Debian's package lists"
        "${as_root[@]}" apt-get update -qq >&2
        "${install[@]}" "${missing[@]}" >&2
    }
    for package in "${missing[@]}"; do
        present "$package" || die "$package is installed, and still what it provides is not found"
    done
}

# The reference runtime that the decoder is compared with: google.protobuf on upb, newer than Debian's.
need_reference_protobuf() {
    local venv=$root/.build-tools/reference
    "$venv/bin/python" -c 'import google.protobuf' 2>/dev/null && return
    need python3 python3-venv
    say "installing PyPI protobuf>=7 into .build-tools/reference"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'protobuf>=7,<8' >&2
}

command -v swift >/dev/null || die "no swift on the path; Spanwire needs the Swift 6.3 toolchain (swift.org/install)"
# What any part of the package builds with.
swift=(gcc libsqlite3-dev libzstd-dev zlib1g-dev)
for part in "$@"; do
    case $part in
        build) need "${swift[@]}" ;;
        run)
            # sqlite3: `make run` ends with a command that looks into the store with it.
            need "${swift[@]}" protobuf-compiler protobuf-c-compiler libprotobuf-c-dev python3 python3-protobuf \
                python3-zstandard sqlite3
            ;;
        test)
            # openssl: the tests of TLS make their certificates with it.
            need "${swift[@]}" protobuf-compiler protobuf-c-compiler libprotobuf-c-dev python3 python3-protobuf \
                python3-zstandard iproute2 openssl
            need_reference_protobuf
            ;;
        differential)
            need "${swift[@]}" protobuf-compiler python3
            need_reference_protobuf
            ;;
        faults) need "${swift[@]}" protobuf-compiler python3 python3-protobuf python3-zstandard iproute2 ;;
        fuzz) need "${swift[@]}" libstdc++-12-dev python3 ;;
        bench)
            need "${swift[@]}" g++ protobuf-compiler libprotobuf-dev protobuf-c-compiler libprotobuf-c-dev python3
            need_reference_protobuf
            ;;
        gates) need "${swift[@]}" python3 valgrind ;;
        *) die "unknown part: $part" ;;
    esac
done
