#!/usr/bin/env python3
"""Holds `spanwire decode` against google.protobuf: verdict, JSON and re-encoding.

Every corpus file's JSON must equal what google.protobuf's own printer gives after OTLP's rule for ids (hex) and enums
(numbers), its binary form must be the same message, and so must that of both texts; and on random mutations the exit code must be 0 exactly when
google.protobuf takes the bytes. Drawn from one seed (SEED).
"""

import argparse
import base64
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError

IDS = {"traceId", "spanId", "parentSpanId"}


def message_class(schema):
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(schema).read_bytes()).file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("opentelemetry.proto.trace.v1.TracesData"))


def otlp(value):
    """google.protobuf's JSON under OTLP's rule: ids as hex instead of base64."""
    if isinstance(value, list):
        return [otlp(item) for item in value]
    if isinstance(value, dict):
        return {key: base64.b64decode(item).hex() if key in IDS else otlp(item) for key, item in value.items()}
    return value


def decode(spanwire, form, data, source="protobuf"):
    return subprocess.run(
        [spanwire, "decode", "-", "--from", source, "--to", form], input=data, capture_output=True, timeout=60)


def accepted(message, data):
    try:
        # Of content that has not one known field nothing is understood, which is a fault (unknown_protobuf).
        return not data or bool(message.FromString(data).ListFields())
    except DecodeError:
        return False


def mutated(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        position = rng.randrange(len(data))
        which = rng.randrange(4)
        if which == 0:
            data[position] ^= 1 << rng.randrange(8)
        elif which == 1:
            data[position] = rng.randrange(256)
        elif which == 2:
            del data[position:position + rng.randrange(1, 9)]
        else:
            data[position:position] = rng.randbytes(rng.randrange(1, 9))
        if not data:
            data = bytearray(b"\x0a")
    return bytes(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spanwire", required=True)
    parser.add_argument("--schema", required=True, help="what protoc --descriptor_set_out wrote")
    parser.add_argument("--corpus", required=True, type=pathlib.Path)
    parser.add_argument("--mutations", type=int, default=300)
    arguments = parser.parse_args()
    seed = int(os.environ.get("SEED") or random.SystemRandom().getrandbits(32))
    print(f"decode: SEED={seed}", file=sys.stderr)
    rng, message, faults = random.Random(seed), message_class(arguments.schema), []

    files = sorted(arguments.corpus.glob("*.pb"))
    for file in files:
        data = file.read_bytes()
        if not accepted(message, data):
            continue
        wanted = message.FromString(data)
        shown = decode(arguments.spanwire, "json", data)
        expected = otlp(json_format.MessageToDict(wanted, use_integers_for_enums=True))
        try:
            if shown.returncode != 0 or json.loads(shown.stdout) != expected:
                faults.append(f"{file.name}: its JSON differs (exit {shown.returncode})")
        except ValueError:
            faults.append(f"{file.name}: what was printed is no JSON")
        again = decode(arguments.spanwire, "binary", data)
        if again.returncode != 0 or not accepted(message, again.stdout) or message.FromString(again.stdout) != wanted:
            faults.append(f"{file.name}: encoded again it is another message (exit {again.returncode})")
        for text in (shown.stdout, json.dumps(expected, sort_keys=True).encode()):
            read = decode(arguments.spanwire, "binary", text, "json")
            if read.returncode != 0 or read.stdout != again.stdout:
                faults.append(f"{file.name}: read from JSON it is another message (exit {read.returncode})")

    small = (arguments.corpus / "small.pb").read_bytes()
    refused = 0
    for _ in range(arguments.mutations):
        data = mutated(rng, small)
        takes, status = accepted(message, data), decode(arguments.spanwire, "json", data).returncode
        refused += not takes
        if (status == 0) != takes or status not in (0, 1, 3):
            with tempfile.NamedTemporaryFile(suffix=".pb", delete=False) as kept:
                kept.write(data)
            faults.append(f"exit {status} where google.protobuf {'accepts' if takes else 'refuses'}: {kept.name}")

    for fault in faults[:20]:
        print(f"decode: SEED={seed}: {fault}", file=sys.stderr)
    if not faults:
        print(f"decode: {len(files)} files with equal JSON both ways and binary, {arguments.mutations} mutations with equal "
              f"verdict ({refused} refused)")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
