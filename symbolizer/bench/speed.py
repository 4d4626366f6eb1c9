#!/usr/bin/env python3
"""Looking up functions, inlined functions and lines of a binary's addresses: ours beside
llvm-symbolizer and addr2line, in turns on the same machine.

Cold is a whole command that reads its addresses from a file: ours with the start of the JVM and with
making the symbol file. Warm are the same addresses once more in a process that has answered them
before. Prints Markdown: medians, the memory that each took at most, and how many answers are the
same as llvm-symbolizer's.

Needs a built checkout (./emberscope build), and of Debian: llvm-19 binutils libpython3-dbg.
"""

import argparse
import os
import pathlib
import random
import re
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "EMBERSCOPE_BUILD": "never"}
WARM_PASSES = 7


def sections(path):
    found = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True, check=True)
    for line in found.stdout.splitlines():
        if match := re.match(r" *\[ *\d+\] (\S+) +\S+ +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)", line):
            yield match[1], int(match[2], 16), int(match[4], 16)


def commands(path):
    return {
        "Emberscope": [ROOT / "emberscope", "debuginfo", "lookup", path],
        "llvm-symbolizer": ["llvm-symbolizer-19", "--inlines", f"--obj={path}"],
        "addr2line": ["addr2line", "-f", "-i", "-C", "-e", path],
    }


def cold(command, addresses):
    """Seconds, and megabytes of the largest of its processes."""
    with open(addresses) as given, tempfile.TemporaryFile() as found:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=given, stdout=found, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command}: status {process.returncode}")
        found.seek(0)
        return seconds, usage.ru_maxrss / 1000, found.read().decode(errors="replace")


def warm(command, addresses, count):
    """Seconds of each pass over all addresses."""
    text = pathlib.Path(addresses).read_bytes()
    passes = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT, bufsize=0
    ) as process:
        out = os.fdopen(os.dup(process.stdout.fileno()), "rb", buffering=1 << 20)
        for _ in range(WARM_PASSES):
            start = time.monotonic()
            # A pipe holds less than all of it, and whoever writes too much waits for us.
            writer = os.fork()
            if writer == 0:
                os.write(process.stdin.fileno(), b"")
                rest = memoryview(text)
                while rest:
                    rest = rest[os.write(process.stdin.fileno(), rest) :]
                os._exit(0)
            answered = 0
            while answered < count:
                if not (line := out.readline()):
                    raise SystemExit(f"{command}: ended early")
                answered += line == b"\n"
            passes.append(time.monotonic() - start)
            os.waitpid(writer, 0)
        process.stdin.close()
    return passes


def frames(text):
    """Answers, each without the column of a line, and as both name what is unknown."""
    answers = []
    for answer in text.strip().split("\n\n"):
        lines = answer.strip().split("\n")
        answers.append("\n".join(re.sub(r"^(.*:\d+):\d+$", r"\1", line) for line in lines))
    return answers


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--file", default="/usr/lib/x86_64-linux-gnu/libpython3.11d.so.1.0")
    parser.add_argument("--addresses", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    _, start, size = next(section for section in sections(options.file) if section[0] == ".text")
    debug = sum(size for name, _, size in sections(options.file) if name.startswith(".debug_"))
    chosen = random.Random(1).sample(range(start, start + size), options.addresses)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as given:
        given.write("".join(f"0x{address:x}\n" for address in chosen))
        given.flush()
        times, memory, answers = {}, {}, {}
        for _ in range(options.rounds):
            for name, command in commands(options.file).items():
                seconds, megabytes, text = cold(command, given.name)
                times.setdefault(name, []).append(seconds)
                memory[name] = max(memory.get(name, 0), megabytes)
                answers[name] = text
        again = {
            name: warm(command, given.name, options.addresses)
            for name, command in commands(options.file).items()
            if name != "addr2line"  # says nowhere where an answer ends
        }
    ours, theirs = frames(answers["Emberscope"]), frames(answers["llvm-symbolizer"])
    same = sum(map(str.__eq__, ours, theirs))
    print(f"{options.file}: {options.addresses} addresses, {debug / 1e6:.1f} MB of debug information\n")
    print("| | cold, s | all | most memory, MB | warm, us for each address | first pass |")
    print("| --- | ---: | --- | ---: | ---: | ---: |")
    for name, seconds in times.items():
        spread = " ".join(f"{second:.2f}" for second in sorted(seconds))
        row = f"| {name} | {statistics.median(seconds):.2f} | {spread} | {memory[name]:.0f} |"
        if name in again:
            micros = [second / options.addresses * 1e6 for second in again[name]]
            row += f" {statistics.median(micros[2:]):.2f} | {micros[0]:.1f} |"
        else:
            row += " | |"
        print(row)
    print(f"\n{same} of {len(theirs)} answers are llvm-symbolizer's.")


if __name__ == "__main__":
    main()
