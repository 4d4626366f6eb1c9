#!/usr/bin/env python3
"""Stacks and functions as the collector sees them, beside `perf record --call-graph dwarf`.

Both watch the same programs at the same time, load after load. A stack is complete if it reaches a
true root, that is, where its thread was started. Prints Markdown: what each cost, how complete its
stacks are, where the others end, and the functions with the most time of their own, side by side.

Needs root and a built checkout (./emberscope build), and of Debian: clang g++ gcc python3
postgresql linux-perf libc6-dbg; rustc from anywhere. perf's files, of some 60 MB, are deleted as
soon as they are read.
"""

import argparse
import collections
import contextlib
import functools
import math
import os
import pathlib
import pwd
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

import running
from symbols import function_name, has_name, is_kernel

SERVER, METRICS = "127.0.0.1:14140", "127.0.0.1:14141"
WINDOW_SECONDS = 10
# A window is stored some seconds after its end, and sent again if the server was busy.
STORED_SECONDS = 60
FRAMES_MAX = 1100
TOP = 20
ENDS = 6
NAME_MAX = 70
NODES_MAX = 1 << 20
ROOTS = {
    "_start", "__clone", "clone", "__clone3", "clone3", "start_thread", "thread_start",
    "ret_from_fork", "ret_from_fork_asm", "runtime.goexit.abi0", "runtime.goexit",
    "runtime.mstart.abi0", "runtime.rt0_go.abi0", "_rt0_amd64", "_dl_start_user",
}  # fmt: skip
# In these, a process has no memory any more, or not yet that of the program that it is to execute,
# so that there is no stack to walk.
STACKLESS = {"do_exit", "load_elf_binary", "begin_new_exec", "exec_mmap", "ret_from_fork"}
VM_THREADS = "(GC Thread|G1 |C1 Comp|C2 Comp|VM Thread|VM Period).*"


class View:
    """What a profiler saw of a load."""

    def __init__(self):
        self.samples = 0.0
        self.nameless = 0.0
        self.complete = 0.0
        self.stackless = 0.0
        self.ends = collections.Counter()
        self.functions = collections.Counter()

    def judge(self, names, user, weight, end):
        """Counts a stack, the innermost frame first; user: its frames without the kernel's."""
        if is_root(user) if user else names[-1] in ROOTS:
            self.complete += weight
        elif STACKLESS & set(names):
            self.complete += weight
            self.stackless += weight
        else:
            self.ends[end] += weight

    def share(self, function):
        return self.functions[function] / max(1, self.samples)


def is_root(names):
    """Whether the outermost of these frames, innermost first, is where a thread begins."""
    if names[-1] in ROOTS:
        return True
    # _start has no name in programs that are stripped.
    return (
        len(names) > 1
        and names[-1].startswith("(no name)")
        and names[-2].startswith("__libc_start_")
    )


# ---- perf ----


HEADER = re.compile(
    r"^\s*(?P<comm>.*?)\s+(?P<pid>-?\d+)/(?P<tid>-?\d+)\s+(?P<time>\d+\.\d+):\s*(?P<event>\S.*)?$"
)
FRAME = re.compile(
    r"^\s+(?P<address>[0-9a-f]+) (?P<name>.*) \((?P<binary>[^()]*(?:\([^()]*\))?[^()]*)\)$"
)
FORK = re.compile(r"PERF_RECORD_FORK\((\d+):(\d+)\):\((\d+):(\d+)\)")
COMM = re.compile(r"PERF_RECORD_COMM(?: exec)?: (.*):(\d+)/(\d+)$")
LOST = re.compile(r"PERF_RECORD_LOST(?:_SAMPLES)? lost (\d+)")


def children_cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Perf:
    """One run of perf record."""

    def __init__(self, scratch, rate, stack_bytes):
        self.data = scratch / "perf.data"
        self.program = None
        self.lost = 0
        self.log = open(scratch / "perf.log", "ab")
        self.command = ["perf", "record", "-q", "-a", "-e", "cpu-clock", "-F", rate, "-m", "4M"]
        self.command += ["--call-graph", f"dwarf,{stack_bytes}", "-k", "CLOCK_MONOTONIC"]
        # The collector asks the kernel for build ids, and perf reads such records only so.
        self.command += ["--buildid-mmap", "--no-buildid-cache", "-o", self.data]

    def start(self):
        self.program = running.Program(self.command, self.log)
        self.began = time.monotonic()

    def stop(self):
        if self.program:
            self.seconds = time.monotonic() - self.began
            self.cpu = self.program.end(signal.SIGINT)
            self.bytes = self.data.stat().st_size
            self.program = None

    def samples(self, first, last):
        """(process, thread, [(name, binary)]) of each sample taken between these times, idle ones
        left out; the innermost frame first. A process is called by what it last executed."""
        command = [
            "nice",
            "perf",
            "script",
            "-i",
            self.data,
            "--no-inline",
            "--no-demangle",
            "--ns",
        ]
        command += ["--max-stack", FRAMES_MAX, "--show-task-events", "--show-lost-events"]
        command += ["-F", "comm,pid,tid,time,ip,sym,dso"]
        names, sample = {}, None
        began = children_cpu_seconds()
        with subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            errors="replace",
        ) as script:
            for line in script.stdout:
                if sample and (frame := FRAME.match(line)):
                    sample[2].append((frame["name"], frame["binary"]))
                elif header := HEADER.match(line):
                    self.event(header["event"] or "", names)
                    pid, at = int(header["pid"]), float(header["time"])
                    if not header["event"] and pid > 0 and first <= at < last:
                        sample = (names.get(pid, header["comm"]), header["comm"], [])
                elif not line.strip():
                    if sample:
                        yield sample
                    sample = None
        self.reading_cpu = children_cpu_seconds() - began
        self.data.unlink()

    def event(self, text, names):
        if fork := FORK.search(text):
            child, _, parent, _ = (int(number) for number in fork.groups())
            if child != parent and parent in names:
                names[child] = names[parent]
        elif comm := COMM.search(text):
            if comm[2] == comm[3]:
                names[int(comm[2])] = comm[1]
        elif lost := LOST.search(text):
            self.lost += int(lost[1])


def seen_by_perf(samples, executables, threads):
    view = View()
    for process, thread, frames in samples:
        if process not in executables or not re.fullmatch(threads, thread):
            continue
        view.samples += 1
        names = [function_name(*frame) for frame in frames] or ["(no stack)"]
        view.functions[names[0]] += 1
        view.nameless += not (frames and has_name(frames[0][0]))
        user = [name for name, frame in zip(names, frames) if not is_kernel(frame[1])]
        outermost = (
            f"{user[-1]} of {os.path.basename(frames[-1][1])}" if user else "the kernel's part"
        )
        view.judge(names, user, 1, f"after {outermost}")
    return view


# ---- ours ----


def seen_by_us(rate, first, last, executables, threads):
    selector = f'{{executable=~"{"|".join(executables)}",thread_name=~"{threads}"}}'
    time_range = {"selector": selector, "from": first * 1000, "to": last * 1000}
    ask = functools.partial(running.ask, SERVER, **time_range)
    view, weight = View(), 1e9 / rate
    quality = ask("/api/v1/stack-quality")
    view.samples = quality["total"] / weight
    view.marked = quality["complete"] / max(1, quality["total"])
    for function in ask("/api/v1/top", limit=100000, demangle="none")["functions"]:
        self = function["self"] / weight
        view.functions[function_name(function["name"], function["binary"])] += self
        view.nameless += 0 if has_name(function["name"]) else self

    # Not by our own word: the roots are judged by name, as perf's are.
    graph = ask("/api/v1/flamegraph", format="json", maxNodes=NODES_MAX, demangle="none")
    nodes = graph["nodes"]
    path = []
    for level, self, index in zip(nodes["level"], nodes["self"], nodes["function"]):
        function = graph["functions"][index]
        del path[level:]
        path.append((function_name(function["name"], function["binary"]), function["kind"]))
        if not self:
            continue
        names = [name for name, _ in reversed(path)]
        user = [name for name, kind in reversed(path) if kind != "kernel"]
        # Outermost is the mark that says why, or what was taken for a root.
        view.judge(names, user, self / weight, " after ".join(name for name, _ in path[:2]))
    return view


def await_stored(last):
    """Until the collector has sent all windows that end by then."""
    end = time.monotonic() + STORED_SECONDS
    while time.monotonic() < end:
        points = running.ask(
            SERVER, "/api/v1/timeseries", **{"from": last * 1000, "to": "now", "step": "10s"}
        )
        # Windows are sent in order.
        if any(value for _, value in points["points"]):
            return
        time.sleep(1)


# ---- loads ----


CPP_HEAD = "#include <algorithm>\n#include <functional>\n#include <map>\n#include <regex>\n"
CPP_FUNCTION = """
struct TNUMBER {
  int a[SIZE];
  std::string s;
  bool operator<(const TNUMBER &o) const { return s < o.s; }
};
int fNUMBER(std::vector<TNUMBER> v, std::map<std::string, TNUMBER> &m) {
  std::sort(v.begin(), v.end());
  for (auto &t : v) m.emplace(t.s, t);
  std::function<int(int)> g = [&](int n) { return n < 2 ? n : g(n - 1) + int(m.size()); };
  return std::regex_match(v[0].s, std::regex("aNUMBER.*")) ? g(NUMBER) : v[0].a[0];
}
"""
RUST_HEAD = "use std::collections::{BTreeMap, HashMap};\n"
RUST_FUNCTION = """
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TNUMBER { a: [u8; SIZE], s: String }
pub fn fNUMBER(v: &[TNUMBER]) -> BTreeMap<String, Vec<TNUMBER>> {
    let mut m: HashMap<TNUMBER, usize> = HashMap::new();
    for t in v { *m.entry(t.clone()).or_default() += t.a.len() + NUMBER; }
    let mut w: Vec<_> = m.into_iter().filter(|(t, n)| n % 3 != 0 && !t.s.is_empty()).collect();
    w.sort();
    let mut r: BTreeMap<String, Vec<TNUMBER>> = BTreeMap::new();
    for (t, n) in w { r.entry(format!("{:?}{n}", t)).or_default().push(t); }
    r
}
"""


def source(head, function, count):
    """Many functions that differ, so that compiling them all takes seconds."""
    numbered = (
        function.replace("NUMBER", str(i)).replace("SIZE", str(i % 7 + 1)) for i in range(count)
    )
    return head + "".join(numbered)


def again(command):
    """A command that runs that one over and over."""
    return ["bash", "-c", 'while :; do "$@"; done', "again", *command]


def clang(scratch, stack):
    (scratch / "big.cpp").write_text(source(CPP_HEAD, CPP_FUNCTION, 60))
    command = ["clang", "-std=c++17", "-O2", "-c", scratch / "big.cpp", "-o", scratch / "big.o"]
    stack.enter_context(running.Program(again(command)))
    return {"clang", "clang-14"}, ".*"


def rustc(scratch, stack):
    (scratch / "big.rs").write_text(source(RUST_HEAD, RUST_FUNCTION, 120))
    found = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip()
    command = [
        f"{found}/bin/rustc",
        "--crate-type",
        "lib",
        "-C",
        "opt-level=2",
        "--cap-lints",
        "allow",
    ]
    stack.enter_context(
        running.Program(again(command + ["--out-dir", scratch, scratch / "big.rs"]))
    )
    return {"rustc"}, ".*"


def python(scratch, stack):
    # Under a name of its own, as other programs in Python run too.
    shutil.copy(os.path.realpath("/usr/bin/python3"), scratch / "beside-python")
    stack.enter_context(running.Program([scratch / "beside-python", running.BENCH / "busy.py"]))
    return {"beside-python"}, ".*"


def database(scratch, stack):
    bin_directory = next(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    user = pwd.getpwnam("postgres")
    data = scratch / "postgres"
    data.mkdir()
    os.chown(data, user.pw_uid, user.pw_gid)
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": data}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.check_call(
        [bin_directory / "initdb", "-D", data / "db", "-A", "trust"], **as_user, **quiet
    )
    options = ["-k", data, "-c", "listen_addresses=", "-c", "fsync=off"]
    stack.enter_context(
        running.Program([bin_directory / "postgres", "-D", data / "db", *options], **as_user)
    )
    bench = [bin_directory / "pgbench", "-h", data]
    time.sleep(5)
    subprocess.check_call(bench + ["-i", "-s", "5", "postgres"], **as_user, **quiet)
    clients = bench + ["-c", "4", "-T", "1000000", "postgres"]
    stack.enter_context(running.Program(clients, **as_user))
    return {"postgres"}, ".*"


def java(scratch, stack):
    home = running.java_home()
    subprocess.check_call([home / "bin/javac", "-d", scratch, running.BENCH / "Garbage.java"])
    own = scratch / "jdk"
    (own / "bin").mkdir(parents=True)
    (own / "lib").symlink_to(home / "lib")
    shutil.copy(home / "bin/java", own / "bin/beside-java")
    options = [
        "-Xmx256m",
        "-XX:+UseG1GC",
        "-XX:ParallelGCThreads=2",
        "-XX:ConcGCThreads=1",
        "-cp",
        scratch,
    ]
    stack.enter_context(running.Program([own / "bin/beside-java", *options, "Garbage"]))
    return {"beside-java"}, VM_THREADS


def storm(scratch, stack):
    program = scratch / "storm"
    subprocess.check_call(["gcc", "-O2", "-o", program, running.ROOT / "e2e/src/test/c/storm.c"])
    shutil.copy(program, scratch / "shortlife")
    stack.enter_context(running.Program([program, "500", "1000000", "1500"]))
    return {"storm", "shortlife"}, ".*"


LOADS = {
    "clang": clang,
    "rustc": rustc,
    "python": python,
    "database": database,
    "java": java,
    "storm": storm,
}


# ---- the report ----


def percent(share):
    return f"{100 * share:.2f}"


def ends(counter, samples):
    return "; ".join(
        f"{shortened(name)} {percent(count / max(1, samples))} %"
        for name, count in counter.most_common(ENDS)
    )


def report(load, seconds, ours, theirs, cost, perf):
    views = (ours, theirs)

    def shares(name):
        return [percent(getattr(view, name) / max(1, view.samples)) for view in views]

    rows = [
        ("samples", *(f"{view.samples:.0f}" for view in views)),
        ("complete, %", *shares("complete")),
        ("of these, no stack as the process begins or ends, %", *shares("stackless")),
        ("own time without a name, %", *shares("nameless")),
        (
            f"CPU of the profiler, s in {seconds} s",
            f"{cost['cpu']:.2f}",
            f"{perf.cpu * seconds / perf.seconds:.2f}",
        ),
        ("CPU to make stacks of its file, s", "", f"{perf.reading_cpu:.1f}"),
        (
            "written, MB/min",
            f"{cost['bytes'] * 60 / seconds / 1e6:.2f}",
            f"{perf.bytes * 60 / perf.seconds / 1e6:.0f}",
        ),
        ("samples lost", f"{cost['lost']:.0f}", perf.lost),
    ]
    print(f"\n### {load}\n\n| | Emberscope | perf |\n| --- | ---: | ---: |")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print(f"\nComplete by our own word: {percent(ours.marked)} %.", end=" ")
    print(f"Ends of ours: {ends(ours.ends, ours.samples) or 'none'}.", end=" ")
    print(f"Ends of perf's: {ends(theirs.ends, theirs.samples) or 'none'}.\n")
    print_functions(ours, theirs)


def print_functions(ours, theirs):
    tops = [[name for name, _ in view.functions.most_common(TOP)] for view in (ours, theirs)]
    every = list(dict.fromkeys(tops[0] + tops[1]))

    def difference(name):
        return ours.share(name) - theirs.share(name)

    def surprise(name):
        """The difference in standard deviations of what chance would make it."""
        p = (ours.functions[name] + theirs.functions[name]) / max(1, ours.samples + theirs.samples)
        spread = p * (1 - p) * (1 / max(1, ours.samples) + 1 / max(1, theirs.samples))
        return difference(name) / math.sqrt(spread) if spread else 0

    largest = max(every, key=lambda name: abs(difference(name)))
    print(f"{len(set(tops[0]) & set(tops[1]))} of the top {TOP} are the same.", end=" ")
    print(f"The largest difference is {100 * difference(largest):+.2f} points,", end=" ")
    print(f"{surprise(largest):+.1f} standard deviations of chance (`{shortened(largest)}`).\n")
    print("| function | ours, % | perf, % | in the top of |\n| --- | ---: | ---: | --- |")
    for name in sorted(every, key=lambda name: -max(ours.share(name), theirs.share(name))):
        where = [who for who, top in zip(("ours", "perf"), tops) if name in top]
        shown = "both" if len(where) == 2 else where[0]
        shares = f"{percent(ours.share(name))} | {percent(theirs.share(name))}"
        print(f"| `{shortened(name)}` | {shares} | {shown} |", flush=True)


def shortened(name):
    return name if len(name) <= NAME_MAX else name[: NAME_MAX - 3] + "..."


def totals(collecting):
    text = running.get(METRICS, "/metrics")
    return {
        "cpu": collecting.cpu_seconds(),
        "bytes": running.metric(text, "emberscope_collector_batch_bytes_total"),
        "lost": running.metric(text, "emberscope_collector_dropped_samples_total"),
    }


def measure(load, scratch, rate, stack_bytes, seconds, settle, collecting):
    with contextlib.ExitStack() as stack:
        own = scratch / load
        own.mkdir()
        own.chmod(0o755)
        executables, threads = LOADS[load](own, stack)
        time.sleep(settle)
        perf = Perf(own, rate, stack_bytes)
        stack.callback(perf.stop)
        # Whole windows of ours, and perf from before to after them.
        time.sleep((WINDOW_SECONDS - 2 - time.time()) % WINDOW_SECONDS)
        perf.start()
        time.sleep(WINDOW_SECONDS - time.time() % WINDOW_SECONDS)
        first, monotonic, before = round(time.time()), time.monotonic(), totals(collecting)
        time.sleep(seconds)
        after = totals(collecting)
        perf.stop()
    cost = {name: after[name] - before[name] for name in before}
    theirs = list(perf.samples(monotonic, monotonic + seconds))
    last = first + seconds
    await_stored(last)
    shown = (
        [(load, threads)]
        if threads == ".*"
        else [(f"{load}, native threads", threads), (f"{load}, all threads", ".*")]
    )
    for title, chosen in shown:
        view = seen_by_us(rate, first, last, sorted(executables), chosen)
        report(title, seconds, view, seen_by_perf(theirs, executables, chosen), cost, perf)
    shutil.rmtree(own)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--loads", default=",".join(LOADS))
    parser.add_argument("--rate", type=int, default=97, help="Hz")
    parser.add_argument(
        "--stack-bytes", type=int, default=16384, help="that perf copies of each stack"
    )
    parser.add_argument(
        "--seconds", type=int, default=20, help="that a load is watched for; a multiple of 10"
    )
    parser.add_argument(
        "--settle",
        type=int,
        default=15,
        help="seconds from the start of a load until it is watched",
    )
    options = parser.parse_args()
    running.need_root("beside.py")
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # The server gives root up and has to find its directory; so has the database.
        scratch.chmod(0o755)
        running.server(stack, scratch, SERVER)
        collecting = running.collector(stack, scratch, SERVER, METRICS, options.rate)
        for load in options.loads.split(","):
            measure(
                load,
                scratch,
                options.rate,
                options.stack_bytes,
                options.seconds,
                options.settle,
                collecting,
            )


if __name__ == "__main__":
    main()
