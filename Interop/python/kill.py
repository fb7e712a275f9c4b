"""Kills the collector at random moments under load and looks for what it had acknowledged.

A collector is started, several senders write to it, it is killed (kill -9), started again on the same store, and the
senders resume. In the end every acknowledged span must be stored, every span once. Drawn from one seed.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time

from collector import Collector, Store
from sender import Sender


def look(senders, path):
    """Every acknowledged span is stored, none twice, none that was never sent. Returns faults."""
    faults, store = [], Store(path)
    for sender in senders:
        stored = [(trace_id, span_id) for trace_id, span_id, *_ in store.spans(sender.service)]
        twice, strangers = len(stored) - len(set(stored)), set(stored) - sender.sent
        missing = sender.acknowledged - set(stored)
        if twice or strangers or missing:
            faults.append(f"{sender.service}: {len(missing)} acknowledged spans are missing, {twice} are there twice, "
                          f"{len(strangers)} were never sent")
        if sender.acknowledged != sender.sent:
            faults.append(f"{sender.service}: {len(sender.sent - sender.acknowledged)} spans were never acknowledged")
    return faults


def ask(spanwire, senders, path):
    """The store counts each span once, before and after everything is merged, and finds nothing wrong with itself."""
    faults = []
    for step in ("check", "compact", "check"):
        done = subprocess.run([spanwire, "store", step, path], capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            faults.append(f"store {step}: {done.stdout.splitlines()[:1]} {done.stderr.strip()}")
        told = json.loads(subprocess.run(
            [spanwire, "query", "services", "--store", path, "--format", "json"], capture_output=True, text=True,
            check=True, timeout=600).stdout)
        counts = {one["service"]: int(one["spans"]) for one in told}
        for sender in senders:
            if counts.get(sender.service, 0) != len(sender.sent):
                faults.append(f"{sender.service}: {len(sender.sent)} sent, the store counts "
                              f"{counts.get(sender.service, 0)} at {step}")
    return faults


def main():
    parser = argparse.ArgumentParser(prog="kill", description=__doc__.splitlines()[0])
    parser.add_argument("--spanwire", required=True, help="the spanwire executable")
    parser.add_argument("--kills", type=int, default=20, help="how often (default 20)")
    parser.add_argument("--senders", type=int, default=3, help="how many at once (default 3)")
    arguments = parser.parse_args()

    seed = int(os.environ.get("SEED") or random.SystemRandom().getrandbits(32))
    print(f"kill: SEED={seed}", file=sys.stderr)
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="spanwire-kill-") as folder:
        store = os.path.join(folder, "spans.db")
        collector = Collector(arguments.spanwire, store)
        collector.start()
        senders = [Sender(collector, rng.getrandbits(64), f"kill-{index}") for index in range(arguments.senders)]
        for sender in senders:
            sender.start()
        for _ in range(arguments.kills):
            # From "barely connected" to "many batches under way".
            time.sleep(rng.choice((0.0, 0.05, 0.3, 1.0)) * rng.random())
            collector.kill()
            collector.start()
        for sender in senders:
            sender.ending.set()
        for sender in senders:
            sender.join(120)
        faults = [f"{sender.service}: {sender.fault or 'did not end'}" for sender in senders
                  if sender.fault or sender.is_alive()]
        status = collector.stop()
        if status != 0:
            faults.append(f"the collector ended with {status} after SIGTERM")
        faults += look(senders, store)
        faults += ask(arguments.spanwire, senders, store)
        for fault in faults:
            print(f"kill: SEED={seed}: {fault}", file=sys.stderr)
        if faults:
            with open(store + ".log", errors="replace") as log:
                sys.stderr.write(log.read()[-4000:])
            return 1
        print(f"kill: {arguments.kills} kills, {sum(sender.connections for sender in senders)} connections, "
              f"{sum(len(sender.acknowledged) for sender in senders)} spans acknowledged and each stored once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
