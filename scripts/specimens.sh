#!/usr/bin/env bash
# Writes Tests/Corpus/specimens.tsv anew: asks upb (PyPI's protobuf) and libprotobuf (Debian's python3-protobuf).
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

# test, not differential: that brings libprotobuf too.
scripts/install.sh test
descriptors=$(mktemp)
trap 'rm -f "$descriptors"' EXIT
mapfile -t protos < <(cd proto && find . -name '*.proto' | sort)
protoc -Iproto --include_imports --descriptor_set_out="$descriptors" "${protos[@]#./}"
for runtime in upb=.build-tools/reference/bin/python libprotobuf=/usr/bin/python3; do
    "${runtime#*=}" Tests/Corpus/specimens.py "$descriptors" Tests/Corpus/specimens.tsv --column "${runtime%%=*}" \
        2> >(grep -v '^\[libprotobuf ERROR' >&2)
done
