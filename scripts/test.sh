#!/usr/bin/env bash
# `make test`: everything that must hold, in its short form. The long forms: make simulate,
# conformance, faults, convergence, differential. Root is not needed, where all is installed: what only root can do is left
# out for others, in words.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
scripts/install.sh test
make --no-print-directory lint >&2

say "building"
swift build --build-tests >&2
scripts/check-linkage.sh
scripts/gates.sh
scripts/simulate.sh --short
SPANWIRE=$(spanwire_executable)
export SPANWIRE
scripts/unprivileged.sh
scripts/examples.sh
scripts/conformance.sh --spans 5000 --breaks 8 --traces 10
scripts/faults.sh 5 2
scripts/convergence.sh --spans 1500
CASES=3000 MUTATIONS=60 scripts/differential.sh
# Last, so that its closing lines are what one sees. Few at a time: a test that computes or waits for a process keeps
# one of the few threads to itself, and one that talks to a server would not be on time.
swift test --skip-build --experimental-maximum-parallelization-width 4
