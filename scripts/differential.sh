#!/usr/bin/env bash
# Compares the decoder with google.protobuf (upb, from PyPI): verdict, JSON both ways and re-encoding, on the corpus, on
# random mutations of it and on random documents. CASES (10,000) go through the codec and as many through the JSON reader,
# MUTATIONS (300) through `spanwire decode`; SEED repeats a run.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
scripts/install.sh differential
mkdir -p .build-interop/differential
find proto -name '*.proto' -print0 | xargs -0 protoc --proto_path=proto --include_imports \
    --descriptor_set_out=.build-interop/differential/schema.desc
swift build --product codec-peer >&2
python=.build-tools/reference/bin/python schema=.build-interop/differential/schema.desc
export PYTHONDONTWRITEBYTECODE=1
"$python" Tests/Differential/codec.py "$(swift build --show-bin-path)/codec-peer" "$schema" Tests/Corpus \
    --cases "${CASES:-10000}" ${SEED:+--seed "$SEED"} --keep .build-interop/differential/disagreements
"$python" Tests/Differential/read_json.py "$(swift build --show-bin-path)/codec-peer" "$schema" Tests/Corpus \
    --cases "${CASES:-10000}" ${SEED:+--seed "$SEED"}
"$python" Tests/Differential/decode.py --spanwire "$(spanwire_executable)" --schema "$schema" --corpus Tests/Corpus \
    --mutations "${MUTATIONS:-300}"
