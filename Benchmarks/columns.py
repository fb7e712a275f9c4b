#!/usr/bin/env python3
"""What a dictionary form of batches would gain over ZSTD_STREAM: columns.py PAYLOAD.

Spans are taken apart into columns with dictionaries that live as long as the connection: resources, scopes, names, sets
of attribute keys, attribute values by key; ids by the place where they first came, times as differences. Each batch's
columns, one behind the other, then go through one zstd stream, as the plain batches do beside it. Needs PyPI's
`zstandard` and `protobuf`, and the schema compiled by Interop/python/build on the module path.
"""
import collections
import gzip
import struct
import sys
import time

import zstandard
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

MAX_ENTRIES = 4096
WINDOW_LOG = 19


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number):
    return number << 1 if number >= 0 else (-number << 1) - 1


class Columns:
    """One connection's encoder."""

    def __init__(self):
        self.known = collections.defaultdict(dict)  # column → value → its number
        self.traces, self.spans, self.last_start = {}, {}, 0

    def reference(self, column, value):
        """A number for a value that came before, else 0 and the value."""
        known = self.known[column]
        number = known.get(value)
        if number is None:
            if len(known) < MAX_ENTRIES:
                known[value] = len(known)
            self.out[column, "number"] += b"\0"
            self.out[column, "value"] += varint(len(value)) + value
        else:
            self.out[column, "number"] += varint(number + 1)

    def value(self, column, value):
        kind = value.WhichOneof("value")
        if kind == "int_value":
            self.out[column, "int"] += varint(zigzag(value.int_value))
        elif kind == "bool_value":
            self.out[column, "bool"] += bytes([value.bool_value])
        elif kind == "double_value":
            self.out[column, "double"] += struct.pack("<d", value.double_value)
        elif kind == "string_value":
            self.reference(column, value.string_value.encode())
        else:
            self.reference(column, value.SerializeToString())

    def keys(self, attributes):
        """The set of keys, by number; a new one key by key, each after the one before it."""
        keys = tuple((attribute.key, attribute.value.WhichOneof("value")) for attribute in attributes)
        number = self.known["keys"].get(keys)
        if number is not None:
            self.out["keys"] += varint(number + 1)
            return
        self.known["keys"][keys] = len(self.known["keys"])
        self.out["keys"] += b"\0" + varint(len(keys))
        before = ""
        for key in keys:
            self.reference(("key after", before), repr(key).encode())
            before = key[0]

    def ids(self, span):
        place = self.traces.get(span.trace_id)
        if place is None:
            self.out["trace"] += b"\0" + span.trace_id
            self.traces[span.trace_id] = len(self.traces)
        else:
            self.out["trace"] += varint(len(self.traces) - place)
        self.out["span"] += span.span_id
        parent = span.parent_span_id
        if not parent:
            self.out["parent"] += b"\0"
        elif parent in self.spans:
            self.out["parent"] += varint(len(self.spans) - self.spans[parent] + 1)
        else:
            self.out["parent"] += b"\1" + parent
            self.spans[parent] = len(self.spans)
        self.spans[span.span_id] = len(self.spans)

    def batch(self, spans):
        self.out = collections.defaultdict(bytes)
        for resource, scope, span in spans:
            self.reference("resource", resource)
            self.reference("scope", scope)
            self.reference("name", span.name.encode())
            self.reference("head", repr((span.kind, span.flags, span.status.code, span.status.message,
                                         len(span.events), len(span.links), span.trace_state)).encode())
            self.keys(span.attributes)
            self.ids(span)
            self.out["start"] += varint(zigzag(span.start_time_unix_nano - self.last_start))
            self.last_start = span.start_time_unix_nano
            self.out["duration"] += varint(span.end_time_unix_nano - span.start_time_unix_nano)
            for attribute in span.attributes:
                self.value(attribute.key, attribute.value)
            for event in span.events:
                self.out["event time"] += varint(zigzag(event.time_unix_nano - span.start_time_unix_nano))
                self.reference("event", event.name.encode())
                self.keys(event.attributes)
                for attribute in event.attributes:
                    self.value(("event", attribute.key), attribute.value)
            for link in span.links:
                self.out["links"] += link.SerializeToString()
        columns = sorted(self.out, key=str)
        return b"".join(varint(len(self.out[column])) + self.out[column] for column in columns)


class Stream:
    """One zstd stream, flushed behind each payload."""

    def __init__(self, level):
        parameters = zstandard.ZstdCompressionParameters.from_level(level, window_log=WINDOW_LOG)
        self.stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        self.bytes, self.seconds = 0, 0.0

    def add(self, payload):
        start = time.process_time()
        self.bytes += len(self.stream.compress(payload) + self.stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
        self.seconds += time.process_time() - start


def plain(part):
    """The batch as OTLP has it."""
    message, last = TracesData(), None
    for resource, scope, span in part:
        if (resource, scope) != last:
            group = message.resource_spans.add()
            group.resource.ParseFromString(resource)
            spans = group.scope_spans.add()
            spans.scope.ParseFromString(scope)
            last = (resource, scope)
        spans.spans.append(span)
    return message.SerializeToString()


def main():
    with open(sys.argv[1], "rb") as file:
        payload = TracesData.FromString(file.read())
    spans = [(group.resource.SerializeToString(), scoped.scope.SerializeToString(), span)
             for group in payload.resource_spans for scoped in group.scope_spans for span in scoped.spans]
    print("| spans/batch | zstd level | gzip -6 | zstd stream | columns | columns + zstd stream | ratio |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for size in (16, 64, 512):
        parts = [spans[start:start + size] for start in range(0, len(spans), size)]
        batches = [plain(part) for part in parts]
        gzipped = sum(len(gzip.compress(batch, 6)) for batch in batches)
        for level in (1, 2, 3):
            columns, with_plain, with_columns, column_bytes = Columns(), Stream(level), Stream(level), 0
            for part, batch in zip(parts, batches):
                with_plain.add(batch)
                encoded = columns.batch(part)
                column_bytes += len(encoded)
                with_columns.add(encoded)
            each = [total / len(spans) for total in (gzipped, with_plain.bytes, column_bytes, with_columns.bytes)]
            print(f"| {size} | {level} | {each[0]:.1f} | {each[1]:.1f} | {each[2]:.1f} | {each[3]:.1f} | "
                  f"{each[1] / each[3]:.2f} |", flush=True)


main()
