#!/usr/bin/env python3
"""Holds the hand-written codec against google.protobuf: same verdict, same message.

    codec.py PEER DESCRIPTORS CORPUS_FOLDER [--cases N] [--seed S] [--keep FOLDER]

PEER is the built `codec-peer`, DESCRIPTORS a file that `protoc --descriptor_set_out --include_imports` wrote from
proto/. Cases are random mutations of the corpus and random wire data built to hit hazards. Each case goes through both;
they must agree on accept or refuse, and what the peer encoded again must be the same message to google.protobuf, unknown
fields included. A disagreement is printed and, with --keep, written to a file. Exit code 1 when there was any.
"""
import argparse, pathlib, random, struct, subprocess, sys, threading
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TYPES = ["opentelemetry.proto.trace.v1.TracesData", "opentelemetry.proto.trace.v1.Span",
         "opentelemetry.proto.common.v1.AnyValue", "opentelemetry.proto.common.v1.KeyValue",
         "opentelemetry.proto.resource.v1.Resource",
         "opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse"]


def varint(value, pad=0):
    out = bytearray()
    while True:
        if value > 127 or pad:
            out.append(value & 127 | 128)
            value >>= 7
            if pad and value == 0:
                out += b"\x80" * (pad - 1) + b"\x00"
                return bytes(out)
        else:
            out.append(value)
            return bytes(out)


def hazard(rng):
    """A few bytes that decoders get wrong."""
    number = rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 15, 16, 19000, 1001, 2**29 - 1, 2**29])
    kind = rng.randrange(14)
    if kind == 0:
        return varint(number << 3 | rng.randrange(8), rng.choice([0, 0, 1, 2, 3, 4, 5]))
    if kind == 1:
        return varint(number << 3) + b"\xff" * rng.choice([8, 9, 10]) + bytes([rng.choice([0, 1, 2, 127])])
    if kind == 2:
        return varint(number << 3 | 2) + varint(rng.choice([0, 1, 127, 128, 2**31 - 1, 2**31, 2**32 - 1, 2**63]))
    if kind == 3:
        depth = rng.choice([1, 2, 98, 99, 100, 101, 102])
        return varint(number << 3 | 3) * depth + varint(number << 3 | 4) * depth
    if kind == 4:
        return varint(number << 3 | 3) + hazard(rng) + varint(number << 3 | 4)
    if kind == 5:
        inner = b""
        for level in range(rng.choice([3, 97, 98, 99, 100, 101])):
            inner = (b"\x2a" if level % 2 else b"\x0a") + varint(len(inner)) + inner
        return inner
    if kind == 6:
        text = rng.choice([b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xff", b"\xef\xbf\xbd",
                           "é€😀".encode(), b"\xf0\x9f\x98", b"a\x00b", b"\xe0\x80\x80", b"\xf8\x88\x80\x80\x80"])
        return varint(number << 3 | 2) + varint(len(text)) + text
    if kind == 7:
        return varint(number << 3 | 2) + varint(2, rng.choice([0, 1, 2, 3, 4])) + b"\x08\x01"
    if kind == 8:
        return varint(number << 3 | 1) + struct.pack("<d", rng.choice([0.0, -0.0, float("nan"), float("inf"), 1e300]))
    if kind == 9:
        return varint(number << 3 | 5) + struct.pack("<I", rng.randrange(2**32))
    if kind == 10:
        return varint(number << 3) + varint(rng.choice([0, 1, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1]))
    if kind == 11:
        return varint(number << 3 | rng.choice([4, 6, 7]))
    if kind == 12:
        size = rng.choice([0, 1, 7, 8, 9, 15, 16, 17])
        return varint(number << 3 | 2) + varint(size) + bytes(size)
    parts = b"".join(hazard(rng) for _ in range(rng.randrange(4)))
    return varint(number << 3 | 2) + varint(len(parts)) + parts


def pieces(rng, descriptor, depth=0):
    """Mostly well-formed fields of a message type, in any order, at times with the wrong wire type."""
    out = b""
    for _ in range(rng.randrange(6 if depth < 6 else 2)):
        if rng.random() < 0.08:
            out += hazard(rng)
            continue
        field = rng.choice(descriptor.fields)
        if field.message_type is not None:
            inner = pieces(rng, field.message_type, depth + 1)
            out += varint(field.number << 3 | 2) + varint(len(inner)) + inner
        elif field.type in (field.TYPE_STRING, field.TYPE_BYTES):
            text = rng.choice([b"", b"x", "früh".encode(), bytes(16), b"0123456789abcdef", b"01234567", b"\xff"])
            out += varint(field.number << 3 | 2) + varint(len(text)) + text
        elif field.type in (field.TYPE_FIXED64, field.TYPE_DOUBLE):
            out += varint(field.number << 3 | 1) + rng.randbytes(8)
        elif field.type == field.TYPE_FIXED32:
            out += varint(field.number << 3 | 5) + rng.randbytes(4)
        else:
            out += varint(field.number << 3) + varint(rng.getrandbits(rng.choice([0, 1, 2, 32, 33, 64])))
    return out


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        at = rng.randrange(len(data) + 1)
        size = rng.choice([1, 1, 2, 4, 16, 64])
        kind = rng.randrange(8)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == 2:
            del data[at:at + size]
        elif kind == 3:
            data[at:at] = rng.randbytes(size)
        elif kind == 4:
            del data[at:]
        elif kind == 5:
            source = rng.randrange(len(data) + 1)
            data[at:at] = data[source:source + size]
        elif kind == 6:
            data[at:at] = hazard(rng)
        elif at < len(data):
            data[at] = rng.choice([0, 1, 127, 128, 255])
    return bytes(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("descriptors")
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    rng = random.Random(seed)

    files = descriptor_pb2.FileDescriptorSet()
    files.ParseFromString(pathlib.Path(options.descriptors).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    types = {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in TYPES}
    traces = TYPES[0]

    seeds = []
    for path in sorted(options.corpus.glob("*.pb")):
        data = path.read_bytes()
        batch = types[traces].FromString(data)
        if len(data) < 8192:
            seeds.append(data)
        for resource in batch.resource_spans:
            small = types[traces]()
            part = small.resource_spans.add()
            part.CopyFrom(resource)
            for scope in part.scope_spans:
                kept = rng.sample(list(scope.spans), min(2, len(scope.spans)))
                copies = [span.SerializeToString() for span in kept]
                del scope.spans[:]
                for copy in copies:
                    scope.spans.add().ParseFromString(copy)
            seeds.append(small.SerializeToString())
    cases = [(traces, data) for data in seeds] + [(name, b"") for name in TYPES]
    while len(cases) < options.cases:
        choice = rng.random()
        if choice < 0.5:
            cases.append((traces, mutate(rng, rng.choice(seeds))))
        elif choice < 0.9:
            name = rng.choice(TYPES)
            data = pieces(rng, types[name].DESCRIPTOR)
            cases.append((name, mutate(rng, data) if rng.random() < 0.3 else data))
        else:
            cases.append((rng.choice(TYPES), b"".join(hazard(rng) for _ in range(rng.randrange(1, 4)))))

    process = subprocess.Popen([options.peer], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def feed():
        try:
            for name, data in cases:
                process.stdin.write(bytes([len(name)]) + name.encode() + struct.pack(">I", len(data)) + data)
            process.stdin.close()
        except BrokenPipeError:
            pass

    threading.Thread(target=feed, daemon=True).start()
    accepted = disagreements = 0
    for index, (name, data) in enumerate(cases):
        head = process.stdout.read(5)
        if len(head) < 5:
            print(f"the peer ended at case {index} ({name}): {data.hex()}  (seed {seed})")
            return 1
        ours = head[0] == 1
        block = process.stdout.read(struct.unpack(">I", head[1:])[0])
        try:
            expected = types[name].FromString(data)
        except Exception:
            expected = None
        fault = None
        if ours != (expected is not None):
            fault = f"peer {'accepts' if ours else 'refuses: ' + block.decode()}, google.protobuf the opposite"
        elif ours:
            accepted += 1
            again = types[name].FromString(block)
            canonical = expected.SerializeToString(deterministic=True)
            if again.SerializeToString(deterministic=True) != canonical:
                fault = "the message encoded again is another message"
        if fault:
            disagreements += 1
            if disagreements <= 10:
                print(f"case {index} ({name}): {fault}\n  {data[:400].hex()}")
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{seed}-{index}.bin").write_bytes(data)
    print(f"seed {seed}: {len(cases)} cases, {accepted} accepted by both, {disagreements} disagreements")
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
