"""Reads all spans of a store with SQLite, zstd and protobuf (docs/storage.md): spans.py STORE [SERVICE PREFIX]"""

import json
import sqlite3
import sys

import zstandard
from opentelemetry.proto.trace.v1 import trace_pb2


def reports(path):
    """(resource, span) of every report, in one view of the file."""
    for (block,) in sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=9).execute("SELECT data FROM block_data"):
        traces = trace_pb2.TracesData.FromString(zstandard.ZstdDecompressor().decompress(block))
        for group in traces.resource_spans:
            yield from ((group.resource, span) for scope in group.scope_spans for span in scope.spans)


def attributes(pairs):
    return {pair.key: value(pair.value) for pair in pairs}


def value(any_value):
    member = any_value.WhichOneof("value")
    content = getattr(any_value, member) if member else None
    if member == "array_value":
        return [value(element) for element in content.values]
    if member == "kvlist_value":
        return attributes(content.values)
    return content.hex() if member == "bytes_value" else content


def spans(path):
    """Each span once, the halves of a call apart: ended reports over running ones. docs/merge.md tells of clashes."""
    found = {}
    for resource, span in sorted(reports(path), key=lambda report: report[1].end_time_unix_nano):
        inbound = span.kind in (span.SPAN_KIND_SERVER, span.SPAN_KIND_CONSUMER)
        one = found.setdefault((span.trace_id, span.span_id, inbound), {"attributes": {}})
        shown = {"trace": span.trace_id.hex(), "span": span.span_id.hex(), "parent": span.parent_span_id.hex(),
                 "service": attributes(resource.attributes).get("service.name", ""), "name": span.name,
                 "start": span.start_time_unix_nano, "end": span.end_time_unix_nano}
        one.update((field, said) for field, said in shown.items() if said or field not in one)
        one["attributes"].update(attributes(span.attributes))
    return found.values()


if __name__ == "__main__":
    for span in spans(sys.argv[1]):
        if span["service"].startswith("".join(sys.argv[2:])):
            print(json.dumps(span))
