"""Delivers many spans in hostile ways and then looks for each of them: once, and only the good ones.

Some batches are sent again after broken connections, some spans again under new sequences, some spans have ids that
are none, some strings are no UTF-8, and the bytes come in chunks of any size. Everything is drawn from one seed.
"""

import argparse
import os
import random
import sys
import time

from collector import Store, queried_span_ids
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from session import BATCH, Connection, ProtocolFault, frame
from spanwire.transport.v1.transport_pb2 import Batch

SERVICE = "conformance-"
# google.protobuf takes no text that is not UTF-8, so the bytes on the right take the place of a text of their length
# after encoding.
NOT_UTF8 = {
    "~no-utf8~0~": b"\xff" * 11,
    "~no-utf8~1~": b"abc\xc3\x28efghij",
    "~no-utf8~2~": b"ab\xed\xa0\x80fghijk",
    "~no-utf8~3~": b"cut short \xf0",
    "~no-utf8~4~": b"\xc0\xafoverlong",
}
NOT_UTF8 = {text.encode(): (bad + b"!")[:len(text)] for text, bad in NOT_UTF8.items()}


class ChunkedConnection(Connection):
    """Writes in chunks of random size, glues frames together, and holds acks against what was sent."""

    def __init__(self, rng, load, *arguments):
        self.rng, self.load = rng, load
        self.held = b""
        self.again = set()  # sequences that may have been stored before: who is told of their faults is open
        self.faults = []
        super().__init__(*arguments)

    def write(self, data):
        data, self.held = self.held + data, b""
        if data[:1] == bytes([BATCH]) and self.rng.random() < 0.2:
            # The end of this frame goes out with what comes next, or when an ack is waited for.
            cut = self.rng.randrange(1, len(data))
            data, self.held = data[:cut], data[cut:]
        style = self.rng.random()
        position = 0
        while position < len(data):
            if style < 0.3:
                size = len(data)
            elif style < 0.6:
                size = self.rng.randint(1, 4096)
            elif style < 0.9 or len(data) > 20_000:
                size = self.rng.choice((1, 4, 5, 6, 1000, 65_536))
            else:
                size = self.rng.randint(1, 40)
            self.socket.sendall(data[position:position + size])
            position += size

    def read_exactly(self, count):
        held, self.held = self.held, b""
        self.socket.sendall(held)
        return super().read_exactly(count)

    def read_ack(self):
        before, rejected_before = [sequence for sequence, _ in self.outstanding], self.rejected
        ack = super().read_ack()
        covered = [sequence for sequence in before if sequence <= ack.sequence]
        held, told = sum(self.load.bad_in[sequence] for sequence in covered), self.rejected - rejected_before
        if told != held and self.again.isdisjoint(covered):
            self.faults.append(f"batches {covered[:5]} hold {held} malformed spans, their ack says {told}")
        return ack

    def break_off(self, leftover):
        """Ends the connection in one of the ways that networks have, half the time within a frame."""
        if self.rng.random() < 0.5:
            part = frame(BATCH, leftover)
            self.write(part[:self.rng.randrange(1, len(part))])
        if self.rng.random() < 0.5:
            self.abort()
        else:
            self.socket.close()


class Load:
    """The spans: which, in which batches, and what is wrong with them."""

    def __init__(self, rng, count):
        self.rng = rng
        self.run = f"{SERVICE}{rng.getrandbits(32):08x}"
        self.good = {}  # (trace id, span id) in hex → number of the span
        self.repaired = set()
        self.bad_in = {}  # sequence → how many malformed spans the batch holds
        self.batches = []  # (sequence, payload)
        self.base = time.time_ns() - 3_600_000_000_000
        self.make(count)

    def make(self, count):
        rng, sequence, number, trace_id = self.rng, 0, 0, b""
        kept = []
        while number < count:
            sequence += 1 if rng.random() < 0.97 else rng.randint(2, 9)
            spans, bad = [], 0
            for _ in range(min(rng.choice((1, 7, 60, 200, 512)), count - number)):
                if number % 200 == 0:
                    trace_id = rng.randbytes(16)
                spans.append(self.span(number, trace_id))
                number += 1
                if rng.random() < 0.02:
                    spans.append(self.malformed(trace_id))
                    bad += 1
            rng.shuffle(spans)
            self.add(sequence, spans, bad)
            if rng.random() < 0.1:
                kept.append((spans, bad))
            if kept and rng.random() < 0.1:
                # The same spans under a new sequence, much later and in another order.
                spans, bad = kept.pop(rng.randrange(len(kept)))
                rng.shuffle(spans)
                sequence += 1
                self.add(sequence, spans, bad)

    def add(self, sequence, spans, bad):
        cut = self.rng.randint(0, len(spans))
        scopes = [ScopeSpans(spans=part) for part in (spans[:cut], spans[cut:]) if part]
        name = KeyValue(key="service.name", value=AnyValue(string_value=self.run))
        batch = Batch(sequence=sequence, resource_spans=[
            ResourceSpans(resource=Resource(attributes=[name]), scope_spans=scopes)])
        payload = batch.SerializeToString()
        for text, bytes_instead in NOT_UTF8.items():
            payload = payload.replace(text, bytes_instead)
        self.bad_in[sequence] = bad
        self.batches.append((sequence, payload))

    def span(self, number, trace_id):
        rng = self.rng
        span_id = rng.randbytes(7) + b"\x01"
        start = self.base + number * 1_000_000
        span = Span(
            trace_id=trace_id, span_id=span_id, name=f"operation {number}", kind=rng.randrange(6),
            start_time_unix_nano=start, end_time_unix_nano=start + rng.randrange(1, 10**9),
            attributes=[KeyValue(key="conformance.number", value=AnyValue(int_value=number)),
                        KeyValue(key="text", value=AnyValue(string_value="Größe " * rng.randrange(4)))])
        key = (trace_id.hex(), span_id.hex())
        self.good[key] = number
        where = rng.random()
        if where < 0.005:
            span.name = f"{rng.choice(list(NOT_UTF8)).decode()} {number}"
        elif where < 0.01:
            broken = AnyValue(string_value=rng.choice(list(NOT_UTF8)).decode())
            span.attributes.append(KeyValue(key="broken", value=broken))
        if where < 0.01:
            self.repaired.add(key)
        return span

    def malformed(self, trace_id):
        rng = self.rng
        span = Span(trace_id=trace_id, span_id=rng.randbytes(8), name="malformed", start_time_unix_nano=self.base,
                    end_time_unix_nano=self.base + 1)
        which = rng.randrange(6)
        if which == 0:
            span.trace_id = b""
        elif which == 1:
            span.trace_id = rng.randbytes(rng.choice((1, 8, 15, 17, 32)))
        elif which == 2:
            span.trace_id = bytes(16)
        elif which == 3:
            span.span_id = b""
        elif which == 4:
            span.span_id = rng.randbytes(rng.choice((1, 7, 9, 16)))
        else:
            span.span_id = bytes(8)
        return span


class Delivery:
    """Sends a load over as many connections as it takes."""

    def __init__(self, arguments, rng, load):
        self.arguments, self.rng, self.load = arguments, rng, load
        self.sender_id = rng.randbytes(16)
        self.position = 0  # of the next batch to send
        self.connections = 0
        self.resent = set()
        self.faults = []
        self.repairs_told = 0

    def run(self):
        while not self.one_connection():
            pass
        if self.load.repaired and not self.repairs_told:
            self.faults.append("strings were repaired and no ack said so")

    def one_connection(self):
        """Connects, goes on where the collector is, and breaks off at random. Returns whether all is acknowledged."""
        rng, batches, arguments = self.rng, self.load.batches, self.arguments
        connection = ChunkedConnection(
            rng, self.load, arguments.host, arguments.port, self.sender_id, "spanwire-conformance/1", arguments.token)
        self.connections += 1
        connection.again = self.resent
        if connection.stored_sequence > max([0] + [sequence for sequence, _ in batches[:self.position]]):
            self.faults.append(f"stored_sequence {connection.stored_sequence} was never sent")
        while self.position > 0 and batches[self.position - 1][0] > connection.stored_sequence:
            self.position -= 1
            self.resent.add(batches[self.position][0])
        if self.position > 0 and rng.random() < 0.3:
            # One that is stored comes once more.
            self.resent.add(batches[self.position - 1][0])
            connection.send(*batches[self.position - 1])
        length = len(batches) if self.connections > arguments.breaks else rng.randint(
            1, max(2, 2 * len(batches) // max(1, arguments.breaks)))
        for sequence, payload in batches[self.position:self.position + length]:
            connection.send(sequence, payload)
            self.position += 1
        done = self.position == len(batches)
        if done:
            connection.finish()
        else:
            connection.break_off(batches[self.position][1])
        self.faults += connection.faults
        self.repairs_told += len(connection.warnings)
        return done


def check_sqlite(load, path):
    """Every good span once, no other one. Returns faults."""
    faults, seen = [], set()
    for trace_id, span_id, _, name, attributes in Store(path).spans(load.run):
        key = (trace_id, span_id)
        number = load.good.get(key)
        if number is None:
            faults.append(f"stored and never sent, or malformed: {key} {name!r}")
        elif key in seen:
            faults.append(f"stored twice: {key}")
        elif not name.endswith(str(number)):
            faults.append(f"span {number} has the name {name!r}")
        elif key in load.repaired and "\ufffd" not in name and "broken" not in str(attributes):
            faults.append(f"span {number} had a string that is no UTF-8, and nothing tells of it: {name!r}")
        seen.add(key)
    missing = load.good.keys() - seen
    faults += [f"not stored: span {load.good[key]} {key}" for key in sorted(missing)[:5]]
    if missing:
        faults.append(f"{len(missing)} of {len(load.good)} spans are missing")
    return faults


def check_query(load, spanwire, path, traces):
    """What `spanwire query trace` shows of so many traces. Returns faults."""
    by_trace = {}
    for trace_id, span_id in load.good:
        by_trace.setdefault(trace_id, []).append(span_id)
    faults = []
    for trace_id in sorted(by_trace)[:traces]:
        shown = sorted(queried_span_ids(spanwire, path, trace_id))
        if shown != sorted(by_trace[trace_id]):
            faults.append(f"query trace {trace_id} shows {len(shown)} spans, {len(by_trace[trace_id])} were sent")
    return faults


def main():
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="where the collector listens")
    parser.add_argument("--store", required=True, help="the collector's SQLite file")
    parser.add_argument("--spanwire", required=True, help="the spanwire executable, to query with")
    parser.add_argument("--spans", type=int, default=100_000, help="good spans (default 100000)")
    parser.add_argument("--breaks", type=int, default=30, help="about how many connections to break (default 30)")
    parser.add_argument("--traces", type=int, default=10**9, help="how many traces to query (default all)")
    parser.add_argument("--token", default="", help="bearer token")
    arguments = parser.parse_args()

    seed = int(os.environ.get("SEED") or random.SystemRandom().getrandbits(32))
    print(f"conformance: SEED={seed}", file=sys.stderr)
    rng = random.Random(seed)
    load = Load(rng, arguments.spans)
    print(f"conformance: {len(load.good)} good and {sum(load.bad_in.values())} malformed spans in "
          f"{len(load.batches)} batches, {sum(len(payload) for _, payload in load.batches)} bytes", file=sys.stderr)
    delivery = Delivery(arguments, rng, load)
    started = time.monotonic()
    try:
        delivery.run()
    except (OSError, ProtocolFault) as fault:
        print(f"conformance: SEED={seed}: {fault}", file=sys.stderr)
        return 1
    print(f"conformance: acknowledged after {time.monotonic() - started:.1f} s, {delivery.connections} connections, "
          f"{len(delivery.resent)} batches sent again", file=sys.stderr)
    faults = delivery.faults + check_sqlite(load, arguments.store)
    faults += check_query(load, arguments.spanwire, arguments.store, arguments.traces)
    for fault in faults[:20]:
        print(f"conformance: SEED={seed}: {fault}", file=sys.stderr)
    if not faults:
        print(f"conformance: each of {len(load.good)} spans is stored once and found, none of the malformed ones")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
