"""Real processes under real faults: what was acknowledged must be stored, once, and what was lost must be told.

Each scenario starts a collector and senders (spanwire's own client by `spanwire bench`, and an independent one in Python
that knows the ids of its spans), does something bad to them for a while, lets them finish, and holds the store against
what the senders say. Drawn from one seed.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from collector import Collector, Store
from crowd import Crowd
from paced import PacedSender
from proxy import Proxy
from sender import Sender

SERVICES = ("checkout", "cart", "payment", "catalog", "shipping", "frontend")


class Bench:
    """`spanwire bench` as a sender of its own process: at a rate, to a port, for some seconds."""

    def __init__(self, spanwire, port, seconds, rate=4000, prefix=(), host="127.0.0.1", arguments=()):
        self.process = subprocess.Popen(
            [*prefix, spanwire, "bench", "--to", f"{host}:{port}", "--rate", str(rate), "--connections", "3",
             "--batch", "64", "--duration", str(seconds), "--warm-up", "0", "--finish", "120", "--format", "json",
             *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def signal(self, number):
        self.process.send_signal(number)

    def result(self):
        """(reported, acknowledged, dropped, words): what became of its spans."""
        output, words = self.process.communicate(timeout=400)
        if not output:
            raise RuntimeError(f"bench ended with {self.process.returncode}: {words.strip()[-400:]}")
        spans = json.loads(output)["spans"]
        return spans, words


class Trial:
    """One scenario's folder, collector, senders and tally."""

    def __init__(self, name, arguments, seed, folder):
        self.name, self.spanwire, self.rng = name, arguments.spanwire, random.Random(f"{seed} {name}")
        self.seconds, self.folder = arguments.seconds, folder
        self.store = os.path.join(folder, "spans.db")
        self.collector = Collector(self.spanwire, self.store)
        self.senders, self.benches, self.notes, self.faults = [], [], [], []

    def start(self, senders=2, benches=1, port=None, rate=None, arguments=()):
        """Starts the collector, then senders in Python and benches, which go to `port` (the collector's if None)."""
        # What a long trial piles up has to be delivered in the end.
        rate = rate or (4000 if self.seconds <= 60 else 1500)
        self.collector.start()
        for index in range(senders):
            sender = Sender(self.collector, self.rng.getrandbits(64), f"faults-{index}")
            sender.port = port
            # All keys are kept until the end, so a long trial takes fewer.
            sender.pause = 0 if self.seconds <= 60 else 0.1
            sender.start()
            self.senders.append(sender)
        for _ in range(benches):
            self.benches.append(
                Bench(self.spanwire, port or self.collector.port, self.seconds, rate, arguments=arguments))

    def until_over(self):
        """Yields as long as the trouble is to last."""
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            yield
        for sender in self.senders:
            sender.ending.set()

    def finish(self):
        """Lets everything end, then compares. Returns (row, faults)."""
        faults = list(self.faults)
        sent = acknowledged = dropped = 0
        for sender in self.senders:
            sender.ending.set()
        for bench in self.benches:
            spans, words = bench.result()
            sent += spans["reported"]
            acknowledged += spans["stored"]
            dropped += spans["dropped"]
            if spans["rejected"] or spans["pending"]:
                faults.append(f"bench: {spans['rejected']} rejected, {spans['pending']} pending: {words.strip()}")
        known = acknowledged
        for sender in self.senders:
            sender.join(180)
            if sender.fault or sender.is_alive():
                faults.append(f"{sender.service}: {sender.fault or 'did not end'}")
            sent += len(sender.sent)
            acknowledged += len(sender.acknowledged)
        status = self.collector.stop()
        if status != 0:
            faults.append(f"the collector ended with {status} after SIGTERM")
        ids = Store(self.store).ids()

        def stored_by(prefix):
            return (key for service, keys in ids.items() if service.startswith(prefix) for key, _ in keys)

        # What a hostile crowd got stored is nobody's: its spans have no service.
        total = sum(len(keys) for service, keys in ids.items() if service)
        peer = getattr(self, "peer", None)
        if peer:
            stored = {int.from_bytes(key[16:], "big") for key in stored_by("spooler")}
            lost = peer.reported - stored
            if lost:
                faults.append(f"{len(lost)} spans of the killed service are lost, such as {min(lost)}")
            # Those that were on disk when it was killed, before it could say so, are stored too.
            sent += len(stored)
            acknowledged += len(stored)
        from_benches = 0
        for service in SERVICES:
            from_benches += sum(1 for _ in stored_by(service))
        if from_benches != known:
            faults.append(f"bench has {known} spans acknowledged, {from_benches} are stored")
        for sender in self.senders:
            stored = {(key[:16].hex(), key[16:].hex()) for key in stored_by(sender.service)}
            missing, strangers = sender.acknowledged - stored, stored - sender.sent
            if missing or strangers or sender.acknowledged != sender.sent:
                faults.append(
                    f"{sender.service}: {len(missing)} acknowledged spans are missing, {len(strangers)} were never sent, "
                    f"{len(sender.sent - sender.acknowledged)} were never acknowledged")
        told = json.loads(subprocess.run(
            [self.spanwire, "query", "senders", "--store", self.store, "--format", "json"], capture_output=True,
            text=True, check=True, timeout=120).stdout)
        reports = sum(int(one["storedReports"]) for one in told if one["agent"] != "crowd")
        told_dropped = sum(int(count) for one in told for count in one["dropped"].values())
        duplicates = reports - total
        if duplicates:
            faults.append(f"{duplicates} reports were stored twice")
        if told_dropped != dropped:
            faults.append(f"senders dropped {dropped} spans, the store knows of {told_dropped}")
        if sent != total + dropped:
            faults.append(f"{sent} sent, {total} stored and {dropped} dropped")
        check = subprocess.run(
            [self.spanwire, "store", "check", self.store], capture_output=True, text=True, timeout=600)
        if check.returncode != 0:
            faults.append(f"the store is damaged: {check.stdout.splitlines()[:1]} {check.stderr.strip()}")
        return (self.name, sent, acknowledged, dropped, total, duplicates, ", ".join(self.notes)), faults

    def abandon(self):
        """Ends what still runs, after a failure."""
        for bench in self.benches:
            if bench.process.poll() is None:
                bench.process.kill()
        if self.collector.process and self.collector.process.poll() is None:
            self.collector.process.send_signal(signal.SIGCONT)
            self.collector.kill()


class SpoolPeer:
    """A service with a spool (Tests/SpoolPeer), killed and started again on the same directory, over and over."""

    TRACE = 4711

    def __init__(self, executable, folder):
        self.executable, self.folder = executable, folder
        self.reported, self.next, self.kills, self.process = set(), 1, 0, None

    def start(self, port, count=0):
        self.process = subprocess.Popen(
            [self.executable, str(port), str(self.TRACE), str(self.next), str(count), os.path.join(self.folder, "spool")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def kill(self):
        """kill -9; what it had said is what had been reported."""
        self.process.send_signal(signal.SIGKILL)
        self.take()
        self.kills += 1

    def take(self):
        output, words = self.process.communicate(timeout=120)
        lines = output.split("\n")
        # Killed inside a line, it had not said it.
        numbers = [int(line) for line in lines[:-1] if line.isdigit()]
        self.reported.update(numbers)
        # A span whose report had not returned may be there or not; its number is not used again.
        self.next = max(self.reported, default=0) + 100
        return lines, words


class Skip(Exception):
    """This machine does not allow the scenario; the words say why."""


def collector_killed(trial):
    """kill -9 of the collector, as often as time allows; it comes back on the same store and another port."""
    proxy = Proxy(lambda: trial.collector.port, trial.rng.getrandbits(64))
    trial.start(port=proxy.port)
    kills = 0
    for _ in trial.until_over():
        time.sleep(trial.rng.choice((0.05, 0.3, 0.8)) * trial.rng.random())
        trial.collector.kill()
        trial.collector.start()
        kills += 1
    trial.notes.append(f"{kills} kills")
    return proxy


def collector_stopped(trial):
    """SIGSTOP of the collector for a while, again and again."""
    trial.start()
    stops = 0
    for _ in trial.until_over():
        time.sleep(trial.rng.random())
        trial.collector.process.send_signal(signal.SIGSTOP)
        time.sleep(trial.rng.random() * 2)
        trial.collector.process.send_signal(signal.SIGCONT)
        stops += 1
    trial.notes.append(f"{stops} stops")


def sender_stopped(trial):
    """SIGSTOP of a sender for a while, again and again; the others go on."""
    trial.start(benches=2)
    stops = 0
    for _ in trial.until_over():
        bench = trial.rng.choice(trial.benches)
        if bench.process.poll() is None:
            bench.signal(signal.SIGSTOP)
            time.sleep(trial.rng.random() * 2)
            bench.signal(signal.SIGCONT)
            stops += 1
        time.sleep(trial.rng.random())
    trial.notes.append(f"{stops} stops")


def connections_cut(trial):
    """A proxy cuts every connection after some bytes, in the middle of a frame or an ack."""
    proxy = Proxy(lambda: trial.collector.port, trial.rng.getrandbits(64), cut_after=(1, 200_000))
    trial.start(port=proxy.port)
    for _ in trial.until_over():
        time.sleep(0.2)
    # The last acks have to arrive at some time.
    proxy.cut_after = None
    trial.notes.append(f"{proxy.cuts} cuts in {proxy.connections} connections")
    return proxy


def slow_readers(trial):
    """Acks reach the senders at a trickle, while other senders are served at full speed; queues overflow and tell."""
    proxy = Proxy(lambda: trial.collector.port, trial.rng.getrandbits(64), bytes_per_second=200)
    trial.start(port=proxy.port, rate=20_000, arguments=["--when-full", "drop-oldest", "--queue-spans", "4000"])
    trial.benches.append(Bench(trial.spanwire, trial.collector.port, trial.seconds, 4000))
    for _ in trial.until_over():
        time.sleep(0.2)
    proxy.bytes_per_second = None
    return proxy


def collector_away(trial):
    """The collector is away for some seconds at a time; small queues drop, and the drops are told when it is back."""
    proxy = Proxy(lambda: trial.collector.port, trial.rng.getrandbits(64))
    trial.start(senders=1, port=proxy.port, rate=8000,
                arguments=["--when-full", "drop-newest", "--queue-spans", "2000"])
    stops = 0
    for _ in trial.until_over():
        time.sleep(0.5 + trial.rng.random())
        if trial.collector.stop() != 0:
            trial.notes.append("did not end in order")
        time.sleep(trial.rng.random() * 2)
        trial.collector.start()
        stops += 1
    trial.notes.append(f"{stops} restarts")
    return proxy


def disk_full(trial):
    """The store's disk, a small tmpfs, fills up and is cleared again."""
    disk = os.path.join(trial.folder, "disk")
    os.mkdir(disk)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        raise Skip(f"no tmpfs can be mounted: {mounted.stderr.strip()}")
    trial.disk = disk
    trial.store = trial.collector.store = os.path.join(disk, "spans.db")
    trial.start()
    fills = 0
    for _ in trial.until_over():
        time.sleep(trial.rng.random())
        with open(os.path.join(disk, "ballast"), "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(1 << 16))
            except OSError:
                fills += 1
        time.sleep(1 + trial.rng.random())
        os.remove(os.path.join(disk, "ballast"))
        time.sleep(0.5)
    trial.notes.append(f"full {fills} times")


def bad_network(trial):
    """Collector and sender in network namespaces of their own, with loss, delay and jitter between them; where the kernel
    has no netem, the cable is pulled and plugged in again."""
    tag = f"{os.getpid() % 10_000}"
    names = [f"spanwire-c{tag}", f"spanwire-s{tag}"]

    def run(*words):
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip(f"{' '.join(words[:3])}: {done.stderr.strip()}")

    trial.namespaces = names
    try:
        for name in names:
            run("ip", "netns", "add", name)
        run("ip", "link", "add", f"swc{tag}", "netns", names[0], "type", "veth", "peer", "name", f"sws{tag}", "netns",
            names[1])
        for name, link, address in ((names[0], f"swc{tag}", "10.77.0.1/24"), (names[1], f"sws{tag}", "10.77.0.2/24")):
            run("ip", "-n", name, "address", "add", address, "dev", link)
            run("ip", "-n", name, "link", "set", link, "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
        netem = all(subprocess.run(
            ["ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", link, "root", "netem", "loss", "3%", "delay",
             "15ms", "10ms"], capture_output=True).returncode == 0
            for name, link in ((names[0], f"swc{tag}"), (names[1], f"sws{tag}")))
    except FileNotFoundError as missing:
        raise Skip(f"{missing.filename} is not installed") from missing
    trial.collector.prefix = ["ip", "netns", "exec", names[0]]
    trial.collector.host = "10.77.0.1"
    trial.collector.start()
    trial.benches.append(Bench(
        trial.spanwire, trial.collector.port, trial.seconds, prefix=["ip", "netns", "exec", names[1]],
        host="10.77.0.1"))
    pulls = 0
    for _ in trial.until_over():
        time.sleep(0.2 + trial.rng.random())
        if not netem:
            run("ip", "-n", names[0], "link", "set", f"swc{tag}", "down")
            time.sleep(trial.rng.random() * 2)
            run("ip", "-n", names[0], "link", "set", f"swc{tag}", "up")
            pulls += 1
    trial.notes.append("3 % loss, 15 ms ± 10 ms" if netem else f"cable pulled {pulls} times")


def sender_killed(trial):
    """kill -9 of a service with a spool, with and without a collector; the next start sends what it had reported."""
    peer = os.path.join(os.path.dirname(trial.spanwire), "spool-peer")
    if not os.access(peer, os.X_OK):
        raise Skip(f"{peer} is not built")
    trial.start(senders=1, benches=0)
    trial.peer = service = SpoolPeer(peer, trial.folder)
    for _ in trial.until_over():
        # A port at which nobody listens: its spans pile up on disk.
        service.start(trial.collector.port if trial.rng.random() < 0.6 else 1)
        time.sleep(0.05 + trial.rng.random() * 0.5)
        service.kill()
    service.start(trial.collector.port, count=1)
    lines, words = service.take()
    if service.process.returncode != 0:
        raise RuntimeError(f"the last start ended with {service.process.returncode}: {lines[-2:]} {words[-400:]}")
    trial.notes.append(f"{service.kills} kills, {len(service.reported)} spans reported to the spool")


def hostile_crowd(trial):
    """A thousand idle connections, and others with parts of frames, bombs, tiny and huge spans and garbage, while honest
    senders deliver; the collector's memory stays within a fifth of its limit."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if descriptors != resource.RLIM_INFINITY and descriptors < 2500:
        raise Skip(f"a thousand connections take 2,500 descriptors on both sides, and the hard limit is {descriptors}")
    limit = 256 << 20
    trial.collector.arguments = ["--memory-limit", str(limit), "--log-level", "error"]
    trial.start(senders=1)
    crowd = Crowd(trial.collector.port, trial.rng.getrandbits(64))
    for _ in trial.until_over():
        time.sleep(0.2)
    crowd.stop()
    peak = trial.collector.peak()
    told = ", ".join(f"{code} {count}" for code, count in sorted(crowd.told.items()))
    trial.notes.append(f"{crowd.opened} connections, peak memory {peak >> 20} MiB of {limit >> 20}; {told}")
    if peak > limit * 1.2:
        raise RuntimeError(f"the collector took {peak >> 20} MiB, its limit is {limit >> 20}")


class Stallers:
    """`stallers.py` as a process of its own, so that it takes no time from those that measure."""

    def __init__(self, *arguments):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stallers.py")
        self.process = subprocess.Popen(
            [sys.executable, program, *map(str, arguments)], stdout=subprocess.PIPE, text=True)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return json.loads(self.process.communicate(timeout=60)[0])


# Who attacks: arguments of stallers.py. The token is added for all but strangers.
STALLS = {
    "largest": ["--count", 60],
    "1 MiB": ["--count", 600, "--frame-bytes", 1 << 20],
    "small": ["--count", 600, "--frame-bytes", 60_000],
    "trickled": ["--count", 60, "--trickle"],
    "slow": ["--count", 60, "--bytes-per-second", 100_000],
    "own ids": ["--count", 60, "--identity", "own"],
    "one id": ["--count", 60, "--identity", "same"],
    "unix": ["--count", 60, "--unix"],
    "hello": ["--count", 600, "--hello-bytes", 60_000],
    "no token": ["--count", 60],
}
STRANGERS = ("hello", "no token")


def stalled_frames(trial, limit, short):
    """Crowds that begin frames and do not complete them, one kind after the other, beside a sender of small batches and one
    of batches of 1 MiB: the first keeps its rate and its acks come soon, the other goes on."""
    token = "a-token-of-the-fault-tests"
    tokens, socket = os.path.join(trial.folder, "tokens"), os.path.join(trial.folder, "socket")
    with open(tokens, "w") as file:
        os.chmod(tokens, 0o600)
        file.write(token + "\n")
    trial.collector.arguments = [
        "--memory-limit", str(limit), "--token-file", tokens, "--listen", f"unix:{socket}", "--log-level", "error"]
    trial.start(senders=0, benches=0)
    is_short = trial.seconds < 10
    seconds = max(trial.seconds, 4)
    small = PacedSender(trial.collector, trial.rng.getrandbits(64), "faults-small", 1 / 18, token=token)
    large = PacedSender(trial.collector, trial.rng.getrandbits(64), "faults-large", 0.5, token=token, padding=20_600)
    trial.senders += [small, large]
    for sender in (small, large):
        sender.start()
    time.sleep(1)
    rate, faults = None, []
    # A short trial, with few acks and on a machine that does other things, is held to less.
    least, most = (0.6, 2) if is_short else (0.8, 1)
    for kind in [None] + (short if is_short else list(STALLS)):
        crowd, told = None, {}
        if kind:
            arguments = ["--unix", socket, *STALLS[kind][:-1]] if kind == "unix" else [
                "--port", trial.collector.port, *STALLS[kind]]
            crowd = Stallers(*arguments, *([] if kind in STRANGERS else ["--token", token]))
            time.sleep(1)
        for sender in (small, large):
            sender.begin()
        time.sleep(seconds)
        measured, other = small.measure(), large.measure()
        if crowd:
            told = crowd.stop()
        rate = rate or measured.rate
        print(f"  {kind or 'nobody':10} {measured} | 1 MiB: {other} | peak memory {trial.collector.peak() >> 20} MiB"
              f" | {told}", file=sys.stderr, flush=True)
        trial.notes.append(f"{kind or 'nobody'} {measured.rate:.0f}/s {measured.p99 * 1000:.0f} ms")
        if measured.rate < rate * least or measured.p99 > most:
            faults.append(f"beside {kind or 'nobody'}: {measured}, {rate:.0f}/s without")
        if other.acks < max(seconds // 5, 1):
            faults.append(f"beside {kind or 'nobody'}: the sender of 1 MiB has {other}")
    peak = trial.collector.peak()
    trial.notes.append(f"peak memory {peak >> 20} MiB of {limit >> 20}")
    if peak > limit * 1.2:
        faults.append(f"the collector took {peak >> 20} MiB, its limit is {limit >> 20}")
    trial.faults += faults


def stalled_frames_2g(trial):
    """The default limit."""
    stalled_frames(trial, 2 << 30, ["largest"])


def stalled_frames_64m(trial):
    """The least limit."""
    stalled_frames(trial, 64 << 20, ["largest", "1 MiB"])


SCENARIOS = {
    "collector-killed": collector_killed, "collector-stopped": collector_stopped, "sender-stopped": sender_stopped,
    "sender-killed": sender_killed,
    "collector-away": collector_away, "connections-cut": connections_cut, "slow-readers": slow_readers,
    "disk-full": disk_full, "bad-network": bad_network,
    "hostile-crowd": hostile_crowd,
    "stalled-frames": stalled_frames_2g, "stalled-frames-64m": stalled_frames_64m,
}


def run(name, arguments, seed):
    """Returns (row or None, faults)."""
    with tempfile.TemporaryDirectory(prefix="spanwire-faults-") as folder:
        trial = Trial(name, arguments, seed, folder)
        proxy = None
        try:
            proxy = SCENARIOS[name](trial)
            row, faults = trial.finish()
            if faults:
                with open(trial.store + ".log", errors="replace") as log:
                    sys.stderr.write(log.read()[-4000:])
            return row, faults
        except Skip as reason:
            print(f"faults: {name} is left out: {reason}", file=sys.stderr)
            return None, []
        except (RuntimeError, subprocess.SubprocessError, OSError) as error:
            return None, [f"{type(error).__name__}: {error}"]
        finally:
            trial.abandon()
            if proxy:
                proxy.close()
            if getattr(trial, "disk", None):
                subprocess.run(["umount", "-l", trial.disk], capture_output=True)
            for namespace in getattr(trial, "namespaces", ()):
                if shutil.which("ip"):
                    subprocess.run(["ip", "netns", "delete", namespace], capture_output=True)


def main():
    parser = argparse.ArgumentParser(prog="faults", description=__doc__.splitlines()[0])
    parser.add_argument("--spanwire", required=True, help="the spanwire executable")
    parser.add_argument("--seconds", type=int, default=20, help="how long each scenario's trouble lasts (default 20)")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS), help=f"of {', '.join(SCENARIOS)} (default all)")
    arguments = parser.parse_args()
    names = arguments.scenarios.split(",")
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        parser.error(f"no scenario is called {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    seed = int(os.environ.get("SEED") or random.SystemRandom().getrandbits(32))
    print(f"faults: SEED={seed}", file=sys.stderr)
    heads = ("scenario", "sent", "acknowledged", "dropped", "stored", "duplicate", "")
    print(f"{heads[0]:18}" + "".join(f"{head:>14}" for head in heads[1:6]))
    failed = False
    for name in names:
        row, faults = run(name, arguments, seed)
        if row:
            print(f"{row[0]:18}" + "".join(f"{value:>14,}" for value in row[1:6]) + f"  {row[6]}", flush=True)
        for fault in faults:
            failed = True
            print(f"faults: SEED={seed}: {name}: {fault}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
