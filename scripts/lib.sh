# Shared by the scripts of this project; sourced, never run.
# shellcheck shell=bash disable=SC2034

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Words for people, on stderr.
say() { printf '%s\n' "$*" >&2; }

# Ends the script with one line on stderr.
die() {
    say "error: $*"
    exit 1
}

# A Python 3 that has google.protobuf: $SPANWIRE_PYTHON, Debian's own, or the one on the path, which on a developer's
# machine is often another.
python_with_protobuf() {
    local candidate
    for candidate in "${SPANWIRE_PYTHON:-}" /usr/bin/python3 python3; do
        if [[ -n $candidate ]] && command -v "$candidate" >/dev/null 2>&1 \
            && "$candidate" -c 'import google.protobuf' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    die "no python3 with google.protobuf; run scripts/install.sh"
}

# Starts a collector on a free loopback port: start_collector SPANWIRE STORE [ARGUMENTS…]. Sets `collector` (its process
# id) and `port`; its words go to STORE.log.
start_collector() {
    local spanwire=$1 store=$2
    shift 2
    local port_file=$store.port
    rm -f "$port_file"
    "$spanwire" collect --listen 127.0.0.1:0 --store "$store" --port-file "$port_file" "$@" 2>"$store.log" &
    collector=$!
    local waited=0
    until [[ -s $port_file ]]; do
        if ! kill -0 "$collector" 2>/dev/null; then
            cat "$store.log" >&2
            die "the collector ended before it listened"
        fi
        ((waited += 1))
        ((waited <= 300)) || die "the collector did not listen within 30 s"
        sleep 0.1
    done
    port=$(<"$port_file")
}

# Ends the collector in order (SIGTERM) and waits; its exit status is returned.
stop_collector() {
    local pid=${collector:-}
    collector=
    [[ -n $pid ]] || return 0
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid"
}

# The spanwire executable to try: $SPANWIRE, or the debug build, which is brought up to date.
spanwire_executable() {
    if [[ -n ${SPANWIRE:-} ]]; then
        printf '%s\n' "$SPANWIRE"
        return
    fi
    swift build --product spanwire >&2 || die "spanwire does not build"
    printf '%s/spanwire\n' "$(swift build --show-bin-path)"
}
