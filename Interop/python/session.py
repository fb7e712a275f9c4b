"""The sender's side of a Spanwire connection (docs/protocol.md) over a plain socket."""

import collections
import socket
import struct

from spanwire.transport.v1 import transport_pb2 as wire

HELLO, WELCOME, BATCH, ACK, PING, PONG, GOODBYE, GO_AWAY = range(1, 9)
HEAD = struct.Struct(">BI")
# What this sender accepts in one frame, and what it takes for granted where the collector names no limit.
MAX_INCOMING_BYTES = 1 << 20
DEFAULT_MAX_FRAME_BYTES = 64 << 20
DEFAULT_MAX_BATCH_WEIGHT = 1 << 20


class ProtocolFault(Exception):
    """The collector broke the protocol, or said that this sender did (`go_away` is then its message)."""

    def __init__(self, text, go_away=None):
        super().__init__(text)
        self.go_away = go_away


def frame(kind, message):
    """One frame, uncompressed: a byte of kind, four bytes of length, the payload."""
    payload = message if isinstance(message, bytes) else message.SerializeToString()
    return HEAD.pack(kind, len(payload)) + payload


def weight(batch):
    """What a Batch weighs, in smallest spans (docs/protocol.md, rule 17)."""

    def values(attributes):
        return sum(1 + inside(attribute.value) for attribute in attributes)

    def inside(value):
        if value.HasField("array_value"):
            return sum(1 + inside(element) for element in value.array_value.values)
        return values(value.kvlist_value.values) if value.HasField("kvlist_value") else 0

    sixteenths = len(batch.dropped)
    for group in batch.resource_spans:
        sixteenths += 4 + 4 * len(group.resource.entity_refs) + values(group.resource.attributes)
        for scope_spans in group.scope_spans:
            sixteenths += 4 + values(scope_spans.scope.attributes)
            for span in scope_spans.spans:
                sixteenths += 16 + values(span.attributes)
                sixteenths += sum(4 + values(part.attributes) for part in (*span.events, *span.links))
    return sixteenths // 16


class Connection:
    """One connection: opened and welcomed by the constructor, batches out, cumulative acks in."""

    def __init__(self, host, port, sender_id, agent, token="", timeout=30, capture=None):
        self.outstanding = collections.deque()  # (sequence, bytes of its frame), oldest first
        self.acknowledged = 0
        self.rejected = 0
        self.warnings = []
        self.capture = capture
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        hello = wire.Hello(
            protocol_version=1, sender_id=sender_id, agent=agent, compressions=[wire.IDENTITY], bearer_token=token,
            max_frame_bytes=MAX_INCOMING_BYTES)
        self.write(frame(HELLO, hello))
        kind, payload = self.read_frame()
        if kind != WELCOME:
            raise ProtocolFault(f"first frame of the collector is of kind {kind}, not Welcome")
        welcome = wire.Welcome.FromString(payload)
        if welcome.protocol_version != 1 or welcome.compression != wire.IDENTITY:
            raise ProtocolFault(f"welcomed with what was not offered: {welcome}")
        self.stored_sequence = welcome.stored_sequence
        self.credit = welcome.credit_bytes
        self.max_frame_bytes = welcome.max_frame_bytes or DEFAULT_MAX_FRAME_BYTES
        self.max_batch_weight = welcome.max_batch_weight or DEFAULT_MAX_BATCH_WEIGHT

    def write(self, data):
        if self.capture:
            self.capture.write(data)
        self.socket.sendall(data)

    def read_exactly(self, count):
        parts = bytearray()
        while len(parts) < count:
            part = self.socket.recv(min(count - len(parts), 1 << 16))
            if not part:
                raise ConnectionError("the collector closed the connection")
            parts += part
        return bytes(parts)

    def read_frame(self):
        """The next frame that is neither Ping nor GoAway: those are answered and raised."""
        while True:
            kind, length = HEAD.unpack(self.read_exactly(HEAD.size))
            if kind & 0x80 or length > MAX_INCOMING_BYTES:
                raise ProtocolFault(f"frame head {kind:#x} with {length} bytes, which was not agreed")
            payload = self.read_exactly(length)
            if kind == PING:
                self.write(frame(PONG, wire.Pong(token=wire.Ping.FromString(payload).token)))
            elif kind == GO_AWAY:
                away = wire.GoAway.FromString(payload)
                raise ProtocolFault(f"told to go away: {wire.GoAway.Code.Name(away.code)}: {away.message}", away)
            elif kind != PONG:
                return kind, payload

    def send(self, sequence, payload):
        """Sends one encoded Batch; waits for credit, except that one frame may always be under way."""
        data = frame(BATCH, payload)
        if len(payload) > self.max_frame_bytes:
            raise ValueError(f"batch {sequence} has {len(payload)} bytes, the collector takes {self.max_frame_bytes}")
        # A batch weighs no more than half its bytes, so most need not be looked into.
        if len(payload) > 2 * self.max_batch_weight:
            weighed = weight(wire.Batch.FromString(payload))
            if weighed > self.max_batch_weight:
                raise ValueError(f"batch {sequence} weighs {weighed}, the collector takes {self.max_batch_weight}")
        while self.outstanding and self.credit < len(data):
            self.read_ack()
        self.credit -= len(data)
        self.outstanding.append((sequence, len(data)))
        self.write(data)

    def read_ack(self):
        """Waits for one ack and takes from `outstanding` what it covers. Returns the Ack."""
        kind, payload = self.read_frame()
        if kind != ACK:
            raise ProtocolFault(f"frame of kind {kind} where an Ack was due")
        ack = wire.Ack.FromString(payload)
        while self.outstanding and self.outstanding[0][0] <= ack.sequence:
            self.outstanding.popleft()
        self.acknowledged = max(self.acknowledged, ack.sequence)
        self.credit += ack.credit_bytes
        self.rejected += ack.partial_success.rejected_spans
        if ack.partial_success.error_message:
            self.warnings.append(ack.partial_success.error_message)
        return ack

    def finish(self):
        """Waits until every batch is acknowledged, then says Goodbye and waits for the close."""
        while self.outstanding:
            self.read_ack()
        self.write(frame(GOODBYE, wire.Goodbye()))
        while self.socket.recv(1 << 12):
            pass
        self.socket.close()

    def abort(self):
        """Closes with a reset: what is in flight is lost, as when a cable is pulled."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
