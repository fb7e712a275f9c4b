#!/usr/bin/env python3
"""Runs our codec and its rivals over the same payloads in one run and prints their numbers and the ratios.

    compare.py --counting LIBRARY [--rounds N] [--files FILE…] PEER PEER…

PEER is a command line; the first is ours. Peers take turns, in another order each round, so that what disturbs the
machine disturbs them alike; of each work the best sample of all rounds counts, since disturbance only ever adds time.
All numbers but ratios depend on the machine.
"""
import argparse, contextlib, platform, random, re, shlex, subprocess, time
from peers import Peer, counting

SAMPLE_NANOSECONDS = 200_000
VISIT_NANOSECONDS = 20_000_000

# Ours, rival and its work, and how many times as fast we must and aim to be on the medium payload.
BAR = [("views", "swift-protobuf", "decode", 18, 28), ("views", "C++ libprotobuf", "decode:arena", 5, 8),
       ("views", "upb (Python)", "decode", 4, 7), ("decode", "swift-protobuf", "decode", 6, 9),
       ("decode", "C++ libprotobuf", "decode:heap", 3, 5), ("decode", "C++ libprotobuf", "decode:arena", 1.5, 2.5),
       ("encode", "swift-protobuf", "encode", 16, 25), ("encode", "C++ libprotobuf", "encode", 1.2, 1.8),
       ("encode", "protobuf-c", "encode", 2.2, 4), ("encode", "upb (Python)", "encode", 2.2, 4)]
# Works that gates count and no rival has.
TRANSPORT = {"hand-over", "receive"}
OURS = {"views": "read with views", "decode": "read into records", "encode": "write"}
NOTES = {"decode:heap": "decode, heap", "decode:arena": "decode, arena", "decode:block": "decode, arena with its own block",
         "decode:malloc": "decode, malloc", "decode:bump": "decode, bump allocator"}


class Row:
    """One work of one peer on one file."""

    def __init__(self, peer, name, version, work, file):
        self.peer, self.name, self.version, self.work, self.file = peer, name, version, work, file
        self.nanoseconds = float("inf")
        self.allocations = None

    def calibrate(self):
        once = float(self.peer.ask("time", self.work, self.file, 3, 1))
        self.repeats = max(1, round(SAMPLE_NANOSECONDS / once))
        self.samples = max(1, round(VISIT_NANOSECONDS / (once * self.repeats)))

    def visit(self):
        best = float(self.peer.ask("time", self.work, self.file, self.samples, self.repeats))
        self.nanoseconds = min(self.nanoseconds, best)


def measure(commands, files, rounds, seed, library):
    """All rows, ours first, and of each file spans and bytes."""
    rows, sizes = [], {}
    with contextlib.ExitStack() as stack:
        for command in commands:
            peer = stack.enter_context(Peer(command))
            counter = stack.enter_context(Peer(command, counting(library)))
            for file in files:
                name, version, works = peer.about(file)
                for work in works:
                    if work in TRANSPORT:
                        continue
                    row = Row(peer, name, version, work, file)
                    row.allocations = counter.allocations(work, file)
                    check(row, sizes)
                    rows.append(row)
        for row in rows:
            row.calibrate()
        order, rng = list(rows), random.Random(seed)
        for _ in range(rounds):
            rng.shuffle(order)
            for row in order:
                row.visit()
    return rows, {file: (size["decode"], size["encode"]) for file, size in sizes.items()}


def check(row, sizes):
    """All must read as many spans, and write as many bytes, as the first did."""
    kind = "encode" if row.work == "encode" else "decode"
    result = int(row.peer.ask("result", row.work, row.file))
    expected = sizes.setdefault(row.file, {}).setdefault(kind, result)
    if result != expected:
        raise SystemExit(f"error: {row.name}, {row.work} of {row.file}: {result} where {expected} were expected")


def table(rows, file, spans, size):
    """The file's numbers in Markdown, once for reading and once for writing."""
    ours = {row.work: row for row in rows if row.name == rows[0].name and row.file == file}
    lines = [f"## {file}: {spans:,} spans, {size:,} bytes"]
    for title, kinds in [("Read", ["views", "decode"]), ("Write", ["encode"])]:
        present = [kind for kind in kinds if kind in ours]
        head = [title, "", "ns/span", "MB/s", "allocations/span"] + [f"{OURS[kind]} is … × as fast" for kind in present]
        lines += ["", "| " + " | ".join(head) + " |", "|---|---|" + "---:|" * (len(head) - 2)]
        for row in rows:
            if row.file != file or row.work.partition(":")[0] not in kinds:
                continue
            is_ours = row.name == rows[0].name
            what = OURS[row.work] if is_ours else NOTES.get(row.work, row.work)
            ratios = ["–" if row is ours[kind] else f"{row.nanoseconds / ours[kind].nanoseconds:.2f}" for kind in present]
            allocations = "–" if row.allocations is None else f"{row.allocations / spans:.2f}"
            cells = [f"**{row.name}**" if is_ours else row.name, what, f"{row.nanoseconds / spans:,.0f}",
                     f"{size / row.nanoseconds * 1e3:,.0f}", allocations] + ratios
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def bar(rows, file, others, sizes):
    """Where the numbers of the medium payload stand against what is asked of them, and those of others against it."""
    known = {(row.name, row.work, row.file): row for row in rows}
    mine = rows[0].name
    lines = [f"## The bar, on {file}", "", "| | now | must | aim | |", "|---|---:|---:|---:|---|"]

    def line(what, now, must, aim, good):
        verdict = "aim reached" if good(now, aim) else "met" if good(now, must) else "**short**"
        lines.append(f"| {what} | {now:.2f} | {must} | {aim} | {verdict} |")

    for work, name, other, must, aim in BAR:
        row, rival = known.get((mine, work, file)), known.get((name, other, file))
        if rival is None:
            continue
        what = f"{OURS[work]}, × as fast as {name}, {NOTES.get(other, other)}"
        if row is None:
            lines.append(f"| {what} | – | {must} | {aim} | not there yet |")
        else:
            line(what, rival.nanoseconds / row.nanoseconds, must, aim, lambda now, limit: now >= limit)
    for work in OURS:
        row = known.get((mine, work, file))
        if row and work != "decode" and row.allocations is not None:
            line(f"{OURS[work]}, allocations", row.allocations, 0, 0, lambda now, limit: now <= limit)
        for other in others if row else []:
            if other_row := known.get((mine, work, other)):
                cost = other_row.nanoseconds / sizes[other][1] / (row.nanoseconds / sizes[file][1])
                line(f"{OURS[work]}, cost per byte of {other} against {file}", cost, 1.5, 1.1,
                     lambda now, limit: now <= limit)
    return lines


def first_line(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    return (result.stdout or result.stderr).splitlines()[0].strip()


def machine(rows):
    """What the numbers hold for; nothing that names a machine."""
    with open("/proc/cpuinfo") as file:
        text = file.read()
    model = re.search(r"model name\s*:\s*(.*)", text)
    cores = text.count("processor\t")
    versions = {row.name: row.version for row in rows if row.name != rows[0].name}
    swift = re.search(r"Swift version \S+", first_line("swift", "--version"))
    return [f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC. {model[1].strip() if model else platform.machine()}, "
            f"{cores} cores, {platform.freedesktop_os_release()['PRETTY_NAME']}. {swift[0] if swift else 'Swift'}, "
            f"{first_line('g++', '--version')}, Python {platform.python_version()}. "
            + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
            "protobuf-c checks no UTF-8; Python's upb makes no objects for the parts it has read; swift-protobuf and upb "
            "write into a new buffer each time, all others into one that they keep."]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--counting", required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--files", nargs="+", default=["medium.pb"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("peers", nargs="+", metavar="PEER")
    options = parser.parse_args()
    commands = [shlex.split(peer) for peer in options.peers]
    rows, sizes = measure(commands, options.files, options.rounds, options.seed, options.counting)
    lines = machine(rows)
    for file in options.files:
        lines += ["", *table(rows, file, *sizes[file])]
    if "medium.pb" in options.files:
        lines += ["", *bar(rows, "medium.pb", ["large.pb", "wide.pb", "deep.pb"], sizes)]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
