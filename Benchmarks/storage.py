#!/usr/bin/env python3
"""Measures a collector with its store, and says where it stands: storage.py SPANWIRE STORE_BENCH.

SPANS (10,000,000) go through TCP into a new store, as fast as their acks, which mean "on the disk", allow; they come from
ten hours and four services, each trace from all of them. Then store-bench asks the store. Run it on a machine that does
nothing else, with 3 GB free in SPANWIRE_SCRATCH (or the folder for temporary files).
"""
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time

SPANS = int(os.environ.get("SPANS", "10000000"))
SEED = int(os.environ.get("SEED", "42"))
CONNECTIONS = 4
MILLION = 1e6


def status(pid, key):
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for_port(collector, path):
    while not (os.path.exists(path) and open(path).read().strip()):
        if collector.poll() is not None:
            sys.exit("error: the collector ended")
        time.sleep(0.02)
    return int(open(path).read())


def settle(pid):
    """Waits until the collector does nothing any more: what it compacts in the background is part of its work."""
    last = cpu_seconds(pid)
    while True:
        time.sleep(5)
        now = cpu_seconds(pid)
        if now - last < 0.05:
            return
        last = now


def edge_rates(rates):
    """Spans per second while the first and the last million were acknowledged."""
    def first_million(seconds):
        spans = time_taken = 0
        for rate in seconds:
            spans += rate
            time_taken += 1
            if spans >= min(MILLION, SPANS / 4):
                break
        return spans / time_taken
    # The last second may be cut off.
    whole = rates[:-1] if len(rates) > 2 else rates
    return first_million(whole), first_million(whole[::-1])


def main():
    spanwire, store_bench = sys.argv[1:]
    scratch = tempfile.mkdtemp(dir=os.environ.get("SPANWIRE_SCRATCH"))
    store = os.path.join(scratch, "spans.db")
    port_file = os.path.join(scratch, "port")
    collector = subprocess.Popen([spanwire, "collect", "--store", store, "--listen", "127.0.0.1:0", "--port-file",
                                  port_file, "--log-level", "warning"])
    try:
        port = wait_for_port(collector, port_file)
        done = subprocess.run(
            [spanwire, "bench", "--to", f"127.0.0.1:{port}", "--total", str(SPANS), "--spread", "10h", "--shared-traces",
             "--connections", str(CONNECTIONS), "--duration", "3600", "--warm-up", "0", "--seed", str(SEED), "--format",
             "json", "--finish", "120"], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"error: bench ended with {done.returncode}")
        load = json.loads(done.stdout)
        settle(collector.pid)
        cpu = cpu_seconds(collector.pid)
        memory = status(collector.pid, "VmHWM")
        collector.terminate()
        collector.wait(300)
    finally:
        if collector.poll() is None:
            collector.kill()
            collector.wait()
    size = sum(os.path.getsize(os.path.join(scratch, name)) for name in os.listdir(scratch) if name.startswith("spans.db"))
    asked = subprocess.run([store_bench, store, str(SEED), str(SPANS // 8)], stdout=subprocess.PIPE, text=True, check=True)
    answers = json.loads(asked.stdout)
    if not os.environ.get("KEEP"):
        shutil.rmtree(scratch)
    else:
        print(f"kept: {store}", file=sys.stderr)

    first, last = edge_rates(load["spansPerSecondBySecond"])

    def latency(name, *keys):
        return " / ".join(f"{answers[name][key]:.2f}" for key in keys)

    rows = [
        ("ingest through TCP, durable acks, spans/s", f"{load['spansPerSecond']:,.0f}", "120,000", "250,000"),
        ("rate of the last million by that of the first", f"{last / first:.2f}", "0.85", ""),
        ("processor seconds of the collector per million spans, compaction included", f"{cpu / SPANS * MILLION:.1f}",
         "10", "6"),
        ("bytes/span on disk, indexes included", f"{size / SPANS:.1f}", "90", "60"),
        ("trace by id, p50 / p99, ms", latency("trace", "p50", "p99"), "1 / 5", "0.3 / 2"),
        ("absent trace, p99, ms", latency("absentTrace", "p99"), "5", "2"),
        ("search in the last hour, p50 / p99, ms", latency("search", "p50", "p99"), "15 / 60", "5 / 20"),
    ]
    if "dependencies" in answers:
        rows.append(("dependency graph over an hour, p50, ms", latency("dependencies", "p50"), "300", "100"))
    rows.append(("peak memory of the collector, MiB", f"{memory:.0f}", "256", "128"))
    now = datetime.datetime.now(datetime.timezone.utc)
    print(f"# Storage, {now:%Y-%m-%d %H:%M} UTC\n")
    print(f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release().split('-')[0]}. {SPANS:,} spans of "
          f"ten hours and {CONNECTIONS} services; load and collector on one machine.\n")
    print("| | measured | must | aim |\n|---|---:|---:|---:|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(f"\n{json.dumps(answers)}")


main()
