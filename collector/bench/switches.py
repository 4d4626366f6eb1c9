#!/usr/bin/env python3
"""What sampling off-CPU time costs where threads wait all the time.

On each CPU two threads do nothing but wake each other. The collector runs all the time; its sampling
file is changed, in turn: off-CPU off, on, off, on. The cost of a wait is by how much longer one takes.
Prints a Markdown table.

Meanwhile the kernel does not group threads by session (autogroup): else it may leave the collector,
which has a session of its own and sleeps most of the time, without a CPU for seconds, whatever its
nice value. As a service it has no such group.

Needs root and a built checkout (./emberscope build), and of Debian: gcc python3 bpftool.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from cost import BPF_STATS, METRICS
from running import AS_BUILT, BENCH, ROOT, Program, await_ready, get, metric

AUTOGROUP = pathlib.Path("/proc/sys/kernel/sched_autogroup_enabled")

SETTINGS = {
    "waits of 1 ms or more": "off-cpu on\n",
    "one of 100 waits": "off-cpu on\noff-cpu-min 0us\noff-cpu-probability 0.01\n",
    "one of 10 waits": "off-cpu on\noff-cpu-min 0us\noff-cpu-probability 0.1\n",
    "every wait": "off-cpu on\noff-cpu-min 0us\n",
}
# The programs that see a wait begin and end. By interrupts, the first sees the end too, and the
# other only those that become samples.
NAMES = {
    "tracepoint": ("wait_begins", "wait_ends"),
    "interrupt": ("waits_change", "wait_interrupted"),
}


def waits_a_second(program, seconds):
    return float(subprocess.check_output([program, str(seconds)]))


def bpf(names):
    programs = json.loads(subprocess.check_output(["bpftool", "-j", "prog", "show"]))
    return {
        p["name"]: (p.get("run_time_ns", 0), p.get("run_cnt", 0))
        for p in programs
        if p.get("name") in names
    }


def nanos_a_run(names):
    found = bpf(names)
    return " / ".join(f"{nanos / max(1, runs):.0f}" for nanos, runs in (found.get(n, (0, 0)) for n in names))


def setting(file, text, names, expected):
    file.write_text(text)
    end = time.monotonic() + 20
    while bool(bpf(names)) != expected:
        if time.monotonic() > end:
            sys.exit(f"switches.py: off-CPU does not turn {'on' if expected else 'off'}")
        time.sleep(0.1)
    time.sleep(1)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=5, help="that a run is measured for")
    parser.add_argument("--rounds", type=int, default=4, help="pairs of runs; medians are shown")
    parser.add_argument("--by", choices=NAMES, default="tracepoint", help="how ends of waits are seen")
    options = parser.parse_args()
    names = NAMES[options.by]
    if os.geteuid() != 0:
        sys.exit("switches.py: not root (expected: root, as only root can sample the machine)")
    cpus = os.cpu_count()
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pingpong, file = scratch / "pingpong", scratch / "sampling.conf"
        subprocess.check_call(["gcc", "-O2", "-pthread", "-o", pingpong, BENCH / "pingpong.c"])
        for switch in BPF_STATS, AUTOGROUP:
            if switch.exists():
                stack.callback(switch.write_text, switch.read_text())
        if AUTOGROUP.exists():
            AUTOGROUP.write_text("0")
        # A budget would take fewer samples after half a minute.
        always = "cpu-budget 100%\n"
        file.write_text(always)
        log = stack.enter_context(open(scratch / "log", "ab"))
        command = [ROOT / "emberscope", "collect", "--data", scratch / "data", "--sampling", file]
        command += ["--off-cpu-by", options.by]
        command += ["--metrics-listen", METRICS, "--server", "http://127.0.0.1:9"]
        await_ready(stack.enter_context(Program(command, log, env=AS_BUILT)), METRICS)
        time.sleep(10)
        print("| off-CPU | waits a second, off / on | us more a wait | ns a run, begin / end | samples a second | dropped |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
        for name, text in SETTINGS.items():
            off, on, samples, dropped = [], [], [], []
            for _ in range(options.rounds):
                setting(file, always, names, False)
                off.append(waits_a_second(pingpong, options.seconds))
                setting(file, always + text, names, True)
                before = get(METRICS, "/metrics")
                on.append(waits_a_second(pingpong, options.seconds))
                after = get(METRICS, "/metrics")
                for list_, what in ((samples, "received_samples_total{profile=\"off_cpu\""), (dropped, "dropped_samples_total")):
                    name_ = f"emberscope_collector_{what}"
                    list_.append((metric(after, name_) - metric(before, name_)) / options.seconds)
            # Apart, as counting takes time too.
            BPF_STATS.write_text("1")
            setting(file, always, names, False)
            setting(file, always + text, names, True)
            waits_a_second(pingpong, options.seconds)
            runs = nanos_a_run(names)
            BPF_STATS.write_text("0")
            more = statistics.median(1e6 * cpus / b - 1e6 * cpus / a for a, b in zip(off, on))
            print(
                f"| {name} | {statistics.median(off):,.0f} / {statistics.median(on):,.0f} | {more:.2f} | {runs}"
                f" | {statistics.median(samples):,.0f} | {statistics.median(dropped):,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
