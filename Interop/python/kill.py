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
import threading
import time

from collector import Collector, Store
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from session import Connection, ProtocolFault
from spanwire.transport.v1.transport_pb2 import Batch

SPANS_PER_BATCH = 50


class Sender(threading.Thread):
    """Sends batches until told to end; keeps each until it is acknowledged, resumes after a broken connection."""

    def __init__(self, collector, seed, service):
        super().__init__(daemon=True)
        self.collector, self.service = collector, service
        self.port = None  # of a proxy in front of the collector
        self.pause = 0  # seconds between batches
        self.token, self.padding = "", ""  # to be shown; as an attribute of every span
        self.rng = random.Random(seed)
        self.sender_id = self.rng.randbytes(16)
        self.kept = {}  # sequence → (payload, keys of its spans), not yet acknowledged
        self.sent = set()  # keys of all spans ever sent
        self.acknowledged = set()
        self.sequence = 0
        self.connections = 0
        self.ending = threading.Event()
        self.fault = None

    def make_batch(self):
        self.sequence += 1
        spans, now = [], time.time_ns()
        trace_id = self.rng.randbytes(16)
        padding = [KeyValue(key="padding", value=AnyValue(string_value=self.padding))] if self.padding else []
        for index in range(SPANS_PER_BATCH):
            spans.append(Span(
                trace_id=trace_id, span_id=self.rng.randbytes(7) + b"\x01", name=f"batch {self.sequence} span {index}",
                start_time_unix_nano=now, end_time_unix_nano=now + 1000, attributes=padding))
        name = KeyValue(key="service.name", value=AnyValue(string_value=self.service))
        batch = Batch(sequence=self.sequence, resource_spans=[
            ResourceSpans(resource=Resource(attributes=[name]), scope_spans=[ScopeSpans(spans=spans)])])
        keys = {(trace_id.hex(), span.span_id.hex()) for span in spans}
        self.sent |= keys
        self.kept[self.sequence] = (batch.SerializeToString(), keys)

    def settle(self, sequence):
        """Takes an acknowledgement, by ack or by Welcome, of everything up to `sequence`."""
        for settled in [number for number in self.kept if number <= sequence]:
            self.acknowledged |= self.kept.pop(settled)[1]

    def run(self):
        try:
            while not self.one_connection():
                time.sleep(0.01 + self.rng.random() * 0.05)
        except (ProtocolFault, ValueError) as fault:
            self.fault = fault

    def one_connection(self):
        """Returns whether everything is acknowledged and the sender is to end."""
        try:
            connection = Connection(
                "127.0.0.1", self.port or self.collector.port, self.sender_id, "spanwire-kill/1", self.token)
            self.connections += 1
            self.settle(connection.stored_sequence)
            for sequence in sorted(self.kept):
                connection.send(sequence, self.kept[sequence][0])
            while not self.ending.is_set():
                self.make_batch()
                connection.send(self.sequence, self.kept[self.sequence][0])
                self.settle(connection.acknowledged)
                if self.pause:
                    time.sleep(self.pause)
                while len(connection.outstanding) > 8:
                    self.settle(connection.read_ack().sequence)
            while connection.outstanding:
                self.settle(connection.read_ack().sequence)
            connection.finish()
            return True
        except OSError:
            return False
        except ProtocolFault as fault:
            # A collector that stops or is overloaded asks to be left alone for a while; everything else is a fault.
            if fault.go_away is not None and fault.go_away.retry_after_ms:
                return False
            raise


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
