#!/usr/bin/env python3
"""Measures the transport alone by `spanwire bench`, and says where it stands: transport.py SPANWIRE CORPUS RIVAL.

Both sides run in one process over loopback, the collector counting and acknowledging. Each load runs ROUNDS times; of
each figure the best counts, since a shared machine disturbs in one direction only. Run it on a machine
that does nothing else. Bytes per span are compression-bench's to measure: the ids and times that a load makes up are not
those of the payload.

A machine that is slower today makes every figure worse, so a rival is measured before each load: what libprotobuf-c (the
peer RIVAL, see README.md) takes to pack and unpack the same spans, on every core at once as the loads are. The ratio to it
says more of the code than the seconds do.
"""
import collections
import datetime
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from peers import Peer

MEDIUM_SPANS = 512
RIVAL_RUNS = 500
Figures = collections.namedtuple("Figures", "rate seconds ratios rivals hand_over")

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = os.environ.get("BENCH_SECONDS", "5")
IDLE = 1000


def bench(spanwire, *arguments):
    done = subprocess.run([spanwire, "bench", "--format", "json", "--duration", SECONDS, *arguments],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"error: bench {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def rival_seconds(rival, corpus):
    """Processor seconds per million of medium.pb's spans, packed and unpacked once by libprotobuf-c."""
    peers = [Peer([rival, corpus]) for _ in range(os.cpu_count())]
    for peer in peers:
        for work in ("encode", "decode:malloc"):
            peer.process.stdin.write(f"time {work} medium.pb 5 {RIVAL_RUNS // 5}\n")
        peer.process.stdin.close()
    seconds = 0.0
    for peer in peers:
        if len(peer.process.stdout.readlines()) != 2:
            sys.exit("error: the rival measured nothing")
        _, status, usage = os.wait4(peer.process.pid, 0)
        peer.process.returncode = status
        seconds += usage.ru_utime + usage.ru_stime
    return seconds / len(peers) / RIVAL_RUNS / MEDIUM_SPANS * 1e6


def measure(rival, *arguments):
    """Runs a load ROUNDS times, the rival before each."""
    runs = []
    for _ in range(ROUNDS):
        yardstick = rival_seconds(*rival)
        runs.append((yardstick, bench(*arguments)))
    return Figures(
        rate=max(run["spansPerSecond"] for _, run in runs),
        seconds=[run["cpuSecondsPerMillionSpans"] for _, run in runs],
        ratios=[run["cpuSecondsPerMillionSpans"] / yardstick for yardstick, run in runs],
        rivals=[yardstick for yardstick, _ in runs],
        hand_over=min(run["handOverNanoseconds"]["p50"] for _, run in runs))


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


def spread(values):
    return f"{min(values):.2f} to {max(values):.2f}, median {statistics.median(values):.2f}"


def main():
    spanwire, corpus, peer = sys.argv[1:]
    medium, large = os.path.join(corpus, "medium.pb"), os.path.join(corpus, "large.pb")
    rival = (peer, corpus)
    plain = measure(rival, spanwire, "--compression", "none", "--spans", medium)
    stream = measure(rival, spanwire, "--compression", "zstd-stream", "--spans", large)
    halves = [bench(spanwire, "--compression", "none", "--spans", medium, "--rate", str(int(plain.rate / 2)))
              for _ in range(ROUNDS)]
    half = min(halves, key=lambda run: run["ackNanoseconds"]["p99"])
    rows = [
        ("spans/s, uncompressed", f"{plain.rate:,.0f}", "1,000,000", "2,000,000"),
        ("spans/s, zstd stream", f"{stream.rate:,.0f}", "", ""),
        ("processor seconds per million spans, both sides, uncompressed", spread(plain.seconds), "1.2", "0.7"),
        ("… zstd stream", spread(stream.seconds), "2.4", "1.6"),
        ("libprotobuf-c, packing and unpacking a million of the same spans, seconds",
         spread(plain.rivals + stream.rivals), "", ""),
        ("ratio to it in the same round, uncompressed", spread(plain.ratios), "", ""),
        ("… zstd stream", spread(stream.ratios), "", ""),
        ("hand-over of a span, p50 under full load, ns", f"{plain.hand_over}", "500", "200"),
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
