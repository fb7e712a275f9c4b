#!/usr/bin/env python3
"""Makes seeds for the fuzz targets from Tests/Corpus: small pieces, since small inputs are changed to more effect.

    seeds.py CORPUS_FOLDER FOLDER

FOLDER/spans gets TracesData: single spans of the payloads with the resource and scope around them, and every specimen of
specimens.tsv put where a span, a value, an attribute or a resource stands. FOLDER/session gets those of conversations.tsv,
and conversations of a sender and of a collector with the spans; their first byte is the control byte of
Fuzz/Sources/Properties/SessionProperties.swift. FOLDER/tokens gets the token files of CORPUS_FOLDER/tokens.
"""
import pathlib, sys

# Of a payload with more spans, this many are taken.
SPANS_OF_A_PAYLOAD = 24


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value, at
        shift += 7


def fields(data):
    """(number, content) of each field; the corpus's outer messages hold nothing but length-delimited ones."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        length, at = read_varint(data, at)
        yield key >> 3, data[at:at + length]
        at += length


def single_spans(data):
    """The payload's spans, each a TracesData of its own."""
    for _, resource_spans in fields(data):
        around = b"".join(field(number, content) for number, content in fields(resource_spans) if number != 2)
        for number, scope_spans in fields(resource_spans):
            if number != 2:
                continue
            scope = b"".join(field(number, content) for number, content in fields(scope_spans) if number != 2)
            for number, span in fields(scope_spans):
                if number == 2:
                    yield field(1, around + field(2, scope + field(2, span)))


# Where a specimen of a message stands in a TracesData.
PLACES = {
    "TracesData": lambda payload: payload,
    "Resource": lambda payload: field(1, field(1, payload)),
    "Span": lambda payload: field(1, field(2, field(2, payload))),
    "KeyValue": lambda payload: field(1, field(2, field(2, field(9, payload)))),
    "AnyValue": lambda payload: field(1, field(2, field(2, field(9, field(1, b"k") + field(2, payload))))),
}
# The kinds of frames of docs/protocol.md.
HELLO, WELCOME, BATCH, ACK, PING, PONG, GOODBYE, GO_AWAY = range(1, 9)


def frame(kind, payload=b""):
    return bytes([kind]) + len(payload).to_bytes(4, "big") + payload


def number(tag, value):
    return varint(tag << 3) + varint(value)


def sequence(value):
    return number(1001, value)


def conversations(name, batch):
    """What a sender and a collector may say around a batch."""
    hello = frame(HELLO, number(1, 1) + field(2, bytes(range(16))) + field(3, b"seed") + field(4, b"\x00"))
    welcome = frame(WELCOME, number(1, 1) + number(3, 1) + number(4, 4096) + number(5, 1 << 20))
    first, second = frame(BATCH, batch + sequence(2)), frame(BATCH, batch + sequence(7) + field(1002, field(1, b"x")))
    yield f"{name}-sender", hello + first + frame(PING, number(1, 9)) + second + frame(GOODBYE)
    acks = frame(ACK, sequence(1) + number(1002, 100)) + frame(ACK, field(1, number(1, 1)) + sequence(3))
    yield f"{name}-collector", welcome + acks + frame(PONG, number(1, 9)) + frame(GO_AWAY, number(1, 3) + number(3, 1))


def main():
    corpus, folder = map(pathlib.Path, sys.argv[1:])
    spans = {}
    for path in sorted(corpus.glob("*.pb")):
        pieces = list(single_spans(path.read_bytes()))
        step = max(len(pieces) // SPANS_OF_A_PAYLOAD, 1)
        for index in range(0, len(pieces), step):
            spans[f"{path.stem}-{index}"] = pieces[index]
    sessions = {}
    for line in (corpus / "specimens.tsv").read_text().splitlines()[1:]:
        name, message, _, _, payload = line.split("\t")
        place = PLACES.get(message.rpartition(".")[2])
        if place:
            spans[name] = place(bytes.fromhex(payload))
        elif message.endswith(".Hello"):
            sessions[name] = bytes([1]) + frame(HELLO, bytes.fromhex(payload))
    for line in (corpus / "conversations.tsv").read_text().splitlines()[1:]:
        name, content = line.split("\t")
        sessions[name] = bytes.fromhex(content)
    for control, (name, payload) in enumerate(spans.items()):
        if len(payload) < 1024:
            for conversation, content in conversations(name, payload):
                sessions[conversation] = bytes([control % 256]) + content
    tokens = {path.name: path.read_bytes() for path in sorted((corpus / "tokens").iterdir())}
    for kind, seeds in {"spans": spans, "session": sessions, "tokens": tokens}.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name, content in seeds.items():
            (folder / kind / name).write_bytes(content)


if __name__ == "__main__":
    main()
