"""A TCP proxy between senders and a collector that does to connections what bad networks do."""

import random
import select
import socket
import struct
import threading


class Proxy:
    """Passes bytes both ways on a free loopback port; `cut_after` and `bytes_per_second` may be changed at any time.

    A connection is cut at a random byte, in the middle of whatever is under way, in either direction: by a reset, or by an
    orderly close that drops what had been read. `target` is asked for the port anew with every connection.
    """

    def __init__(self, target, seed, cut_after=None, bytes_per_second=None):
        self.target, self.rng = target, random.Random(seed)
        self.cut_after = cut_after  # (least, most) bytes after which a connection is cut; None: never
        self.bytes_per_second = bytes_per_second  # towards the sender, so that acks come slowly; None: as fast as they come
        self.connections = self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.closing = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.closing.is_set():
            try:
                sender, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(sender, self.rng.getrandbits(64)), daemon=True).start()

    def serve(self, sender, seed):
        rng = random.Random(seed)
        try:
            collector = socket.create_connection(("127.0.0.1", self.target()), 5)
        except OSError:
            sender.close()
            return
        left = rng.randint(*self.cut_after) if self.cut_after else None
        try:
            while not self.closing.is_set():
                for ready in select.select([sender, collector], [], [], 0.5)[0]:
                    other = collector if ready is sender else sender
                    size = 1 << 16
                    if other is sender and self.bytes_per_second:
                        size = max(1, self.bytes_per_second // 20)
                        self.closing.wait(0.05)
                    data = ready.recv(size)
                    if not data:
                        return
                    if left is not None and len(data) >= left:
                        other.sendall(data[:left])
                        self.cuts += 1
                        if rng.random() < 0.5:
                            for end in (sender, collector):
                                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
                    other.sendall(data)
                    if left is not None:
                        left -= len(data)
        except OSError:
            pass
        finally:
            sender.close()
            collector.close()

    def close(self):
        self.closing.set()
        self.listener.close()
