"""Reads all spans of a store: SQLite, zstd and protobuf are all that it takes (docs/storage.md).

Prints a line of JSON for each: spans.py STORE [SERVICE PREFIX]
"""

import json
import sqlite3
import sys

import zstandard
from opentelemetry.proto.trace.v1 import trace_pb2


def reports(path):
    """(resource, scope, span) of every report, in one view of the file."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    unpack = zstandard.ZstdDecompressor().decompress
    for (block,) in connection.execute("SELECT data FROM block_data"):
        for group in trace_pb2.TracesData.FromString(unpack(block)).resource_spans:
            for scope in group.scope_spans:
                for span in scope.spans:
                    yield group.resource, scope.scope, span


def key(span):
    """What makes two reports reports of one span: trace, span, and whether it is the inbound half of a call."""
    return span.trace_id, span.span_id, span.kind in (span.SPAN_KIND_SERVER, span.SPAN_KIND_CONSUMER)


def value(any_value):
    member = any_value.WhichOneof("value")
    if member == "array_value":
        return [value(element) for element in any_value.array_value.values]
    if member == "kvlist_value":
        return {entry.key: value(entry.value) for entry in any_value.kvlist_value.values}
    if member == "bytes_value":
        return any_value.bytes_value.hex()
    return getattr(any_value, member) if member else None


def spans(path):
    """Each span once, as a dictionary. Of several reports those that ended are shown over those that had not; where they
    clash, docs/merge.md has the rule, which is for readers that need more than this."""
    found = {}
    for resource, _, span in sorted(reports(path), key=lambda report: report[2].end_time_unix_nano):
        one = found.setdefault(key(span), {"attributes": {}})
        shown = {"trace": span.trace_id.hex(), "span": span.span_id.hex(), "parent": span.parent_span_id.hex(),
                 "service": next((value(a.value) for a in resource.attributes if a.key == "service.name"), ""),
                 "name": span.name, "start": span.start_time_unix_nano, "end": span.end_time_unix_nano}
        one.update((field, said) for field, said in shown.items() if said or field not in one)
        one["attributes"].update((a.key, value(a.value)) for a in span.attributes)
    return found.values()


if __name__ == "__main__":
    for span in spans(sys.argv[1]):
        if span["service"].startswith(sys.argv[2] if len(sys.argv) > 2 else ""):
            print(json.dumps(span))
