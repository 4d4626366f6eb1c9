#!/usr/bin/env python3
"""Records what the measurements of the store are made from: real programs, by our own collector.

Runs compilers, build tools, test suites, databases and a browser, two at a time, each in a control
group that the collector takes for a container of its own, and keeps what the collector sends: one
file NNNNN.otlp for each batch (an OTLP request in protobuf, not compressed), and in `workloads` a
line for each program, the container's id and its name. Nothing is committed: profiles of a machine
hold its names and paths.

    ./emberscope build && storage/bench/record.py --into DIRECTORY

Needs root and a built checkout, and takes a quarter of an hour, 1 GB in DIRECTORY and 4 GB for
what the programs write, which goes away. What is not installed is left out, and said. Code that is
compiled at run time is asked for its names, see docs/jit.md.
"""

import argparse
import concurrent.futures
import contextlib
import gzip
import hashlib
import http.server
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "collector/bench"))

import running  # noqa: E402
from running import Program  # noqa: E402

ADDRESS, METRICS = ("127.0.0.1", 14160), "127.0.0.1:14161"
AT_ONCE = 2
# Until a window is over, and sent.
SETTLE_SECONDS = 25
PERFMAP_SECONDS = 4
SAMPLING = "cpu-budget 100%\n"

PAGE = """<!doctype html><body><script>
const words = "stack frame sample series pod node window batch segment label".split(" ");
for (let round = 0; round < 60; round++) {
  const rows = Array.from({length: 4000}, (_, i) => ({i, name: words[(i * 7919) % 10] + i % 97}));
  rows.sort((a, b) => a.name.localeCompare(b.name) || a.i - b.i);
  const text = JSON.stringify(rows);
  const again = JSON.parse(text).filter((row) => /a.*[0-9]/.test(row.name));
  const table = document.createElement("table");
  for (const row of again.slice(0, 600)) {
    const cells = table.insertRow();
    cells.insertCell().textContent = row.i;
    cells.insertCell().textContent = row.name;
  }
  document.body.append(table);
  document.body.getBoundingClientRect();
  if (round % 3 == 2) document.body.replaceChildren();
}
</script>"""

CPP = """#include <bits/stdc++.h>
template <int N> std::map<std::string, std::vector<int>> grown(const std::string &text) {
  std::map<std::string, std::vector<int>> found;
  std::regex word("([a-z]+)" + std::to_string(N));
  for (std::sregex_iterator at(text.begin(), text.end(), word), end; at != end; ++at)
    found[(*at)[1]].push_back(N);
  std::sort(found[text].begin(), found[text].end(), std::greater<>());
  return found;
}
int main(int count, char **texts) {
  auto all = grown<0>(texts[0]);
""" + "".join(f"  all.merge(grown<{i}>(texts[{i % 3}]));\n" for i in range(1, 24)) + "}\n"

RUST = "use std::collections::*;\n" + "".join(
    f"""#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct S{i} {{ a: Vec<String>, b: BTreeMap<u32, Option<Box<S{max(0, i - 1)}>>>, c: [u8; {i + 1}] }}
pub fn f{i}(x: &[S{i}]) -> HashMap<S{i}, usize> {{
    x.iter().cloned().enumerate().map(|(n, s)| (s, n)).filter(|(_, n)| n % {i + 2} == 0).collect()
}}
"""
    for i in range(30)
) + "fn main() { println!(\"{:?}\", (f0(&[]), f29(&[]))); }\n"  # fmt: skip

SQL = """create table s(id integer primary key, pod text, stack int, value int);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000)
insert into s select i, 'pod-' || (i * 7919 % 200), i * 31 % 4001, i % 13 from n;
create index p on s(pod, stack);
select pod, count(distinct stack), sum(value) from s group by pod order by 3 desc limit 3;
select a.stack, sum(a.value * b.value) from s a join s b on b.id = a.value where a.pod like '%7'
  group by a.stack order by 2 limit 3;
select sum(v) from (select value + lag(value) over (partition by pod order by stack) v from s);
update s set value = value + 1 where stack between 100 and 900;
vacuum;
"""

PYTHON = """import ast, collections, difflib, fractions, json, pathlib, pickle, re, sys, textwrap
files = sorted(pathlib.Path(ast.__file__).parent.glob("*.py"))
for file in files:
    text = file.read_text(errors="replace")
    tree = ast.parse(text)
    names = collections.Counter(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))
    json.loads(json.dumps(names, indent=1))
    pickle.loads(pickle.dumps(ast.dump(tree)))
    re.findall(r"def (\\w+)\\((self|cls)?(?:, )?([^)]*)\\)", text)
    textwrap.fill(text[:20000], 60)
    lines = text.splitlines()[:150]
    list(difflib.unified_diff(lines, [line for line in lines if "self" not in line]))
    sum(fractions.Fraction(len(line), n + 1) for n, line in enumerate(lines))
"""


def workloads(scratch, python):
    """By name: what must be installed, and a script that is run again and again."""
    jdk, go = running.java_home(), shutil.which("go")
    tell = "import os, sys; print(os.path.dirname(os.__file__)); print(sys.version_info >= (3, 12))"
    library, has_names = subprocess.check_output([python, "-c", tell], text=True).split()
    python = f"{python} -X perf" if has_names == "True" else python
    source, out, web = scratch / "source", scratch / "out", scratch / "web"
    clang = next(filter(shutil.which, ("clang++-19", "clang++", "clang++-14")), "clang++")
    node = "NODE_OPTIONS='--perf-basic-prof --interpreted-frames-native-stack'"
    java_sources = f"$(find {scratch}/jdk/java.base/java -name '*.java')"
    patch = f"-proc:none -nowarn --patch-module java.base={scratch}/jdk/java.base"
    golang = f"export GOCACHE={out}/$NAME GOTOOLCHAIN=local GOFLAGS=-mod=mod; rm -rf $GOCACHE;"
    found = {
        "maven": (
            "mvn",
            f"cd {source}; rm -rf */target; mvn -o -q -B package -DskipTests -pl base,profile",
        ),
        "javac": (f"{jdk}/bin/javac", f"{jdk}/bin/javac -d {out}/javac {patch} {java_sources}"),
        "javadoc": (
            f"{jdk}/bin/javadoc",
            f"{jdk}/bin/javadoc -quiet -Xdoclint:none -d {out}/javadoc --patch-module"
            f" java.base={scratch}/jdk/java.base $(find {scratch}/jdk/java.base/java/util"
            " -name '*.java')",
        ),
        "jlink": (
            f"{jdk}/bin/jlink",
            f"rm -rf {out}/jlink; {jdk}/bin/jlink --add-modules java.se,jdk.compiler"
            f" --compress zip-6 --output {out}/jlink",
        ),
        "go-build": ("go", f"{golang} go build -a std"),
        "go-vet": ("go", f"{golang} go vet std"),
        "go-bench": (
            "go",
            f"{golang} cd $(go env GOROOT)/src; go test -run NONE -bench . -benchtime 30ms"
            " encoding/json regexp sort compress/flate text/template go/parser",
        ),
        "gofmt": ("gofmt", "gofmt -s -d $(go env GOROOT)/src"),
        "python-compile": (
            "sh",
            f"rm -rf {out}/pyc; PYTHONPYCACHEPREFIX={out}/pyc {python} -m compileall -q"
            f" -f {library} -x 'bad|lib2to3'",
        ),
        "python-test": (
            "sh",
            f"cd {out}; {python} -m test test_json test_re test_decimal test_difflib"
            " test_pickle test_ast test_typing test_statistics test_email test_xml_etree",
        ),
        "python-scripts": ("sh", f"{python} {scratch}/scripts.py"),
        "node-tsc": ("node", f"cd {web} && {node} npx tsc -p tsconfig.json --noEmit"),
        "node-vite": ("node", f"cd {web}/app && {node} npx vite build --outDir {out}/vite"),
        "node-vitest": ("node", f"cd {web} && {node} npx vitest run --cache=false"),
        "node-prettier": ("node", f"cd {web} && {node} npx prettier --check ."),
        "chromium": (
            "chromium",
            f"cd {out}; chromium --headless --no-sandbox --disable-gpu --user-data-dir={out}/chromium"
            " --js-flags='--perf-basic-prof --interpreted-frames-native-stack'"
            f" --screenshot={out}/page.png file://{scratch}/page.html",
        ),
        "clang": (clang, f"{clang} -std=c++17 -O2 -g -c -o {out}/clang.o {scratch}/busy.cpp"),
        "gcc": ("g++", f"g++ -std=c++17 -O2 -g -c -o {out}/gcc.o {scratch}/busy.cpp"),
        "rustc": ("rustc", f"rustc -O -g --out-dir {out} {scratch}/busy.rs"),
        "sqlite": ("sqlite3", f"rm -f {out}/s.db; sqlite3 {out}/s.db < {scratch}/busy.sql"),
        "git": (
            "git",
            f"rm -rf {out}/git; git clone -q --bare {ROOT} {out}/git; cd {out}/git;"
            " git log -p --stat -M > /dev/null; git repack -q -adf; git fsck --no-progress",
        ),
        "postgres": ("pgbench", postgres(scratch)),
        "compress": (
            "zstd",
            f"zstd -q -f -12 -o {out}/a.zst {jdk}/lib/src.zip; zstd -q -f -d -o {out}/a"
            f" {out}/a.zst; head -c 20000000 {jdk}/lib/modules | xz -T1 -3 > {out}/a.xz;"
            f" head -c 40000000 {jdk}/lib/modules | bzip2 > {out}/a.bz2;"
            f" gzip -c {out}/a > {out}/a.gz",
        ),
        "files": (
            "tar",
            f"tar cf {out}/usr.tar /usr/include /usr/share/doc 2> /dev/null; grep -rcE"
            " 'int +main|struct [a-z]+_t' /usr/include > /dev/null; rm -rf"
            f" {out}/usr; mkdir {out}/usr; tar xf {out}/usr.tar -C {out}/usr; find {out}/usr -type"
            f" f | sort | xargs sha256sum | sort | uniq -c | sort -rn > {out}/sums",
        ),
    }
    missing = {name for name, (needs, _) in found.items() if not shutil.which(needs)}
    missing |= {name for name in found if name.startswith("go") and not go}
    for name in sorted(missing):
        print(f"{name}: {found[name][0]} is not installed", file=sys.stderr)
    return {name: script for name, (_, script) in found.items() if name not in missing}


def postgres(scratch):
    """A server and its clients, for as long as the script may run."""
    home = next(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), pathlib.Path("/usr/bin"))
    data, user = scratch / "postgres", "runuser -u postgres --"
    return (
        f"mkdir -p {data} && chown postgres {data} && cd {data} && rm -rf db"
        f" && {user} {home}/initdb -D {data}/db -A trust > /dev/null"
        f" && {{ {user} {home}/postgres -D {data}/db -k {data} -c listen_addresses= & }}"
        f" ; sleep 3; {user} {home}/pgbench -h {data} -i -s 5 postgres"
        f" ; {user} {home}/pgbench -h {data} -c 4 -T 1000 postgres"
    )


def prepare(scratch):
    """What the programs work on."""
    # Programs of other users must get to theirs.
    scratch.chmod(0o755)
    for name in ("source", "out", "jdk", "out/javac"):
        (scratch / name).mkdir()
    archive = subprocess.Popen(["git", "-C", ROOT, "archive", "HEAD"], stdout=subprocess.PIPE)
    subprocess.check_call(["tar", "x", "-C", scratch / "source"], stdin=archive.stdout)
    archive.wait()
    # Node.js writes into the directory that it is started in.
    shutil.copytree(ROOT / "web", scratch / "web", symlinks=True)
    sources = running.java_home() / "lib/src.zip"
    if sources.exists():
        shutil.unpack_archive(sources, scratch / "jdk")
    for name, text in {
        "page.html": PAGE,
        "busy.cpp": CPP,
        "busy.rs": RUST,
        "busy.sql": SQL,
        "scripts.py": PYTHON,
    }.items():
        (scratch / name).write_text(text)


def container_of(name):
    return hashlib.sha256(name.encode()).hexdigest()


class Group:
    """A control group that looks like a container."""

    def __init__(self, name):
        mounts = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
        unified = next(line.split()[4] for line in mounts if " - cgroup2 " in line)
        self.path = pathlib.Path(unified) / "emberscope-record" / container_of(name)
        self.path.mkdir(parents=True, exist_ok=True)

    def enter(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def processes(self):
        return [int(line) for line in (self.path / "cgroup.procs").read_text().split()]

    def end(self):
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, 9)

    def remove(self):
        """Ends what is left in it."""
        for _ in range(200):
            self.end()
            with contextlib.suppress(OSError):
                self.path.rmdir()
                self.path.parent.rmdir()
            if not self.path.exists():
                break
            time.sleep(0.05)


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what the collector sends."""

    into = pathlib.Path()
    lock = threading.Lock()
    kept = 0
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        with Receiver.lock:
            (Receiver.into / f"{Receiver.kept:05}.otlp").write_bytes(body)
            Receiver.kept += 1
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def name_java(groups, done):
    """Asks the JVMs in the groups, now and then, to tell the names of what they compiled."""
    jcmd = running.java_home() / "bin/jcmd"
    while not done.wait(PERFMAP_SECONDS):
        for process in [p for group in groups.values() for p in group.processes()]:
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                if pathlib.Path(f"/proc/{process}/comm").read_text().startswith("java"):
                    subprocess.run(
                        [jcmd, str(process), "Compiler.perfmap"],
                        capture_output=True,
                        timeout=10,
                        check=False,
                    )


def run(name, script, group, scratch, seconds):
    """Runs the script again and again for so long."""
    environment = dict(
        os.environ, NAME=name, JAVA_TOOL_OPTIONS="-XX:+PreserveFramePointer", CI="true"
    )
    command = ["bash", "-c", f"while :; do ( {script} ); sleep 0.1; done"]
    with open(scratch / f"{name}.log", "wb") as log:
        with Program(command, log, env=environment, preexec_fn=group.enter):
            time.sleep(seconds)
        group.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--into", type=pathlib.Path, required=True, help="an empty directory")
    parser.add_argument("--frequency", type=int, default=997)
    parser.add_argument("--seconds", type=int, default=60, help="for each program")
    parser.add_argument("--python", default="python3", help="3.12 or newer tells its names")
    parser.add_argument("--only", help="names of programs, with commas between them")
    options = parser.parse_args()
    running.need_root("record.py")
    options.into.mkdir(parents=True, exist_ok=True)
    if any(options.into.iterdir()):
        sys.exit(f"{options.into}: not empty")

    Receiver.into = options.into
    maps = set(pathlib.Path("/tmp").glob("perf-*.map"))
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        prepare(scratch)
        programs = workloads(scratch, options.python)
        if options.only:
            programs = {name: programs[name] for name in options.only.split(",")}
        groups = {name: Group(name) for name in programs}
        for group in groups.values():
            stack.callback(group.remove)
        receiver = http.server.ThreadingHTTPServer(ADDRESS, Receiver)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        stack.callback(receiver.shutdown)
        (scratch / "sampling.conf").write_text(SAMPLING)
        log = stack.enter_context(open(scratch / "collector.log", "ab"))
        command = [ROOT / "emberscope", "collect", "--data", scratch / "agent"]
        command += ["--frequency", options.frequency, "--memory", "1GiB"]
        command += ["--sampling", scratch / "sampling.conf", "--metrics-listen", METRICS]
        command += ["--server", "http://{}:{}".format(*ADDRESS)]
        program = stack.enter_context(Program(command, log, env=running.AS_BUILT))
        running.await_ready(program, METRICS)

        done = threading.Event()
        namer = threading.Thread(target=name_java, args=(groups, done))
        namer.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                runs = {
                    name: pool.submit(run, name, script, groups[name], scratch, options.seconds)
                    for name, script in programs.items()
                }
                for name, one in runs.items():
                    one.result()
                    print(f"{name}: recorded, {Receiver.kept} batches in all", flush=True)
        finally:
            done.set()
            namer.join()
        time.sleep(SETTLE_SECONDS)
        counters = running.get(METRICS, "/metrics")
        lines = [f"{container_of(name)} {name}\n" for name in programs]
        (options.into / "workloads").write_text("".join(lines))
        for line in counters.splitlines():
            if "dropped_samples_total" in line and not line.endswith(" 0") and line[0] != "#":
                print(line)
        logs = options.into / "logs"
        logs.mkdir()
        for file in scratch.glob("*.log"):
            shutil.copy(file, logs)
    for file in set(pathlib.Path("/tmp").glob("perf-*.map")) - maps:
        file.unlink()


if __name__ == "__main__":
    main()
