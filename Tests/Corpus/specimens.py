#!/usr/bin/env python3
"""Writes Tests/Corpus/specimens.tsv: payloads by hazard, each with the verdicts of two reference runtimes.

    specimens.py DESCRIPTORS FILE --column upb|libprotobuf

DESCRIPTORS is what `protoc --descriptor_set_out --include_imports` made from proto/. Run it once with each runtime
(scripts/specimens.sh does): the run fills the column of the runtime it finds itself on and leaves the other one's as it
is. Columns: name, message, upb, libprotobuf, payload in hex. A verdict is `accept` or `refuse`.
"""
import argparse, pathlib, sys, warnings
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import api_implementation

TRACES = "opentelemetry.proto.trace.v1.TracesData"
SPAN = "opentelemetry.proto.trace.v1.Span"
ANY = "opentelemetry.proto.common.v1.AnyValue"
KEY_VALUE = "opentelemetry.proto.common.v1.KeyValue"
RESOURCE = "opentelemetry.proto.resource.v1.Resource"
RESPONSE = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse"
HELLO = "spanwire.transport.v1.Hello"
WELCOME = "spanwire.transport.v1.Welcome"


def varint(value, width=0):
    """`width` pads with empty groups of seven bits."""
    out = bytearray()
    while value > 127 or len(out) + 1 < width:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def key(number, wire, width=0):
    return varint(number << 3 | wire, width)


def text(number, content):
    return key(number, 2) + varint(len(content)) + content


def nested(levels):
    """`levels` messages inside an AnyValue, array_value and values in turn."""
    out = b""
    for level in range(levels, 0, -1):
        out = text(5 if level % 2 else 1, out)
    return out


def specimens():
    yield "empty", TRACES, b""
    yield "empty-every-level", TRACES, text(1, text(1, b"") + text(2, text(1, b"") + text(2, b"")))
    # Keys.
    yield "key-field-0", SPAN, b"\x00\x01"
    yield "key-field-0-length-delimited", SPAN, b"\x02\x01A"
    yield "key-field-0-in-group", SPAN, key(100, 3) + b"\x00\x01" + key(100, 4)
    for number in (19000, 19999, 2**29 - 1):
        yield f"key-field-{number}", SPAN, key(number, 0) + b"\x01"
    yield "key-above-32-bits", SPAN, b"\x88\x80\x80\x80\x10\x01"
    for width in range(2, 8):
        yield f"key-in-{width}-bytes", SPAN, key(5, 2, width) + b"\x01A"
    yield "key-torn", SPAN, b"\x80"
    yield "key-ten-bytes-torn", SPAN, b"\x80" * 10
    for wire in (6, 7):
        yield f"wire-type-{wire}", SPAN, key(5, wire)
        yield f"wire-type-{wire}-in-group", SPAN, key(100, 3) + key(5, wire) + key(100, 4)
    known = {1: "trace_id", 5: "name", 6: "kind", 7: "start_time_unix_nano", 9: "attributes", 16: "flags"}
    values = {0: b"\x01", 1: bytes(8), 2: b"\x00", 5: bytes(4)}
    for number, name in known.items():
        for wire, value in values.items():
            yield f"wire-type-{wire}-for-{name}", SPAN, key(number, wire) + value
    # Varints.
    for width in range(1, 12):
        yield f"varint-in-{width}-bytes", SPAN, key(6, 0) + varint(1, width)
    for last in (0, 1, 2, 127):
        yield f"varint-tenth-byte-{last}", SPAN, key(10, 0) + b"\xff" * 9 + bytes([last])
    yield "varint-torn", SPAN, key(6, 0) + b"\x80"
    yield "varint-missing", SPAN, key(6, 0)
    yield "bool-in-two-bytes", ANY, key(2, 0) + b"\x80\x01"
    yield "bool-above-64-bits", ANY, key(2, 0) + b"\x80" * 9 + b"\x02"
    yield "enum-unknown", SPAN, key(6, 0) + varint(99)
    yield "enum-negative", SPAN, key(6, 0) + varint(2**64 - 1)
    yield "uint32-above-32-bits", SPAN, key(10, 0) + varint(2**40 + 7)
    # Fixed widths.
    for length in range(9):
        yield f"fixed64-of-{length}-bytes", SPAN, key(7, 1) + bytes(length)
    for length in range(5):
        yield f"fixed32-of-{length}-bytes", SPAN, key(16, 5) + bytes(length)
    # Lengths.
    for width in range(1, 8):
        yield f"length-in-{width}-bytes", SPAN, key(5, 2) + varint(1, width) + b"A"
    yield "length-missing", SPAN, key(5, 2)
    yield "length-torn", SPAN, key(5, 2) + b"\x80"
    for length in (1, 127, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63):
        yield f"length-{length}-of-nothing", SPAN, key(5, 2) + varint(length)
    yield "length-past-the-message-around", TRACES, b"\x0a\x02\x12\x05\x00\x00\x00\x00"
    yield "length-to-the-end-exactly", TRACES, b"\x0a\x02\x12\x00"
    # Depth.
    for levels in (1, 2, 99, 100, 101, 200):
        yield f"nested-{levels}", ANY, nested(levels)
    for levels in (1, 99, 100, 101):
        yield f"groups-{levels}", SPAN, key(100, 3) * levels + key(100, 4) * levels
    # Groups.
    yield "group-empty", SPAN, key(100, 3) + key(100, 4)
    yield "group-with-fields", SPAN, key(100, 3) + text(5, b"x") + key(1, 0) + b"\x01" + key(100, 4)
    yield "group-for-a-known-field", SPAN, key(5, 3) + key(5, 4)
    yield "group-without-end", SPAN, key(100, 3) + text(5, b"x")
    yield "group-end-alone", SPAN, key(100, 4)
    yield "group-end-of-another", SPAN, key(100, 3) + key(101, 4)
    yield "group-across-a-message", TRACES, text(1, key(100, 3)) + key(100, 4)
    # Repeated, packed, split.
    yield "scalar-twice", SPAN, key(6, 0) + b"\x02" + key(6, 0) + b"\x03"
    yield "string-twice", SPAN, text(5, b"a") + text(5, b"b")
    yield "message-split", SPAN, text(15, text(2, b"why")) + text(15, key(3, 0) + b"\x02")
    yield "oneof-replaced", ANY, text(1, b"a") + key(3, 0) + b"\x05"
    yield "oneof-merged", ANY, text(5, text(1, b"")) + text(5, text(1, b""))
    stray = key(99, 0) + b"\x01"
    # Unknown fields of a list go with the list that a later member replaces, and stay where the same member is merged.
    yield "oneof-list-with-unknown-replaced", ANY, text(6, stray) + text(5, text(1, b""))
    yield "oneof-list-with-unknown-replaced-twice", ANY, text(5, stray) + key(3, 0) + b"\x05" + text(5, b"")
    yield "oneof-list-with-unknown-merged", ANY, text(5, stray) + text(5, stray)
    yield "packed", HELLO, text(4, b"\x00\x03\x01")
    yield "packed-empty", HELLO, text(4, b"")
    yield "packed-torn", HELLO, text(4, b"\x00\x80")
    yield "packed-and-unpacked", HELLO, text(4, b"\x03") + key(4, 0) + b"\x01"
    # Every AnyValue.
    for name, content in {
        "string": text(1, b"s"), "bool": key(2, 0) + b"\x01", "int": key(3, 0) + varint(2**64 - 5),
        "double": key(4, 1) + bytes.fromhex("182d4454fb210940"), "array": text(5, text(1, b"")),
        "kvlist": text(6, text(1, text(1, b"k"))), "bytes": text(7, b"\x00\xff"), "strindex": key(8, 0) + b"\x07",
        "nan": key(4, 1) + bytes.fromhex("010000000000f87f"), "infinity": key(4, 1) + bytes.fromhex("000000000000f07f"),
        "minus-zero": key(4, 1) + bytes.fromhex("0000000000000080"), "empty": b"",
        "default-string": text(1, b""), "default-int": key(3, 0) + b"\x00",
    }.items():
        yield f"any-{name}", ANY, content
    # UTF-8, in a name, a key, a value and an unknown field.
    for name, content in {
        "two-bytes": "é".encode(), "four-bytes": "🧡".encode(), "nul": b"a\x00b", "noncharacter": "\uffff".encode(),
        "overlong-2": b"\xc0\x80", "overlong-3": b"\xe0\x80\x80", "overlong-4": b"\xf0\x80\x80\x80",
        "surrogate-high": b"\xed\xa0\x80", "surrogate-low": b"\xed\xbf\xbf", "above-10ffff": b"\xf4\x90\x80\x80",
        "lead-f5": b"\xf5\x80\x80\x80", "five-bytes": b"\xf8\x88\x80\x80\x80", "torn-2": b"\xc3", "torn-3": b"\xe2\x82",
        "torn-4": b"\xf0\x9f\x98", "continuation-alone": b"\x80", "lead-twice": b"\xc3\xc3\xa9", "ff": b"\xff",
    }.items():
        yield f"utf8-{name}-in-name", SPAN, text(5, b"ok " + content)
        yield f"utf8-{name}-in-key", KEY_VALUE, text(1, content)
        yield f"utf8-{name}-in-value", ANY, text(1, content)
    yield "utf8-ff-in-bytes", SPAN, text(1, b"\xff" * 16)
    yield "utf8-ff-in-unknown", SPAN, text(100, b"\xff")
    yield "utf8-ff-in-entity-key", RESOURCE, text(3, text(3, b"\xff"))
    yield "utf8-ff-behind-16-letters", SPAN, text(5, b"0123456789abcdef\xff")
    # Ids.
    for length in (0, 1, 7, 8, 9, 15, 16, 17, 32):
        yield f"trace-id-of-{length}-bytes", SPAN, text(1, bytes([7]) * length)
        yield f"span-id-of-{length}-bytes", SPAN, text(2, bytes([7]) * length)
    yield "trace-id-of-zeros", SPAN, text(1, bytes(16))
    # Unknown fields at every level.
    yield "unknown-at-every-level", TRACES, text(
        1, text(1, text(1, text(1, b"k") + text(2, text(5, text(1, stray) + stray) + stray) + stray) + stray) + text(
            2, text(1, text(1, b"scope") + stray) + text(2, text(5, b"n") + text(15, stray) + text(
                11, stray) + text(13, stray) + stray) + stray) + stray) + stray
    # A batch as deep as it may be, and deeper by one: five messages lie around a span's attribute value.
    for levels in (95, 96):
        yield f"nested-{levels}-in-a-batch", TRACES, text(
            1, text(2, text(2, text(9, text(2, nested(levels))))))
    yield "welcome-weight", WELCOME, b"\x08\x01" + key(5, 0) + b"\x01" + key(8, 0) + varint(397_682)
    yield "welcome-weight-of-64-bits", WELCOME, key(8, 0) + varint(2**64 - 1)
    yield "welcome-weight-of-wire-type-2", WELCOME, text(8, b"")
    yield "response-rejected", RESPONSE, text(1, key(1, 0) + b"\x03" + text(2, b"no id"))

    # A span of the form that has a short cut, whose last field is an empty message: it was lost once.
    usual = text(1, bytes(range(1, 17))) + text(2, bytes(range(1, 9))) + text(5, b"n") + key(6, 0) + b"\x01" + key(
        7, 1) + bytes(range(1, 9)) + key(8, 1) + bytes(range(2, 10))
    for name, number in (("attribute", 9), ("event", 11), ("link", 13)):
        yield f"usual-span-ends-with-empty-{name}", TRACES, text(1, text(2, text(2, usual + text(number, b""))))

    # What fuzzing showed, under names that say what was wrong or differs (Fuzz/README.md).
    # swift-protobuf reads these two: it takes lengths, and keys in a group, of up to ten bytes.
    for width in (6, 10):
        yield f"length-in-{width}-bytes-in-group", TRACES, key(99, 3) + key(5, 2) + varint(1, width) + b"A" + key(99, 4)
        yield f"key-in-{width}-bytes-in-group", TRACES, key(99, 3) + key(5, 0, width) + b"\x01" + key(99, 4)
    # swift-protobuf refuses this one, as libprotobuf does.
    yield "group-of-field-0-in-group", TRACES, key(99, 3) + b"\x03\x04" + key(99, 4)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("descriptors")
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--column", choices=["upb", "libprotobuf"], required=True)
    options = parser.parse_args()
    expected = {"upb": "upb", "libprotobuf": "cpp"}[options.column]
    if api_implementation.Type() != expected:
        sys.exit(f"this Python's google.protobuf is {api_implementation.Type()}, not {expected}")

    files = descriptor_pb2.FileDescriptorSet()
    files.ParseFromString(pathlib.Path(options.descriptors).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)

    def message_class(name):
        descriptor = pool.FindMessageTypeByName(name)
        if hasattr(message_factory, "GetMessageClass"):
            return message_factory.GetMessageClass(descriptor)
        return message_factory.MessageFactory(pool).GetPrototype(descriptor)

    # libprotobuf's binding for Python warns where C++'s ParseFromString says no: an end of the message too early.
    warnings.simplefilter("error")
    known = {}
    if options.file.exists():
        for line in options.file.read_text().splitlines()[1:]:
            name, message, upb, libprotobuf, payload = line.split("\t")
            known[name, message, payload] = {"upb": upb, "libprotobuf": libprotobuf}
    lines = ["name\tmessage\tupb\tlibprotobuf\tpayload"]
    for name, message, payload in specimens():
        verdicts = known.get((name, message, payload.hex()), {"upb": "?", "libprotobuf": "?"})
        try:
            message_class(message).FromString(payload)
            verdicts[options.column] = "accept"
        except Exception:
            verdicts[options.column] = "refuse"
        lines.append("\t".join([name, message, verdicts["upb"], verdicts["libprotobuf"], payload.hex()]))
    options.file.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
