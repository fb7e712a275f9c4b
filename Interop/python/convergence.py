"""Reports in any order, some twice, some in parts, the collector killed in between: the store says what the oracle says.

Several senders (spanwire's own client in Tests/ConvergencePeer) report spans, of which many are told while they run and
when they have ended, in parts, in ways that clash, and in copies, shuffled over all batches and senders. The collector is
killed (kill -9) and comes back on the same port and store. In the end the store, as it is and when everything is merged,
is held against the in-memory engine that got each report once and in order. Drawn from one seed.
"""

import argparse
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from collector import Collector


def free_port(rng):
    """A port below those that the system gives to connections, so that nobody takes it while the collector is away."""
    while True:
        port = rng.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Run:
    """One load, its collector, and what was found."""

    def __init__(self, arguments, seed, folder):
        self.arguments, self.rng, self.faults = arguments, random.Random(seed), []
        self.store = os.path.join(folder, "spans.db")
        if os.path.exists(self.store):
            raise SystemExit(f"convergence: there is a {self.store}; name another folder")
        self.collector = Collector(arguments.spanwire, self.store)
        self.collector.arguments = ["--memory-limit", arguments.memory_limit]
        self.load = [str(number) for number in (seed, arguments.base, arguments.spans, arguments.senders)]
        self.peer = os.path.join(os.path.dirname(arguments.spanwire), "convergence-peer")
        self.kills = []

    def send(self):
        """Lets the peer send, and kills the collector when random shares of the load are acknowledged."""
        self.collector.listen_port = free_port(random.SystemRandom())
        self.collector.start()
        kills = self.arguments.kills
        shares = [(number + self.rng.uniform(0.1, 0.9)) / (kills + 0.5) for number in range(kills)]
        total = None
        with subprocess.Popen([self.peer, "send", *self.load, str(self.collector.port)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as sending:
            try:
                for line in sending.stdout:
                    word, _, number = line.strip().partition(" ")
                    if word == "total":
                        total = int(number)
                    elif word == "ready":
                        sending.stdin.close()
                    elif word != "acknowledged":
                        print(f"convergence: {line.strip()}", flush=True)
                    elif shares and int(number) >= shares[0] * total:
                        shares.pop(0)
                        self.kill(int(number))
            except BaseException:
                sending.kill()
                raise
        if sending.returncode != 0:
            self.faults.append(f"the senders ended with {sending.returncode}")
        if shares:
            self.faults.append(f"{len(shares)} kills were left when the senders were done")
        status = self.collector.stop()
        if status != 0:
            self.faults.append(f"the collector ended with {status} after SIGTERM")
        killed = ", ".join(f"{count:,}" for count in self.kills)
        print(f"convergence: {len(self.kills)} kills, when so many reports were acknowledged: {killed}", flush=True)
        self.count(total)

    def kill(self, acknowledged):
        """kill -9 in a moment, and back on the same port and store."""
        time.sleep(self.rng.random() * 0.03)
        self.collector.kill()
        self.kills.append(acknowledged)
        self.collector.start()

    def count(self, total):
        """Batches that were sent again after a kill are in the store once."""
        told = json.loads(subprocess.run(
            [self.arguments.spanwire, "query", "senders", "--store", self.store, "--format", "json"],
            capture_output=True, text=True, check=True, timeout=120).stdout)
        reports = sum(int(one["storedReports"]) for one in told)
        if reports != total:
            self.faults.append(f"{total} reports were sent, the store counts {reports}")

    def compare(self):
        """As it was left, checked, then compacted and checked."""
        as_left = self.store + ".left"
        shutil.copyfile(self.store, as_left)
        for step in ("check", "compact", "check"):
            done = subprocess.run(
                [self.arguments.spanwire, "store", step, self.store], capture_output=True, text=True, timeout=1800)
            if done.returncode != 0:
                self.faults.append(f"store {step}: {done.stdout.splitlines()[:1]} {done.stderr.strip()}")
        done = subprocess.run([self.peer, "compare", *self.load, as_left, self.store], stdout=subprocess.PIPE, text=True)
        for line in done.stdout.splitlines():
            print(f"convergence: {line}", flush=True)
        if done.returncode != 0:
            self.faults.append("the store is not what the oracle has")


def main():
    parser = argparse.ArgumentParser(prog="convergence", description=__doc__.splitlines()[0])
    parser.add_argument("--spanwire", required=True, help="the spanwire executable, convergence-peer beside it")
    parser.add_argument("--spans", type=int, default=300_000, help="at least so many (default 300000)")
    parser.add_argument("--senders", type=int, default=5, help="how many at once (default 5)")
    parser.add_argument("--kills", type=int, default=3, help="how often the collector is killed (default 3)")
    # The smallest: the collector merges little at a time and soon forgets which reports it has seen.
    parser.add_argument("--memory-limit", default="64M", help="of the collector (default 64M)")
    # An hour and a half ago, so that almost all has ended, in two partitions or three.
    parser.add_argument("--base", type=int, default=int(time.time()) - 5400,
                        help="when the first span may start, seconds since 1970 (default 90 minutes ago)")
    parser.add_argument("--folder", help="where to leave store and log; without it they are removed")
    arguments = parser.parse_args()
    seed = int(os.environ.get("SEED") or random.SystemRandom().getrandbits(32))
    print(f"convergence: SEED={seed} --base {arguments.base}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="spanwire-convergence-") as folder:
        run = Run(arguments, seed, arguments.folder or folder)
        try:
            run.send()
            if not run.faults:
                run.compare()
        except (RuntimeError, subprocess.SubprocessError, OSError) as error:
            run.faults.append(f"{type(error).__name__}: {error}")
        finally:
            if run.collector.process and run.collector.process.poll() is None:
                run.collector.kill()
        for fault in run.faults:
            print(f"convergence: SEED={seed}: {fault}", file=sys.stderr)
        if run.faults and os.path.exists(run.store + ".log"):
            with open(run.store + ".log", errors="replace") as log:
                sys.stderr.write(log.read()[-4000:])
    return 1 if run.faults else 0


if __name__ == "__main__":
    sys.exit(main())
