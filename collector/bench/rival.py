#!/usr/bin/env python3
"""What a sample takes in the kernel, beside another eBPF profiler on the same loads, and what each
takes as a process, beside `perf record --call-graph dwarf` too.

They take turns, never two at once, round after round. Time and runs are those that the kernel
counts for each one's perf_event programs; what these call by tail calls is in them. What perf does
in the kernel nobody counts. The program of known depth is the sampler's own, without frame
pointers, one on each CPU. Prints Markdown.

  rival.py --rival 'ebpf-profiler -collection-agent 127.0.0.1:4317 -disable-tls \\
      -samples-per-second {hz}'

See at the receiver that it had whole stacks by then: what it does not know yet costs it little.

Needs root, a built checkout (./emberscope build), gcc, clang, perf, and a receiver for the other
one.
"""

import argparse
import contextlib
import ctypes
import os
import pathlib
import platform
import shlex
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import beside
import running

SERVER, METRICS = "127.0.0.1:14240", "127.0.0.1:14241"
BPF_CALL = {"x86_64": 321, "aarch64": 280}
BPF_ENABLE_STATS = 32
# Innermost frames of the program of known depth, and what calls main.
OTHER_FRAMES = 4
PERF_STACK_BYTES = 16384


def count_run_time():
    """Has the kernel count as long as the descriptor is open, whatever others set meanwhile."""
    which = ctypes.create_string_buffer(struct.pack("I", 0))
    number = BPF_CALL[platform.machine()]
    descriptor = ctypes.CDLL(None, use_errno=True).syscall(number, BPF_ENABLE_STATS, which, 4)
    if descriptor < 0:
        sys.exit(f"BPF statistics: {os.strerror(ctypes.get_errno())}")
    return descriptor


def children(pid):
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += children(int(child))
    return found


def nanos_and_runs(program):
    """Of all perf_event programs that it and its children hold."""
    found = {}
    for pid in children(program.process.pid):
        for descriptor in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
            with contextlib.suppress(OSError):
                fields = dict(
                    line.split(":", 1)
                    for line in descriptor.read_text().splitlines()
                    if ":" in line
                )
                # 7 is BPF_PROG_TYPE_PERF_EVENT.
                if fields.get("prog_type", "").strip() == "7":
                    found[fields["prog_id"]] = int(fields["run_time_ns"]), int(fields["run_cnt"])
    return [sum(column) for column in zip(*found.values())] or [0, 0]


@contextlib.contextmanager
def ours(scratch, hz):
    with contextlib.ExitStack() as stack:
        yield running.collector(
            stack, pathlib.Path(tempfile.mkdtemp(dir=scratch)), SERVER, METRICS, hz
        )


@contextlib.contextmanager
def theirs(command, scratch, hz):
    with open(scratch / "rival.log", "ab") as log:
        with running.Program(shlex.split(command.replace("{hz}", str(hz))), log) as program:
            yield program


def cost(profiler, settle, seconds):
    """(microseconds a sample, samples, % of a core as a process)"""
    with profiler as program:
        time.sleep(settle)
        before, cpu = nanos_and_runs(program), program.cpu_seconds()
        time.sleep(seconds)
        nanos, runs = (b - a for a, b in zip(before, nanos_and_runs(program)))
        if not runs:
            sys.exit(f"no sample was taken: {program.process.args}")
        return nanos / 1e3 / runs, runs, 100 * (program.cpu_seconds() - cpu) / seconds


def cost_of_perf(scratch, hz, seconds):
    """(% of a core as a process, megabytes a minute)"""
    perf = beside.Perf(scratch, hz, PERF_STACK_BYTES)
    perf.start()
    time.sleep(seconds)
    perf.stop()
    perf.data.unlink()
    return 100 * perf.cpu / perf.seconds, perf.bytes * 60 / perf.seconds / 1e6


def deep(depth):
    def load(scratch, stack):
        program = scratch / "bare"
        source = running.ROOT / "bpf/src/test/c/stacks.c"
        options = ["-O1", "-fno-optimize-sibling-calls", "-fomit-frame-pointer"]
        subprocess.check_call(["gcc", *options, "-o", program, source])
        for cpu in sorted(os.sched_getaffinity(0)):
            command = ["taskset", "-c", cpu, program, "deep", depth - OTHER_FRAMES, 10**9]
            stack.enter_context(running.Program(command))

    return load


def compilers(scratch, stack):
    for cpu in sorted(os.sched_getaffinity(0)):
        own = scratch / f"{cpu}"
        own.mkdir()
        beside.clang(own, stack)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rival", required=True, help="its command; {hz} stands for the rate")
    parser.add_argument("--rates", default="97,997", help="Hz")
    parser.add_argument("--depths", default="9,33,63,123", help="user frames")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--settle", type=int, default=15, help="seconds until it knows the programs that run"
    )
    parser.add_argument("--seconds", type=int, default=5, help="of a measurement")
    options = parser.parse_args()
    running.need_root("rival.py")
    loads = {f"{depth} frames": deep(int(depth)) for depth in options.depths.split(",")}
    loads["clang"] = compilers
    with contextlib.ExitStack() as outer:
        scratch = pathlib.Path(outer.enter_context(tempfile.TemporaryDirectory()))
        scratch.chmod(0o755)
        outer.callback(os.close, count_run_time())
        running.server(outer, scratch, SERVER)
        print(
            "| Hz | load | Emberscope, µs a sample | the other | ratio | samples of each"
            " | processes, % of a core: Emberscope / the other / perf | perf, MB/min |"
        )
        print("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
        for hz in options.rates.split(","):
            for name, load in loads.items():
                with contextlib.ExitStack() as stack:
                    load(
                        pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir=scratch))),
                        stack,
                    )
                    both, perf = [[], []], []
                    for _ in range(options.rounds):
                        profilers = ours(scratch, hz), theirs(options.rival, scratch, hz)
                        for runs, profiler in zip(both, profilers):
                            runs.append(cost(profiler, options.settle, options.seconds))
                        perf.append(cost_of_perf(scratch, hz, options.seconds))
                print(row(hz, name, both, perf), flush=True)


def row(hz, name, both, perf):
    medians = [statistics.median(run[0] for run in runs) for runs in both]
    spans = [
        f"{m:.2f} ({min(runs)[0]:.2f} to {max(runs)[0]:.2f})" for m, runs in zip(medians, both)
    ]
    samples = " / ".join(str(sum(run[1] for run in runs)) for runs in both)
    cpu = [statistics.median(run[2] for run in runs) for runs in both]
    cpu.append(statistics.median(run[0] for run in perf))
    processes = " / ".join(f"{each:.2f}" for each in cpu)
    written = f"{statistics.median(run[1] for run in perf):.0f}"
    cells = [hz, name, *spans, f"{medians[0] / medians[1]:.2f}", samples, processes, written]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
