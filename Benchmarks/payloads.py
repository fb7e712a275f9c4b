#!/usr/bin/env python3
"""Writes the payloads that are measured and not committed: payloads.py CORPUS DESCRIPTORS OUTPUT.

wide.pb is one span with 1 MB of attributes; deep.pb is 32 spans, each with one attribute whose value nests to 98 levels of
messages, all but the limit of 100. Both hold the attributes of medium.pb, so that a byte is like a byte there.
"""
import itertools, pathlib, sys
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

CORPUS, DESCRIPTORS, OUTPUT = map(pathlib.Path, sys.argv[1:])
WIDE_BYTES, DEEP_SPANS, DEEP_VALUES, ATTRIBUTES_A_LEVEL = 1 << 20, 32, 31, 9


def main():
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()).file:
        pool.Add(file)
    batch_class = message_factory.GetMessageClass(pool.FindMessageTypeByName("opentelemetry.proto.trace.v1.TracesData"))
    medium = batch_class.FromString((CORPUS / "medium.pb").read_bytes())
    spans = medium.resource_spans[0].scope_spans[0].spans
    attributes = [attribute for span in spans for attribute in span.attributes]

    def empty():
        """The medium payload's resource and scope without spans."""
        batch = batch_class()
        resource = batch.resource_spans.add(resource=medium.resource_spans[0].resource)
        return batch, resource.scope_spans.add(scope=medium.resource_spans[0].scope_spans[0].scope).spans

    wide, into = empty()
    span, size = into.add(trace_id=spans[0].trace_id, span_id=spans[0].span_id, name=spans[0].name), 0
    for attribute in itertools.cycle(attributes):
        span.attributes.append(attribute)
        size += attribute.ByteSize() + 3
        if size >= WIDE_BYTES:
            break

    deep, into = empty()
    source = itertools.cycle(attributes)
    for number in range(DEEP_SPANS):
        span = into.add(trace_id=spans[number].trace_id, span_id=spans[number].span_id, name=spans[number].name)
        value = span.attributes.add(key="document").value
        for _ in range(DEEP_VALUES):
            value.kvlist_value.values.extend(itertools.islice(source, ATTRIBUTES_A_LEVEL))
            value = value.kvlist_value.values.add(key="child").value
        value.bool_value = True

    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "wide.pb").write_bytes(wide.SerializeToString(deterministic=True))
    (OUTPUT / "deep.pb").write_bytes(deep.SerializeToString(deterministic=True))
    for file in CORPUS.glob("*.pb"):
        (OUTPUT / file.name).write_bytes(file.read_bytes())


main()
