"""A collector under test as a child process, and its store read from outside."""

import os
import re
import signal
import subprocess
import time

import spans


class Collector:
    """`spanwire collect` on a loopback port."""

    def __init__(self, spanwire, store):
        self.spanwire, self.store = spanwire, store
        self.prefix, self.host, self.arguments = [], "127.0.0.1", []
        self.listen_port = 0  # 0: a free one, another at every start
        self.process, self.port = None, None

    def start(self, patience=60):
        port_file = self.store + ".port"
        if os.path.exists(port_file):
            os.remove(port_file)
        with open(self.store + ".log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, self.spanwire, "collect", "--listen", f"{self.host}:{self.listen_port}", "--store",
                 self.store, "--port-file", port_file, *self.arguments], stderr=log)
        deadline = time.monotonic() + patience
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"the collector ended with {self.process.returncode}, see {self.store}.log")
            try:
                with open(port_file) as file:
                    text = file.read().strip()
            except FileNotFoundError:
                text = ""
            if text:
                self.port = int(text)
                return
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError("the collector did not listen in time")
            time.sleep(0.02)

    def peak(self):
        """The most memory that it had, in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))

    def kill(self):
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class Store:
    """The store's file as `spans.py` reads it (docs/storage.md): once, when it is first asked."""

    def __init__(self, path):
        self.path, self.read = path, None

    def all(self):
        if self.read is None:
            self.read = list(spans.spans(self.path))
        return self.read

    def ids(self):
        """By service: (trace id, span id, whether it is inbound), as bytes, of each span; for stores of millions."""
        found = {}
        for resource, span in spans.reports(self.path):
            service = next((pair.value.string_value for pair in resource.attributes if pair.key == "service.name"), "")
            inbound = span.kind in (span.SPAN_KIND_SERVER, span.SPAN_KIND_CONSUMER)
            found.setdefault(service, set()).add((span.trace_id + span.span_id, inbound))
        return found

    def spans(self, service_prefix):
        """(trace id, span id, service, name, attributes as a dictionary) of every span of these services."""
        for span in self.all():
            if span["service"].startswith(service_prefix):
                yield span["trace"], span["span"], span["service"], span["name"], span["attributes"]


SPAN_ID = re.compile(r'"(?:spanId|span_id)"\s*:\s*"([0-9a-fA-F]{16})"')


def queried_span_ids(spanwire, store, trace_id):
    """The span ids that `spanwire query trace` prints, in its order; repeated where it repeats them."""
    done = subprocess.run(
        [spanwire, "query", "trace", trace_id, "--store", store, "--format", "json"],
        capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"query trace {trace_id} ended with {done.returncode}: {done.stderr.strip()}")
    return [found.lower() for found in SPAN_ID.findall(done.stdout)]
