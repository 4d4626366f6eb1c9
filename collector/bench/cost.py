#!/usr/bin/env python3
"""What the collector costs the machine it watches, beside `perf record -a -g` in the same run.

Per load and rate, in turn: the collector, perf, the collector, perf. Each runs in a control group
of its own, whose CPU time and memory are read; the memory has the BPF maps in it, as the kernel
charges them to the group that makes them. The server runs outside of it. Prints a Markdown table.

Needs root and a built checkout (./emberscope build), and of Debian: g++ gcc python3 nodejs
linux-perf bpftool. Takes about 35 minutes with the default loads and rates.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import running
from running import AS_BUILT, BENCH, ROOT, Program, get, metric

CGROUPS = pathlib.Path("/sys/fs/cgroup")
BPF_STATS = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
SERVER, METRICS = "127.0.0.1:14040", "127.0.0.1:14041"
# The first windows are sent by then, and what is compiled and read at the start is done.
SETTLE_SECONDS = 25
STORM_RATE, STORM_MICROS = 500, 1500


class Group:
    """A control group, of either version, that is removed with all that is in it."""

    def __init__(self, name):
        if (CGROUPS / "memory").is_dir():
            self.memory, self.cpu = CGROUPS / "memory" / name, CGROUPS / "cpuacct" / name
        else:
            (CGROUPS / "cgroup.subtree_control").write_text("+memory +cpu")
            self.memory = self.cpu = CGROUPS / name
        self.version2 = self.memory == self.cpu
        for directory in {self.memory, self.cpu}:
            directory.mkdir(exist_ok=True)

    def enter(self):
        for directory in {self.memory, self.cpu}:
            (directory / "cgroup.procs").write_text(str(os.getpid()))

    def cpu_seconds(self):
        if self.version2:
            return int((self.cpu / "cpu.stat").read_text().split()[1]) / 1e6
        return int((self.cpu / "cpuacct.usage").read_text()) / 1e9

    def megabytes(self, peak=False):
        if self.version2:
            name = "memory.peak" if peak else "memory.current"
        else:
            name = "memory.max_usage_in_bytes" if peak else "memory.usage_in_bytes"
        return int((self.memory / name).read_text()) / 1e6

    def remove(self):
        for directory in {self.memory, self.cpu}:
            for _ in range(100):
                # What is charged to a group with no process is given back late.
                with contextlib.suppress(OSError):
                    directory.rmdir()
                    break
                time.sleep(0.1)


def bpf_nanos_and_runs():
    programs = json.loads(subprocess.check_output(["bpftool", "-j", "prog", "show"]))
    events = [program for program in programs if program["type"] == "perf_event"]
    return sum(p.get("run_time_ns", 0) for p in events), sum(p.get("run_cnt", 0) for p in events)


def collector(scratch, rate, seconds):
    """One run of the collector; returns what it cost."""
    group = Group("emberscope-cost-collector")
    data = tempfile.mkdtemp(dir=scratch)
    command = [ROOT / "emberscope", "collect", "--data", data, "--frequency", rate]
    command += ["--metrics-listen", METRICS, "--server", f"http://{SERVER}"]
    began = time.monotonic()
    with open(scratch / "collector.log", "ab") as log:
        with Program(command, log, preexec_fn=group.enter, env=AS_BUILT) as program:
            running.await_ready(program, METRICS)
            ready, start_cpu = time.monotonic() - began, group.cpu_seconds()
            time.sleep(SETTLE_SECONDS)
            cpu, before, bpf = group.cpu_seconds(), get(METRICS, "/metrics"), bpf_nanos_and_runs()
            began = time.monotonic()
            memory = []
            for _ in range(seconds):
                time.sleep(1)
                memory.append(group.megabytes())
            elapsed = time.monotonic() - began
            used, after = group.cpu_seconds() - cpu, get(METRICS, "/metrics")
            nanos, runs = (b - a for a, b in zip(bpf, bpf_nanos_and_runs()))

            def grown(name):
                return metric(after, name) - metric(before, name)

            result = {
                "ready": ready,
                "start": start_cpu,
                "settled": cpu,
                "cpu": 100 * used / elapsed,
                "bpf": 100 * nanos / 1e9 / elapsed,
                "us": nanos / 1e3 / max(1, runs),
                "memory": statistics.median(memory),
                "peak": group.megabytes(peak=True),
                "dropped": grown("emberscope_collector_dropped_samples_total"),
                "kb": grown("emberscope_collector_batch_bytes_total") / 1e3 * 60 / elapsed,
            }
    group.remove()
    return result


def perf(scratch, rate, seconds):
    group = Group("emberscope-cost-perf")
    data = scratch / "perf.data"
    command = ["perf", "record", "-q", "-a", "-g", "-e", "cpu-clock", "-F", rate]
    command += ["--no-buildid", "--no-buildid-cache", "-o", data]
    with Program(command, preexec_fn=group.enter):
        time.sleep(3)
        cpu, size = group.cpu_seconds(), data.stat().st_size
        time.sleep(seconds)
        used, grown = group.cpu_seconds() - cpu, data.stat().st_size - size
        result = {"cpu": 100 * used / seconds, "kb": grown / 1e3 * 60 / seconds}
    data.unlink()
    group.remove()
    return result


def java(scratch):
    """The command that runs Busy; compiled once, so that 8 of them do not compile it 8 times."""
    home = running.java_home()
    subprocess.check_call([f"{home}/bin/javac", "-d", scratch, BENCH / "Busy.java"])
    return [f"{home}/bin/java", "-Xmx64m", "-XX:+UseSerialGC", "-cp", scratch, "Busy"]


def loads(scratch):
    """The programs of each load."""
    native, storm = scratch / "busy", scratch / "storm"
    subprocess.check_call(["g++", "-O2", "-o", native, BENCH / "busy.cpp"])
    subprocess.check_call(["gcc", "-O2", "-o", storm, ROOT / "e2e/src/test/c/storm.c"])
    # Under this name the storm executes itself again.
    shutil.copy(storm, scratch / "shortlife")
    python, jvm, node = ["python3", BENCH / "busy.py"], java(scratch), ["node", BENCH / "busy.js"]
    few = [[native, 2]] * 60 + [python + [2]] * 92 + [node + [2]] * 40 + [jvm + [2]] * 8
    return {
        "idle": [],
        "busy": [[native], python, jvm],
        "processes": few,
        "storm": [[storm, STORM_RATE, 1_000_000, STORM_MICROS]],
    }


def median(results, name):
    return statistics.median(result[name] for result in results)


def row(load, rate, ours, theirs):
    cells = [load, f"{rate}"]
    cells += [f"{median(ours, 'cpu'):.2f}", f"{median(ours, 'bpf'):.2f}", f"{median(ours, 'us'):.1f}"]
    cells += [f"{median(ours, 'memory'):.0f} / {max(r['peak'] for r in ours):.0f}"]
    cells += [f"{median(ours, 'kb'):,.0f}", f"{sum(r['dropped'] for r in ours):.0f}"]
    cells += [f"{median(ours, 'ready'):.1f}", f"{median(ours, 'start'):.2f} / {median(ours, 'settled'):.2f}"]
    cells += [f"{median(theirs, 'cpu'):.2f}", f"{median(theirs, 'kb'):,.0f}"] if theirs else ["", ""]
    return "| " + " | ".join(cells) + " |"


HEAD = """\
| load | Hz | CPU, % of a core | BPF, % of a core | BPF, us a sample | memory, MB now / peak | sent, kB/min \
| dropped samples | ready after, s | CPU s until then / in 25 s | perf CPU, % of a core | perf, kB/min |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--loads", default="idle,busy,processes,storm")
    parser.add_argument("--rates", default="19,97,997", help="Hz")
    parser.add_argument("--seconds", type=int, default=30, help="that a run is measured for")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each; medians are shown")
    parser.add_argument("--no-perf", action="store_true", help="the collector alone")
    options = parser.parse_args()
    running.need_root("cost.py")
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # The server gives root up and has to find its directory.
        scratch.chmod(0o755)
        stats = BPF_STATS.read_text()
        stack.callback(BPF_STATS.write_text, stats)
        BPF_STATS.write_text("1")
        programs = loads(scratch)
        running.server(stack, scratch, SERVER)
        print(HEAD, flush=True)
        for load in options.loads.split(","):
            with contextlib.ExitStack() as burning:
                for command in programs[load]:
                    burning.enter_context(Program(command))
                time.sleep(10 if programs[load] else 0)
                for rate in options.rates.split(","):
                    ours, theirs = [], []
                    for _ in range(options.rounds):
                        ours.append(collector(scratch, rate, options.seconds))
                        if not options.no_perf:
                            theirs.append(perf(scratch, rate, options.seconds))
                    print(row(load, rate, ours, theirs), flush=True)


if __name__ == "__main__":
    main()
