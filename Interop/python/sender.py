"""A sender that knows the ids of all its spans, which of them were acknowledged, and comes again until all are."""

import random
import threading
import time

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from session import Connection, ProtocolFault
from spanwire.transport.v1.transport_pb2 import Batch

SPANS_PER_BATCH = 50


class Sender(threading.Thread):
    """Sends batches until told to end; keeps each until it is acknowledged, resumes after a broken connection."""

    agent = "spanwire-kill/1"
    longest_wait = 0  # seconds for which a collector that asks for it is left alone

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
                "127.0.0.1", self.port or self.collector.port, self.sender_id, self.agent, self.token)
            self.connections += 1
            self.settle(connection.stored_sequence)
            for sequence in sorted(self.kept):
                connection.send(sequence, self.kept[sequence][0])
            self.send_batches(connection)
            while connection.outstanding:
                self.settle(connection.read_ack().sequence)
            connection.finish()
            return True
        except OSError:
            return False
        except ProtocolFault as fault:
            # A collector that stops or is overloaded asks to be left alone for a while; everything else is a fault.
            if fault.go_away is not None and fault.go_away.retry_after_ms:
                time.sleep(min(fault.go_away.retry_after_ms / 1000, self.longest_wait))
                return False
            raise

    def send_batches(self, connection):
        """Sends one batch after the other until told to end, as fast as they are acknowledged."""
        while not self.ending.is_set():
            self.make_batch()
            connection.send(self.sequence, self.kept[self.sequence][0])
            self.settle(connection.acknowledged)
            if self.pause:
                time.sleep(self.pause)
            while len(connection.outstanding) > 8:
                self.settle(connection.read_ack().sequence)
