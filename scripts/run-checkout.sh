#!/usr/bin/env bash
# `make run`: three services in three languages report their part of one checkout to a collector; prints the trace.
# Leaves the collector's file and what each service sent in .run/.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

scripts/install.sh run
say "building (release)"
swift build -c release --product spanwire >&2
Interop/swift/build >&2
Interop/c/build
Interop/python/build
bin=$(swift build -c release --show-bin-path)
bin=${bin#"$root/"}
spanwire=$bin/spanwire

# The store stays from run to run; each run is a trace of its own.
mkdir -p .run
store=.run/checkout.db
rm -f .run/*.frames .run/*.pb
trace=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
base=$(($(date +%s) * 1000000000))

trap stop_collector EXIT
start_collector "$spanwire" "$store"
say "collector listens on 127.0.0.1:$port, stores in $store"

# Children before parents, the root last.
say "payment and mailer (Python) report"
Interop/python/run 127.0.0.1 "$port" "$trace" "$base" .run/payment
say "checkout (C) reports"
Interop/c/run 127.0.0.1 "$port" "$trace" "$base" .run/checkout
say "web-frontend (Swift) reports"
Interop/swift/run 127.0.0.1 "$port" "$trace" "$base" .run/web-frontend

say ""
shown=$("$spanwire" query trace "$trace" --store "$store")
printf '%s\n' "$shown"
for service in web-frontend checkout payment mailer; do
    grep -q "$service" <<<"$shown" || die "the trace lacks the spans of $service"
done
stop_collector || die "the collector did not end in order: $(tail -n 1 "$store.log")"
trap - EXIT

cat >&2 <<END

Everything is in .run/. Try:
  $spanwire query trace $trace --store $store
  $spanwire query services --store $store
  $spanwire query search --service payment --status error --store $store
  $spanwire decode .run/payment.pb
  $spanwire decode .run/checkout.frames
  $spanwire decode .run/web-frontend.frames --to json
  sqlite3 $store 'SELECT * FROM services'
END
