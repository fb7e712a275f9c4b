#!/usr/bin/env bash
# Compares the decoder with google.protobuf (upb, from PyPI): verdict, JSON and re-encoding, on the corpus and on random
# mutations of it: differential.sh [ARGUMENTS OF differential.py…].
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
scripts/install.sh differential
mkdir -p .build-interop/differential
find proto -name '*.proto' -print0 | xargs -0 protoc --proto_path=proto --include_imports \
    --descriptor_set_out=.build-interop/differential/schema.desc
PYTHONDONTWRITEBYTECODE=1 .build-tools/reference/bin/python Interop/python/differential.py \
    --schema .build-interop/differential/schema.desc --spanwire "$(spanwire_executable)" "$@"
