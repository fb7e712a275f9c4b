"""Connections that mean no good, by the thousand: what a collector has to bear while it serves the others."""

import gzip
import os
import random
import resource
import socket
import struct
import threading
import time

from session import BATCH, GO_AWAY, HEAD, HELLO, WELCOME, frame
from spanwire.transport.v1 import transport_pb2 as wire


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(key, content):
    return bytes([key]) + varint(len(content)) + content


def batch(spans, sequence):
    """Encoded spans, as a Batch."""
    content = b"".join(field(0x12, span) for span in spans)
    return field(0x0A, field(0x12, content)) + b"\xC8\x3E" + varint(sequence)


class Crowd:
    """Attackers against one port; `stop` ends them. What they were told is counted by GoAway code."""

    def __init__(self, port, seed, idle=1000, attacks=None):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.port, self.rng, self.stopping = port, random.Random(seed), threading.Event()
        self.told, self.opened, self.sockets = {}, 0, []
        self.lock = threading.Lock()
        attacks = attacks or (
            "parts_of_frames", "small_spans", "large_value", "bomb", "garbage", "greets_for_ever")
        self.threads = [
            threading.Thread(target=self.repeat, args=(getattr(self, attack),), daemon=True) for attack in attacks]
        for _ in range(idle):
            self.sockets.append(self.connect())
        for thread in self.threads:
            thread.start()

    def connect(self, compression=wire.IDENTITY):
        connection = socket.create_connection(("127.0.0.1", self.port), 30)
        connection.sendall(frame(HELLO, wire.Hello(
            protocol_version=1, sender_id=random.randbytes(16), agent="crowd", compressions=[compression],
            max_frame_bytes=1 << 20)))
        with self.lock:
            self.opened += 1
        return connection

    def read_frame(self, connection):
        """The next frame's kind and payload; None at the end."""
        connection.settimeout(20)
        data = b""
        while len(data) < HEAD.size or len(data) < HEAD.size + HEAD.unpack(data[:HEAD.size])[1]:
            part = connection.recv(1 << 16)
            if not part:
                return None
            data += part
        kind, length = HEAD.unpack(data[:HEAD.size])
        payload = data[HEAD.size:HEAD.size + length]
        if kind == GO_AWAY:
            code = wire.GoAway.Code.Name(wire.GoAway.FromString(payload).code)
            with self.lock:
                self.told[code] = self.told.get(code, 0) + 1
        return kind, payload

    def welcomed(self, compression=wire.IDENTITY):
        connection = self.connect(compression)
        answer = self.read_frame(connection)
        if answer is None or answer[0] != WELCOME:
            connection.close()
            raise OSError("not welcomed")
        return connection, wire.Welcome.FromString(answer[1]).max_frame_bytes

    def repeat(self, attack):
        while not self.stopping.is_set():
            try:
                attack()
            except (OSError, struct.error):
                time.sleep(0.05)

    def parts_of_frames(self):
        """A hundred connections with the greater part of a frame each, that never becomes whole."""
        held = []
        for _ in range(100):
            connection, limit = self.welcomed()
            connection.settimeout(0.2)
            held.append(connection)
            try:
                connection.sendall(HEAD.pack(BATCH, limit) + bytes(1 << 10) * (limit >> 11))
            except OSError:
                pass
            if self.stopping.is_set():
                break
        self.stopping.wait(3)
        for connection in held:
            connection.close()

    def small_spans(self):
        """A batch of as many of the smallest spans as a frame holds: it is told that they are too many, or it is stored."""
        connection, limit = self.welcomed()
        count = random.choice((limit // 32, 20_000))
        spans = [b"\x0A\x10" + os.urandom(16) + b"\x12\x08" + os.urandom(8) for _ in range(count)]
        connection.sendall(frame(BATCH, batch(spans, 1)))
        self.read_frame(connection)
        connection.close()

    def large_value(self):
        """One span with an attribute almost as large as a frame."""
        connection, limit = self.welcomed()
        value = field(0x0A, b"k") + field(0x12, field(0x0A, b"\x22" * (limit - 200)))
        span = b"\x0A\x10" + os.urandom(16) + b"\x12\x08" + os.urandom(8) + field(0x4A, value)
        connection.sendall(frame(BATCH, batch([span], 1)))
        self.read_frame(connection)
        connection.close()
        self.stopping.wait(1)

    def bomb(self):
        """Zeros, a thousand times smaller on the wire."""
        connection, limit = self.welcomed(wire.GZIP)
        payload = gzip.compress(bytes(limit * 4), 9)
        connection.sendall(HEAD.pack(BATCH | 0x80, len(payload)) + payload)
        self.read_frame(connection)
        connection.close()

    def garbage(self):
        connection = socket.create_connection(("127.0.0.1", self.port), 30)
        connection.sendall(os.urandom(random.randrange(1, 3000)))
        connection.settimeout(2)
        connection.recv(1000)
        connection.close()
        time.sleep(0.01)

    def greets_for_ever(self):
        """Connections that come and go as fast as they can."""
        self.welcomed()[0].close()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
        for connection in self.sockets:
            connection.close()
