#!/usr/bin/env python3
"""Compares `spanwire decode --to json` with google.protobuf, for given files.

    Tests/Differential/compare_json.py SPANWIRE FILE.pb...

Each file holds an encoded opentelemetry.proto.trace.v1.TracesData. What google.protobuf refuses has to be refused, what
it accepts has to give the same JSON, once its base64 ids are hexadecimal (the one exception of OTLP's JSON mapping),
and has to be encoded again to an equal message. The schema comes from proto/, by protoc.
"""

import base64
import json
import pathlib
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message, message_factory

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRACE_PROTO = "opentelemetry/proto/trace/v1/trace.proto"
ID_FIELDS = {"traceId", "spanId", "parentSpanId"}


def traces_data_class():
    """The class of TracesData, made from proto/."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(
            ["protoc", f"-I{ROOT / 'proto'}", "--include_imports", f"--descriptor_set_out={file.name}", TRACE_PROTO],
            check=True,
        )
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(file.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for one in files.file:
        pool.Add(one)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("opentelemetry.proto.trace.v1.TracesData"))


def with_hex_ids(value):
    """The same document with ids as hexadecimal digits. Attribute keys are values here, so no name can be mistaken."""
    if isinstance(value, dict):
        return {
            key: base64.b64decode(item).hex() if key in ID_FIELDS else with_hex_ids(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [with_hex_ids(item) for item in value]
    return value


def difference(spanwire, path, traces_data):
    """What differs, in words; None when all agrees."""
    payload = path.read_bytes()
    try:
        expected = traces_data.FromString(payload)
        # Of content that has not one known field nothing is understood, which is a fault (unknown_protobuf).
        if payload and not expected.ListFields():
            expected = None
    except message.DecodeError:
        expected = None

    def decode(to):
        command = [spanwire, "decode", str(path), "--from", "protobuf", "--quiet", "--to", to]
        return subprocess.run(command, capture_output=True)

    shown = decode("json")
    if (shown.returncode == 0) != (expected is not None):
        return f"exit code {shown.returncode}, google.protobuf {'accepts' if expected is not None else 'refuses'}"
    if expected is None:
        return None
    reference = json_format.MessageToJson(expected, use_integers_for_enums=True)
    if json.loads(shown.stdout) != with_hex_ids(json.loads(reference)):
        return "the JSON differs"
    if traces_data.FromString(decode("binary").stdout) != expected and b"NaN" not in shown.stdout:
        return "encoded again, the message differs"
    return None


def main(spanwire, *paths):
    traces_data = traces_data_class()
    differing = 0
    for path in map(pathlib.Path, paths):
        words = difference(spanwire, path, traces_data)
        if words:
            differing += 1
            print(f"{path}: {words}")
    print(f"{len(paths)} files, {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
