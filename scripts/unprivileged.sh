#!/usr/bin/env bash
# `make unprivileged`: a collector, senders, a spool, the load generator and all that reads a store, as a user without any
# privilege. Started by root it becomes user and group 65534 without capabilities and without a way to any, and where the
# system lets it, everything but its own folder is read-only. SPANWIRE names the executable; without it the debug build is
# used.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The folder, then the user, then the trial itself: each step runs this script again.
case ${UNPRIVILEGED_STEP:-prepare} in
    prepare)
        cd "$root"
        spanwire=$(spanwire_executable)
        [[ -x $spanwire ]] || die "$spanwire is missing; build it: swift build --product spanwire"
        folder=$(mktemp -d /tmp/spanwire-unprivileged.XXXXXX)
        trap 'rm -rf "$folder"' EXIT
        # Only root sees a folder of root's, so all that is needed is copied, the libraries that lie with the compiler too.
        mkdir "$folder/lib" "$folder/scripts" "$folder/work"
        cp "$spanwire" "$folder/spanwire"
        cp scripts/lib.sh scripts/unprivileged.sh "$folder/scripts/"
        cp Tests/Corpus/small.pb Tests/Corpus/medium.pb "$folder/"
        ldd "$spanwire" | awk '$3 ~ /^\// && $3 !~ /^\/(usr\/)?lib/ { print $3 }' | xargs -r cp -Lt "$folder/lib"
        chmod -R a+rX "$folder"
        export UNPRIVILEGED_FOLDER=$folder LD_LIBRARY_PATH=$folder/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
        if ((EUID != 0)); then
            say "unprivileged: as user $EUID, whoever that is; the file system stays as it is"
            UNPRIVILEGED_STEP=trial "$folder/scripts/unprivileged.sh"
            exit
        fi
        command -v setpriv >/dev/null || die "setpriv is missing (Debian: util-linux); install it"
        chown -R 65534:65534 "$folder/work"
        if unshare --mount true 2>/dev/null; then
            UNPRIVILEGED_STEP=seal unshare --mount --propagation private "$folder/scripts/unprivileged.sh"
        else
            say "unprivileged: no mount namespace can be made here, so the file system stays as it is"
            UNPRIVILEGED_STEP=drop "$folder/scripts/unprivileged.sh"
        fi
        exit
        ;;
    seal)
        # In a mount namespace of its own: read-only, mount by mount, but for the folder.
        mount --bind "$UNPRIVILEGED_FOLDER/work" "$UNPRIVILEGED_FOLDER/work"
        while read -r place; do
            [[ $place != "$UNPRIVILEGED_FOLDER/work" ]] || continue
            mount -o remount,bind,ro "$place" 2>/dev/null || true
        done < <(awk '{ print $5 }' /proc/self/mountinfo)
        if ! touch "$UNPRIVILEGED_FOLDER/probe" 2>/dev/null; then
            export UNPRIVILEGED_SEALED=1
        else
            rm "$UNPRIVILEGED_FOLDER/probe"
            say "unprivileged: the file system cannot be made read-only here, so it stays as it is"
        fi
        UNPRIVILEGED_STEP=drop exec "$UNPRIVILEGED_FOLDER/scripts/unprivileged.sh"
        ;;
    drop)
        UNPRIVILEGED_STEP=trial exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
            --bounding-set=-all --no-new-privs "$UNPRIVILEGED_FOLDER/scripts/unprivileged.sh"
        ;;
esac

cd "$UNPRIVILEGED_FOLDER/work"
spanwire=$UNPRIVILEGED_FOLDER/spanwire small=$UNPRIVILEGED_FOLDER/small.pb medium=$UNPRIVILEGED_FOLDER/medium.pb
# A home is not for everybody.
export HOME=/nonexistent
((EUID != 0)) || die "still root"
[[ $(awk '/^CapEff/ { print $2 }' /proc/self/status) =~ ^0*$ ]] || die "there are capabilities left"
if [[ -n ${UNPRIVILEGED_SEALED:-} ]]; then
    for place in / /tmp /var/tmp /dev/shm; do
        if touch "$place/spanwire-probe" 2>/dev/null; then
            rm -f "$place/spanwire-probe"
            die "$place can be written"
        fi
    done
fi

steps=0
# try WORDS COMMAND…: it must end with 0.
try() {
    local words=$1
    shift
    "$@" >out 2>err || die "$words: exit code $?: $(tail -n 3 err)"
    ((steps += 1))
}
# refuse WORDS TEXT COMMAND…: it must end with 1 and say that text.
refuse() {
    local words=$1 text=$2 status=0
    shift 2
    "$@" >out 2>err || status=$?
    ((status == 1)) || die "$words: exit code $status, expected 1: $(tail -n 3 err)"
    grep -qF -- "$text" err || die "$words: it does not say \"$text\": $(cat err)"
    ((steps += 1))
}
told() { grep -qF -- "$1" "$2" || die "\"$1\" is not in $2: $(cat "$2")"; }
trap 'stop_collector || true' EXIT

# TCP and a Unix socket.
start_collector "$spanwire" spans.db --listen "unix:$PWD/s" --socket-mode 0660 --keep 36500d
[[ $(stat -c %a s) == 660 ]] || die "the socket's mode is $(stat -c %a s)"
try "send over TCP" "$spanwire" send "$small" --to "127.0.0.1:$port"
told "stored 10, rejected 0" err
try "send over a Unix socket" "$spanwire" send "$medium" --to "unix:$PWD/s"
try "bench against a collector" "$spanwire" bench --to "127.0.0.1:$port" --duration 1 --warm-up 0 --rate 2000 \
    --collector-pid "$collector"
refuse "a spool without a collector" "wait in spool" \
    "$spanwire" send "$small" --to 127.0.0.1:1 --timeout 1 --spool spool
try "what is in a spool" "$spanwire" spool spool
try "a spool with a collector" "$spanwire" send --to "127.0.0.1:$port" --spool spool
told "stored 10" err
# While the collector writes, and after it.
for state in running ended; do
    try "query services ($state)" "$spanwire" query services --store spans.db
    told "checkout" out
    for question in operations attributes dependencies latency errors running senders; do
        try "query $question ($state)" "$spanwire" query "$question" --store spans.db
    done
    try "query search ($state)" "$spanwire" query search --limit 1 --format json --store spans.db
    try "query export ($state)" "$spanwire" query export --store spans.db
    try "store stats ($state)" "$spanwire" store stats spans.db
    try "store check ($state)" "$spanwire" store check spans.db
    try "delete ($state)" "$spanwire" delete 00000000000000000000000000000001 --store spans.db
    [[ $state == running ]] || break
    stop_collector || die "the collector did not end in order: $(tail -n 1 spans.db.log)"
    [[ ! -e s ]] || die "the socket stays"
done
# One who may read the store and not write its folder: with the files of the log that the collector leaves, and without.
mkdir shut
cp spans.db spans.db-wal spans.db-shm shut/
chmod 444 shut/*
chmod 555 shut
try "query in a folder that cannot be written" "$spanwire" query services --store shut/spans.db
told "checkout" out
chmod 755 shut
rm -f shut/spans.db-wal shut/spans.db-shm
chmod 555 shut
refuse "query without the files of the log" "let a user who may write there ask once" \
    "$spanwire" query services --store shut/spans.db
chmod 755 shut
try "store compact" "$spanwire" store compact spans.db
try "store check (compacted)" "$spanwire" store check spans.db
if grep -E ' (warning|error|critical) ' spans.db.log >&2; then die "the collector warns"; fi
try "bench alone" "$spanwire" bench --duration 1 --warm-up 0 --rate 2000

# TLS, tokens, and files that are read anew.
if command -v openssl >/dev/null; then
    openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 2 -subj /CN=collector \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout server.key -out server.pem 2>/dev/null
    (umask 077 && printf '# ours\nfirst-token-of-ours\n' >tokens && printf 'first-token-of-ours\n' >token)
    start_collector "$spanwire" secured.db --tls-certificate server.pem --tls-key server.key --token-file tokens \
        --reload-interval 0
    try "send by TLS with a token" "$spanwire" send "$small" --to "localhost:$port" --tls-ca server.pem --token-file token
    printf 'second-token-of-ours\n' >tokens
    kill -HUP "$collector"
    for ((waited = 0; waited < 300; waited++)); do
        grep -q 'read the tokens anew' secured.db.log && break
        sleep 0.1
    done
    refuse "a token that is gone" "the bearer token is not accepted" \
        "$spanwire" send "$small" --to "localhost:$port" --tls-ca server.pem --token-file token
    stop_collector || die "the collector did not end in order: $(tail -n 1 secured.db.log)"
else
    say "unprivileged: TLS is left out, for want of openssl"
fi

# What is another's: an error and not a wait, a trap or a success.
# Containers often give these ports to everybody.
if (($(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 0) > 1)); then
    refuse "a port of the system" "cannot be listened on" "$spanwire" collect --listen 127.0.0.1:1 --store x.db
fi
refuse "a store in another's folder" "x.db" "$spanwire" collect --listen 127.0.0.1:0 --store /proc/x.db
refuse "a spool in another's folder" "spool" "$spanwire" send "$small" --to 127.0.0.1:1 --timeout 1 --spool /proc/spool
refuse "a socket in another's folder" "cannot be listened on" "$spanwire" collect --listen unix:/proc/s --store x.db
printf 'unprivileged: %s steps as user %s%s\n' "$steps" "$EUID" \
    "${UNPRIVILEGED_SEALED:+, with everything else read-only}"
