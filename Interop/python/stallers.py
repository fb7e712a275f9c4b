"""Connections that begin frames and do not complete them: each says Hello, then a frame's head and all of it but 100 bytes,
and stops, or goes on with a byte a second; sent away, it comes back at once.

Runs until SIGTERM; prints how often it connected, was welcomed and was told to go, as JSON.
"""

import argparse
import json
import os
import resource
import selectors
import signal
import socket
import sys
import time

from session import BATCH, GO_AWAY, HEAD, HELLO, WELCOME, frame
from spanwire.transport.v1 import transport_pb2 as wire

ZEROS = memoryview(bytes(1 << 20))
KEPT_BACK = 100


class Staller:
    """One attacker: its connection of the moment, and how far it is with its frame."""

    def __init__(self, arguments, number, counts):
        self.arguments, self.counts = arguments, counts
        fresh = arguments.identity == "fresh"
        self.sender_id = None if fresh else (bytes([1]) * 16 if arguments.identity == "same" else os.urandom(16))
        self.socket = None
        self.number = number

    def open(self, selector):
        counts = self.counts
        family = socket.AF_UNIX if self.arguments.unix else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        try:
            self.socket.connect(self.arguments.unix or ("127.0.0.1", self.arguments.port))
        except BlockingIOError:
            pass
        except OSError:
            self.socket.close()
            self.socket = None
            return
        counts["opened"] += 1
        hello = frame(HELLO, wire.Hello(
            protocol_version=1, sender_id=self.sender_id or os.urandom(16), agent="crowd",
            compressions=[wire.IDENTITY], bearer_token=self.arguments.token))
        # Bytes to be sent as they are, then so many zeros.
        self.ready, self.zeros, self.read = hello, 0, b""
        self.begun, self.sent = time.monotonic(), 0
        if self.arguments.hello_bytes:
            self.ready, self.zeros = HEAD.pack(HELLO, self.arguments.hello_bytes), self.arguments.hello_bytes
        self.stopped = False
        selector.register(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def close(self, selector):
        if self.socket:
            selector.unregister(self.socket)
            self.socket.close()
            self.socket = None

    def readable(self, selector):
        try:
            data = self.socket.recv(1 << 12)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            return self.close(selector)
        self.read += data
        while len(self.read) >= HEAD.size:
            kind, length = HEAD.unpack(self.read[:HEAD.size])
            if len(self.read) < HEAD.size + length:
                return
            payload, self.read = self.read[HEAD.size:HEAD.size + length], self.read[HEAD.size + length:]
            if kind == WELCOME:
                self.counts["welcomed"] += 1
                size = self.arguments.frame_bytes or wire.Welcome.FromString(payload).max_frame_bytes
                self.ready, self.zeros, self.stopped = HEAD.pack(BATCH, size), size, False
                self.begun, self.sent = time.monotonic(), 0
                selector.modify(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)
            elif kind == GO_AWAY:
                code = wire.GoAway.Code.Name(wire.GoAway.FromString(payload).code)
                self.counts["told"][code] = self.counts["told"].get(code, 0) + 1
                return self.close(selector)

    def allowed(self):
        """How much may be sent now."""
        left = self.zeros - KEPT_BACK
        if self.arguments.bytes_per_second:
            left = min(left, int((time.monotonic() - self.begun) * self.arguments.bytes_per_second) - self.sent)
        return min(left, len(ZEROS))

    def writable(self, selector):
        try:
            if self.ready:
                self.ready = self.ready[self.socket.send(self.ready):]
            elif self.allowed() > 0:
                count = self.socket.send(ZEROS[:self.allowed()])
                self.zeros -= count
                self.sent += count
            else:
                self.stopped = True
                selector.modify(self.socket, selectors.EVENT_READ, self)
        except BlockingIOError:
            pass
        except OSError:
            self.close(selector)

    def tick(self, selector):
        """Ten times a second."""
        if self.socket is None:
            self.open(selector)
        elif self.stopped and self.allowed() > 0:
            self.stopped = False
            selector.modify(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def trickle(self, selector):
        """Once a second."""
        if self.socket and self.stopped and 1 < self.zeros <= KEPT_BACK:
            try:
                self.zeros -= self.socket.send(b"\0")
            except BlockingIOError:
                pass
            except OSError:
                self.close(selector)


def main():
    parser = argparse.ArgumentParser(prog="stallers", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, help="of the collector, on this machine")
    parser.add_argument("--unix", help="the path of the collector's socket, in place of a port")
    parser.add_argument("--count", type=int, default=60, help="how many (default 60)")
    parser.add_argument("--frame-bytes", type=int, default=0, help="of each frame (default: the most that is accepted)")
    parser.add_argument("--bytes-per-second", type=int, default=0, help="how fast (default: as fast as it goes)")
    parser.add_argument("--trickle", action="store_true", help="go on with a byte a second")
    parser.add_argument("--identity", choices=("fresh", "own", "same"), default="fresh",
                        help="the sender id: another one with each connection, one each, or the same for all")
    parser.add_argument("--token", default="", help="what to show")
    parser.add_argument("--hello-bytes", type=int, default=0, help="stop inside a Hello of so many bytes")
    arguments = parser.parse_args()
    if not (arguments.port or arguments.unix):
        parser.error("give --port or --unix")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    ending = []
    signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
    counts = {"opened": 0, "welcomed": 0, "told": {}}
    selector = selectors.DefaultSelector()
    stallers = [Staller(arguments, number, counts) for number in range(arguments.count)]
    next_tick = next_trickle = 0
    while not ending:
        for key, events in selector.select(0.05):
            staller = key.data
            if events & selectors.EVENT_READ:
                staller.readable(selector)
            if staller.socket and events & selectors.EVENT_WRITE:
                staller.writable(selector)
            if staller.socket is None:
                staller.open(selector)
        now = time.monotonic()
        if now >= next_tick:
            next_tick = now + 0.1
            for staller in stallers:
                staller.tick(selector)
        if arguments.trickle and now >= next_trickle:
            next_trickle = now + 1
            for staller in stallers:
                staller.trickle(selector)
    print(json.dumps(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
