#!/usr/bin/env python3
"""Measures the transport alone by `spanwire bench`, and says where it stands: transport.py SPANWIRE CORPUS.

Both sides run in one process over loopback, the collector counting and acknowledging. Each load runs ROUNDS times; of
each figure the best counts, since a shared machine disturbs in one direction only. Run it on a machine
that does nothing else. Bytes per span are compression-bench's to measure: the ids and times that a load makes up are not
those of the payload.
"""
import datetime
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = os.environ.get("BENCH_SECONDS", "5")
IDLE = 1000


def bench(spanwire, *arguments):
    done = subprocess.run([spanwire, "bench", "--format", "json", "--duration", SECONDS, *arguments],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"error: bench {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def best(spanwire, *arguments):
    runs = [bench(spanwire, *arguments) for _ in range(ROUNDS)]
    return (max(run["spansPerSecond"] for run in runs), min(run["cpuSecondsPerMillionSpans"] for run in runs),
            min(run["handOverNanoseconds"]["p50"] for run in runs))


def hello():
    """A sender that offers zstd streams, byte by byte: docs/protocol.md."""
    payload = b"\x08\x01\x12\x10" + os.urandom(16) + b"\x22\x01\x03"
    return b"\x01" + len(payload).to_bytes(4, "big") + payload


def idle_memory(spanwire):
    """Resident MiB of a collector with IDLE welcomed connections."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = os.path.join(folder, "port")
        collector = subprocess.Popen(
            [spanwire, "collect", "--store", os.path.join(folder, "spans.db"), "--listen", "127.0.0.1:0", "--port-file",
             port_file, "--log-level", "error"])
        try:
            while not (os.path.exists(port_file) and open(port_file).read().strip()):
                time.sleep(0.05)
            port = int(open(port_file).read())
            sockets = []
            for _ in range(IDLE):
                connection = socket.create_connection(("127.0.0.1", port), 30)
                connection.sendall(hello())
                sockets.append(connection)
            for connection in sockets:
                if connection.recv(5)[0] != 2:
                    sys.exit("error: not welcomed")
            time.sleep(1)
            with open(f"/proc/{collector.pid}/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
        finally:
            collector.terminate()
            collector.wait(30)


def main():
    spanwire, corpus = sys.argv[1:]
    medium, large = os.path.join(corpus, "medium.pb"), os.path.join(corpus, "large.pb")
    plain = best(spanwire, "--compression", "none", "--spans", medium)
    stream = best(spanwire, "--compression", "zstd-stream", "--spans", large)
    halves = [bench(spanwire, "--compression", "none", "--spans", medium, "--rate", str(int(plain[0] / 2)))
              for _ in range(ROUNDS)]
    half = min(halves, key=lambda run: run["ackNanoseconds"]["p99"])
    rows = [
        ("spans/s, uncompressed", f"{plain[0]:,.0f}", "1,000,000", "2,000,000"),
        ("spans/s, zstd stream", f"{stream[0]:,.0f}", "", ""),
        ("processor seconds per million spans, both sides, uncompressed", f"{plain[1]:.2f}", "1.2", "0.7"),
        ("… zstd stream", f"{stream[1]:.2f}", "2.4", "1.6"),
        ("hand-over of a span, p50 under full load, ns", f"{plain[2]}", "500", "200"),
        (f"ack at half load ({half['spansPerSecond']:,.0f} spans/s), p99, ms",
         f"{half['ackNanoseconds']['p99'] / 1e6:.2f}", "5", "1"),
        (f"resident MiB with {IDLE:,} idle connections", f"{idle_memory(spanwire):.1f}", "64", "24"),
    ]
    now = datetime.datetime.now(datetime.timezone.utc)
    print(f"# Transport, {now:%Y-%m-%d %H:%M} UTC\n")
    print(f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release().split('-')[0]}. Batches of 512 spans, "
          f"two connections, medium.pb's spans uncompressed and large.pb's compressed; {ROUNDS} rounds of {SECONDS} s.\n")
    print("| | measured | must | aim |\n|---|---:|---:|---:|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


main()
