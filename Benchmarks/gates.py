#!/usr/bin/env python3
"""Holds what our codec costs, counted and not timed, against the ceilings in Gates.txt.

    gates.py PEER --corpus FOLDER --counting LIBRARY --gates FILE [--record]

Counted are calls of malloc in one run after one that warms up, and instructions of RUNS runs under valgrind's callgrind.
Both repeat from run to run; instructions move a little with the C library and the processor (which memcpy it gets), which
is what their slack is for. --record writes the numbers of now as the new ceilings. Exit code 1 when a ceiling is passed.
"""
import argparse, math, os, pathlib, re, shutil, subprocess, sys, tempfile
from peers import Peer, counting

RUNS = 4
SLACK = {"allocations": 1.01, "instructions": 1.05}
HEAD = """\
# What the codec may cost for each span; `make gates` counts and compares. RECORD=1 writes the numbers anew: allocations
# with a slack of 1 % (none where there are none), instructions with one of 5 %. In a commit that raises a ceiling the body says why.
# work file measure recorded ceiling
"""


def allocations(peer, folder, library, work, file):
    with Peer([peer, folder], counting(library)) as counter:
        count = counter.allocations(work, file)
    if count is None:
        sys.exit("error: the library that counts allocations was not loaded")
    return count


def instructions(peer, folder, work, file):
    """Instructions of one run, its calls included; what stands around the runs is not counted."""
    with tempfile.TemporaryDirectory() as scratch:
        result = subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=*8measured*", f"--callgrind-out-file={scratch}/out",
             peer, folder],
            input=f"time {work} {file} 1 {RUNS}\n", capture_output=True, text=True,
            env=os.environ | {"SWIFT_DETERMINISTIC_HASHING": "1"})
    collected = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or collected is None or int(collected[1]) == 0:
        sys.exit(f"error: callgrind counted nothing for {work} of {file}:\n{result.stderr[-2000:]}")
    return int(collected[1]) / RUNS


def read(path):
    """(work, file, measure) → (recorded, ceiling)."""
    lines = [line.split() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {tuple(words[:3]): (float(words[3]), float(words[4])) for words in lines}


def up(value):
    """Rounded up to what is written in the file, so that the same count passes again."""
    return math.ceil(value * 1000 - 1e-6) / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("peer")
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--counting", required=True)
    parser.add_argument("--gates", required=True, type=pathlib.Path)
    parser.add_argument("--file", default="medium.pb")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("error: no valgrind; run scripts/install.sh gates")
    peer, file = os.path.abspath(options.peer), options.file
    with Peer([peer, options.corpus]) as asked:
        works = asked.about(file)[2]
        spans = int(asked.ask("result", "decode", file))
    known = read(options.gates) if options.gates.exists() else {}
    missing = {key for key in known if key[0] not in works}
    lines, failures = [HEAD.rstrip("\n")], [f"{' '.join(key)}: the codec no longer has this work" for key in missing]
    for work in works:
        for measure, slack in SLACK.items():
            count = (allocations(peer, options.corpus, options.counting, work, file) if measure == "allocations"
                     else instructions(peer, options.corpus, work, file)) / spans
            recorded, ceiling = known.get((work, file, measure), (None, None))
            before = "nothing recorded" if recorded is None else f"recorded {recorded:,.3f}, ceiling {ceiling:,.3f}"
            print(f"gate: {work} {file}: {count:,.3f} {measure} per span ({before})", flush=True)
            if ceiling is None:
                failures.append(f"{work} {file} {measure}: nothing recorded")
            elif up(count) > ceiling:
                failures.append(f"{work} {file}: {count:,.3f} {measure} per span, more than {ceiling:,.3f}")
            lines.append(f"{work} {file} {measure} {up(count):.3f} {up(count * slack):.3f}")
    if options.record:
        options.gates.write_text("\n".join(lines) + "\n")
        print(f"gates: recorded in {options.gates}")
    elif failures:
        sys.exit("error: gates failed (RECORD=1 make gates accepts the new numbers)\n  " + "\n  ".join(failures))


if __name__ == "__main__":
    main()
