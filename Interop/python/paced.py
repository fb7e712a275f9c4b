"""A sender at a steady rate that measures how soon its batches are acknowledged."""

import select
import threading
import time

from sender import SPANS_PER_BATCH, Sender


class Measured:
    """What was acknowledged in some seconds: spans a second, acks, and seconds from sending to the ack."""

    def __init__(self, seconds, waits, acks):
        self.rate, self.acks = acks * SPANS_PER_BATCH / seconds, acks
        ordered = sorted(waits) or [seconds]
        self.p99, self.most = ordered[int(len(ordered) * 0.99)], ordered[-1]

    def __str__(self):
        return (f"{self.rate:6.0f} spans/s, {self.acks} acks, p99 {self.p99 * 1000:.0f} ms, "
                f"longest {self.most * 1000:.0f} ms")


class PacedSender(Sender):
    """Sends a batch every `interval` seconds, whether the ones before are acknowledged or not, but 64 at the most."""

    agent = "spanwire-paced/1"
    longest_wait = 2

    def __init__(self, collector, seed, service, interval, token="", padding=0):
        super().__init__(collector, seed, service)
        self.interval, self.token, self.padding = interval, token, "x" * padding
        self.lock = threading.Lock()
        self.born = {}  # sequence → when the batch was first sent
        self.waits, self.acks, self.since = [], 0, time.monotonic()

    def begin(self):
        """From here on is measured."""
        with self.lock:
            self.waits, self.acks, self.since = [], 0, time.monotonic()

    def measure(self):
        """What became of the batches since `begin`; those that wait count with what they have waited, if it is long."""
        with self.lock:
            now = time.monotonic()
            late = [now - born for born in self.born.values() if now - born > 1]
            return Measured(now - self.since, self.waits + late, self.acks)

    def settle(self, sequence):
        now = time.monotonic()
        with self.lock:
            for settled in [number for number in self.born if number <= sequence]:
                self.waits.append(now - self.born.pop(settled))
                self.acks += 1
        super().settle(sequence)

    def send_batches(self, connection):
        due = time.monotonic()
        while not self.ending.is_set():
            now = time.monotonic()
            if now >= due and len(connection.outstanding) < 64:
                self.make_batch()
                with self.lock:
                    self.born[self.sequence] = now
                # What was missed is made up for, as far as a second goes.
                due = max(due + self.interval, now - 1)
                connection.send(self.sequence, self.kept[self.sequence][0])
            if select.select([connection.socket], [], [], min(max(due - now, 0), 0.1))[0]:
                self.settle(connection.read_ack().sequence)
