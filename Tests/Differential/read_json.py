#!/usr/bin/env python3
"""Holds the hand-written JSON reader against google.protobuf's: same verdict, same message.

    read_json.py PEER DESCRIPTORS CORPUS_FOLDER [--cases N] [--seed S]

PEER is the built `codec-peer`, DESCRIPTORS a file that `protoc --descriptor_set_out --include_imports` wrote from
proto/. Cases are what google.protobuf prints of the corpus, and random documents in every spelling of every type, some
of them wrong. Each goes through both, ids as hexadecimal digits to ours and as base64 to google.protobuf, which is where
OTLP's mapping differs. Left out is where google.protobuf itself takes more than its mapping says (`"inf"`, `true` for a
number, characters that are no base64) or takes snake_case. Exit code 1 when there was a disagreement.
"""
import argparse, base64, json, pathlib, random, struct, subprocess, sys, threading
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

TYPES = ["opentelemetry.proto.trace.v1.TracesData", "opentelemetry.proto.trace.v1.Span",
         "opentelemetry.proto.common.v1.AnyValue", "opentelemetry.proto.common.v1.KeyValue",
         "opentelemetry.proto.resource.v1.Resource",
         "opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse"]
IDS = {"trace_id", "span_id", "parent_span_id"}
WHOLE = ["0", "1", "-1", "7.0", "12e2", "1200e-2", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295",
         "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615",
         "18446744073709551616", "-0", "0.0", "1.5", "1e-1", '"0"', '"17"', '"-17"', '"18446744073709551615"', '"1.0"',
         '"2e3"', '"x"', '""', '" 1"', '"1 "', '"0x1"', "[]", "{}", "01", "1.", ".5", "+1", "-", "1e", "1e400"]
REAL = ["0", "-0.0", "0.5", "1e16", "123456789.125", "0.1", "0.30000000000000004", "5e-324", "1.7976931348623157e308",
        "1e309", "-1e309", "17976931348623158079372897140530341507993413271003782693617377898044", '"NaN"', '"Infinity"',
        '"-Infinity"', '"0.25"', '"-1e3"', '"x"', '""', "[]", "{}", "1.", "-"]
TEXT = ['""', '"a"', '"service.name"', '"\\u0041\\n\\"\\\\\\/\\b\\f\\r\\t"', '"\\ud83d\\ude00"', '"é€😀"', '"\\u0000"',
        '"\x7f\u2028"', "1", "true", "[]", "{}", '"\\x"', '"\\u12"', '"\n"', '"\\ud800"', '"\\udc00\\ud800"', '"a']
UNKNOWN = ['"unknownKey":1', '"x":[{"y":[null,true,-1e5,{}]},[]]', '"":{}', '"\\u0061":"\\u0062"', '"TraceId":5',
           '"bad":[1,]', '"bad":{"a"}', '"bad":nul', '"bad":01']


def scalar(rng, field):
    """A value's text, for ours and for google.protobuf."""
    if field.enum_type is not None:
        text = rng.choice(["0", "1", "2", "3.0", "77", "-1", '"4"', f'"{rng.choice(field.enum_type.values).name}"',
                           "2147483648", "[]", "{}"])
    elif field.type == field.TYPE_BOOL:
        text = rng.choice(["true", "false", '"true"', "1", "[]", "tru"])
    elif field.type == field.TYPE_DOUBLE:
        text = rng.choice(REAL) if rng.random() < 0.5 else repr(rng.uniform(-1, 1) * 10 ** rng.randrange(-300, 300))
    elif field.type == field.TYPE_STRING:
        text = rng.choice(TEXT)
    elif field.type == field.TYPE_BYTES:
        if rng.random() < 0.03:
            return ('"abc"', "7") if field.name in IDS and rng.random() < 0.5 else ("7", "7")
        data = rng.randbytes(rng.choice([0, 1, 2, 3, 8, 16]))
        plain = base64.b64encode(data).decode()
        plain = rng.choice([plain, plain.rstrip("="), plain.replace("+", "-").replace("/", "_")])
        if field.name not in IDS:
            return f'"{plain}"', f'"{plain}"'
        digits = data.hex()
        return f'"{rng.choice([digits, digits.upper()])}"', f'"{plain}"'
    else:
        text = rng.choice(WHOLE) if rng.random() < 0.4 else rng.choice([str(rng.randrange(128)), f'"{rng.randrange(128)}"'])
    return text, text


def value(rng, field, depth):
    if rng.random() < 0.04:
        return ("null", "null") if rng.random() < 0.8 else ("5", "5") if field.message_type else ("{}", "{}")
    one = (lambda: document(rng, field.message_type, depth + 1)) if field.message_type else (lambda: scalar(rng, field))
    if not field.is_repeated:
        return one()
    pairs = [one() for _ in range(rng.choice([0, 1, 1, 2, 3]))]
    if rng.random() < 0.02:
        pairs.append(("null", "null"))
    return tuple(f"[{','.join(texts)}]" for texts in zip(*pairs)) if pairs else ("[]", "[]")


def document(rng, descriptor, depth=0):
    """An object's text, twice; mostly right, so that large ones are right at times."""
    fields = list(descriptor.fields)
    count = rng.randrange(min(len(fields), 4 if depth < 6 else 1) + 1)
    chosen = rng.sample(fields, count)
    oneof = [field for field in chosen if field.containing_oneof]
    if len(oneof) > 1 and rng.random() < 0.95:
        chosen = [field for field in chosen if not field.containing_oneof] + oneof[:1]
    if chosen and rng.random() < 0.01:
        chosen.append(chosen[0])
    members = []
    for field in chosen:
        for _ in range(4):
            ours, theirs = value(rng, field, depth)
            if field.message_type or rng.random() < 0.15 or sound(field, theirs):
                break
        members.append((f'"{field.json_name}":{ours}', f'"{field.json_name}":{theirs}'))
    if rng.random() < 0.05:
        text = rng.choice(UNKNOWN)
        members.insert(rng.randrange(len(members) + 1), (text, text))
    if not members:
        return "{}", "{}"
    space = rng.choice(["", "", "", " ", "\n\t\r "])
    return tuple("{" + space + ("," + space).join(texts) + space + "}" for texts in zip(*members))


def sound(field, text):
    """google.protobuf takes it, so that most of a document is right."""
    try:
        wrapped = f'{{"{field.json_name}":{text}}}'
        json_format.Parse(wrapped, message_factory.GetMessageClass(field.containing_type)())
        return True
    except Exception:
        return False


def mutated(rng, text):
    """One character of structure too many or too few."""
    at = rng.randrange(len(text))
    if rng.random() < 0.5:
        return text[:at] + rng.choice('{}[]",: 0') + text[at:]
    return text[:at] + text[at + 1:]


def hex_ids(value):
    if isinstance(value, dict):
        return {key: base64.b64decode(item).hex() if key in ("traceId", "spanId", "parentSpanId") else hex_ids(item)
                for key, item in value.items()}
    return [hex_ids(item) for item in value] if isinstance(value, list) else value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("descriptors")
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    rng = random.Random(seed)
    files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(options.descriptors).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    types = {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in TYPES}

    cases, mutants = [], set()
    for path in sorted(options.corpus.glob("*.pb")):
        theirs = json_format.MessageToJson(types[TYPES[0]].FromString(path.read_bytes()), use_integers_for_enums=True)
        cases.append((TYPES[0], json.dumps(hex_ids(json.loads(theirs)), ensure_ascii=rng.random() < 0.5), theirs))
    while len(cases) < options.cases:
        name = rng.choice(TYPES)
        ours, theirs = document(rng, types[name].DESCRIPTOR)
        # Escapes, base64 and enums' names are where google.protobuf takes more.
        if ours == theirs and not any(word in ours for word in ("\\u", "bytesValue", "kind", "code", 'Id"')) and rng.random() < 0.3:
            ours = theirs = mutated(rng, ours)
            mutants.add(len(cases))
        cases.append((name, ours, theirs))

    process = subprocess.Popen([options.peer], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def feed():
        try:
            for name, ours, _ in cases:
                data = ours.encode()
                name = "json:" + name
                process.stdin.write(bytes([len(name)]) + name.encode() + struct.pack(">I", len(data)) + data)
            process.stdin.close()
        except BrokenPipeError:
            pass

    threading.Thread(target=feed, daemon=True).start()
    accepted = disagreements = 0
    for index, (name, ours, theirs) in enumerate(cases):
        head = process.stdout.read(5)
        if len(head) < 5:
            print(f"the peer ended at case {index} ({name}): {ours}  (seed {seed})")
            return 1
        block = process.stdout.read(struct.unpack(">I", head[1:])[0])
        try:
            expected = json_format.Parse(theirs, types[name](), ignore_unknown_fields=True)
        except Exception as exception:
            expected = None
            # It refuses a key that stands twice also in what is ignored.
            if head[0] and "duplicate key" in str(exception):
                continue
        # It takes "017", ".5" and "1." where they are in quotes; such come of mutations alone.
        if expected is not None and b"a string that is not" in block and index in mutants:
            continue
        fault = None
        if (head[0] == 1) != (expected is not None):
            fault = f"peer {'accepts' if head[0] else 'refuses: ' + block.decode()}, google.protobuf the opposite"
        elif expected is not None:
            accepted += 1
            again = types[name].FromString(block).SerializeToString(deterministic=True)
            if again != expected.SerializeToString(deterministic=True):
                fault = "another message was read"
        if fault:
            disagreements += 1
            if disagreements <= 10:
                print(f"case {index} ({name}): {fault}\n  {ours[:600]!r}")
    print(f"read_json: seed {seed}: {len(cases)} documents, {accepted} accepted by both, {disagreements} disagreements")
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
