"""A codec in a process of its own that is asked for its numbers. Protocol: Benchmarks/README.md, "Peers"."""
import os, subprocess, sys


class Peer:
    def __init__(self, command, environment=None):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=os.environ | (environment or {}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, *words):
        """Sends one request and returns the answer's line."""
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            sys.exit(f"error: {os.path.basename(self.command[0])} ended on the request: {' '.join(map(str, words))}")
        return answer.rstrip("\n")

    def about(self, file):
        """Name, version and the works it has for the file."""
        name, version, *works = self.ask("about", file).split("\t")
        return name, version, works

    def allocations(self, work, file):
        """Calls of malloc and its kin in one run, or None where nothing counts them."""
        answer = self.ask("count", work, file)
        return None if answer == "-" else int(answer)


def counting(library):
    """The environment in which a peer counts its allocations. Swift hashes alike in every run of it."""
    return {"LD_PRELOAD": os.path.abspath(library), "SWIFT_DETERMINISTIC_HASHING": "1"}
