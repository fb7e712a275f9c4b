#!/usr/bin/env python3
"""Writes dumps of bytes of every length from 1 to 64 by real programs: FOLDER/NAME.dumps, one file a program.

usage: dumps.py FOLDER SCRATCH

A file has for each dump a line `@ HEX` with the bytes that the lines below it, up to the next such line, stand for. The
bytes are from one seed, so that a file changes only when its program writes something else. Half of them are such that
their text looks like bytes or like the dump's own marks.
"""
import io, random, struct, subprocess, sys
from contextlib import redirect_stdout
from scapy.all import hexdump

folder, scratch = sys.argv[1:3]


def contents(length, random):
    """For each length two: one whose text looks like hexadecimal digits, one of a kind that changes with the length."""
    hexlike = b"0123456789abcdefABCDEF"
    yield bytes(random.choice(hexlike + b" ") for _ in range(length))
    kinds = [
        lambda: bytes(random.randrange(256) for _ in range(length)),
        lambda: (b"1000 dead beef 00 0a " * 4)[:length],
        lambda: bytes(random.choice(b" |<>*:.") for _ in range(length)),
        lambda: b"\0" * length,
        lambda: b" " * length,
        lambda: bytes(random.choice(b"\0\xff\n\r\t 0") for _ in range(length)),
        lambda: (b"0010  31 30 30 30" * 4)[:length],
    ]
    yield kinds[length % len(kinds)]()


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode("latin-1")


def by_file(*command):
    def dump(content):
        path = f"{scratch}/content"
        with open(path, "wb") as file:
            file.write(content)
        return content, run(*command, path)
    return dump


def capture(link, packet):
    path = f"{scratch}/capture.pcap"
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link))
        file.write(struct.pack("<IIII", 1790000000, 0, len(packet), len(packet)) + packet)
    return path


def tshark(content):
    # A link type for users' own: the packet is the content and nothing else.
    return content, run("tshark", "-x", "-r", capture(147, content))


def tcpdump(option):
    def dump(content):
        # The smallest packet that tcpdump shows once: IP without anything inside. Bytes behind it belong to it.
        packet = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(content), 0, 0, 64, 253, 0, 0x7F000001, 0x7F000001) + content
        return packet, run("tcpdump", "-n", option, "-r", capture(101, packet))
    return dump


def scapy(content):
    text = io.StringIO()
    with redirect_stdout(text):
        hexdump(content)
    return content, text.getvalue() + "\n"


programs = {
    "tshark": tshark,
    "scapy": scapy,
    "tcpdump-x": tcpdump("-x"),
    "tcpdump-X": tcpdump("-X"),
    "xxd": by_file("xxd"),
    "xxd-a": by_file("xxd", "-a"),
    "xxd-b": by_file("xxd", "-b"),
    "xxd-c20-g1": by_file("xxd", "-c", "20", "-g", "1"),
    "xxd-e": by_file("xxd", "-e"),
    "xxd-p": by_file("xxd", "-p"),
    "hexdump": by_file("hexdump"),
    "hexdump-C": by_file("hexdump", "-C"),
    "hexdump-x": by_file("hexdump", "-x"),
    "hexdump-b": by_file("hexdump", "-b"),
    "od": by_file("od"),
    "od-tx1": by_file("od", "-tx1"),
    "od-Ax-tx1z": by_file("od", "-A", "x", "-t", "x1z"),
    "od-Ad-tx1": by_file("od", "-A", "d", "-t", "x1"),
    "od-tx4": by_file("od", "-tx4"),
    "od-tu1": by_file("od", "-tu1"),
}

for name, dump in programs.items():
    source = random.Random(12)
    with open(f"{folder}/{name}.dumps", "w", encoding="latin-1", newline="") as file:
        for length in range(1, 65):
            for content in contents(length, source):
                dumped, text = dump(content)
                file.write(f"@ {dumped.hex()}\n{text}")
