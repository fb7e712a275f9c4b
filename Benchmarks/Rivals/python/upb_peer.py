#!/usr/bin/env python3
"""upb through Python (PyPI protobuf) as a peer: upb_peer.py FOLDER DESCRIPTORS. Protocol: Benchmarks/README.md, "Peers".

DESCRIPTORS is what protoc --descriptor_set_out --include_imports wrote from proto/. upb parses all of a payload into its
arena; Python objects for the parts are made only when somebody asks, and nobody does.
"""
import ctypes, pathlib, sys, time
import google.protobuf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import api_implementation

FOLDER, DESCRIPTORS = map(pathlib.Path, sys.argv[1:])


def traces_data():
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()).file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("opentelemetry.proto.trace.v1.TracesData"))


class Works:
    """What upb does with one payload."""

    def __init__(self, message_class, payload):
        batch = message_class.FromString(payload)
        self.spans = sum(len(scope.spans) for resource in batch.resource_spans for scope in resource.scope_spans)
        # One whose parts no Python object has looked at.
        fresh = message_class.FromString(payload)
        decode, serialize = message_class.FromString, fresh.SerializeToString
        self.by_name = {"decode": lambda: decode(payload), "encode": serialize}

    def result(self, name):
        """Spans read or bytes written."""
        made = self.by_name[name]()
        return len(made) if isinstance(made, bytes) else self.spans


def best(run, samples, repeats):
    run()
    times = []
    for _ in range(samples):
        start = time.perf_counter_ns()
        for _ in range(repeats):
            run()
        times.append((time.perf_counter_ns() - start) / repeats)
    return min(times)


def allocations(run):
    """Calls of malloc in one run after one that warms up; - where no counting_malloc is loaded."""
    try:
        counted = ctypes.CDLL(None).counted_allocations
    except AttributeError:
        return "-"
    counted.restype = ctypes.c_size_t
    run()
    before = counted()
    run()
    after = counted()
    # What the asking itself takes.
    return max(0, after - before - (counted() - after))


def main():
    if api_implementation.Type() != "upb":
        sys.exit("error: this google.protobuf does not run on upb")
    message_class, files = traces_data(), {}
    for line in sys.stdin:
        verb, *words = line.split()
        file = words[0] if verb == "about" else words[1]
        if file not in files:
            files[file] = Works(message_class, (FOLDER / file).read_bytes())
        works = files[file]
        if verb == "about":
            print("upb (Python)", google.protobuf.__version__, *works.by_name, sep="\t", flush=True)
        elif verb == "result":
            print(works.result(words[0]), flush=True)
        elif verb == "count":
            print(allocations(works.by_name[words[0]]), flush=True)
        elif verb == "time":
            print(best(works.by_name[words[0]], int(words[2]), int(words[3])), flush=True)
        else:
            sys.exit(f"error: unknown request: {line.strip()}")


main()
