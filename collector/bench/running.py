"""What the measurements beside other profilers share: programs that are ended by their id, our
server and collector, and questions to them."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent.parent
READY_SECONDS = 60
END_SECONDS = 30
AS_BUILT = dict(os.environ, EMBERSCOPE_BUILD="never")


class Program:
    """A process, with all that it starts, that is ended when the block is left."""

    def __init__(self, command, log=None, **options):
        self.log = log or subprocess.DEVNULL
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
            **options,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(signal.SIGTERM)

    def end(self, number):
        """Sends the signal to all of its group, and returns what they used once it is over."""
        for last in (number, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, last)
            end = time.monotonic() + END_SECONDS
            while self.process.returncode is None and time.monotonic() < end:
                pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
                if pid:
                    self.process.returncode = os.waitstatus_to_exitcode(status)
                    return usage.ru_utime + usage.ru_stime
                time.sleep(0.05)
        return 0.0

    def cpu_seconds(self):
        """Of all its threads until now."""
        fields = (
            pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def get(address, path, **parameters):
    query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
    with urllib.request.urlopen(f"http://{address}{path}{query}", timeout=60) as answer:
        return answer.read().decode()


def ask(address, path, **parameters):
    return json.loads(get(address, path, **parameters))


def metric(text, name):
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def await_ready(program, address):
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        if program.process.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError, OSError):
            get(address, "/ready")
            return program
        time.sleep(0.02)
    sys.exit(f"not ready: {program.process.args}\n{pathlib.Path(program.log.name).read_text()}")


def server(stack, scratch, address):
    """Our server, until the stack is left."""
    log = stack.enter_context(open(scratch / "server.log", "ab"))
    command = [ROOT / "emberscope", "server", "--listen", address, "--data", scratch / "data"]
    return await_ready(stack.enter_context(Program(command, log, env=AS_BUILT)), address)


def collector(stack, scratch, address, metrics, rate):
    """Our collector, until the stack is left."""
    log = stack.enter_context(open(scratch / "collector.log", "ab"))
    command = [ROOT / "emberscope", "collect", "--data", scratch / "agent", "--frequency", rate]
    command += ["--metrics-listen", metrics, "--server", f"http://{address}"]
    return await_ready(stack.enter_context(Program(command, log, env=AS_BUILT)), metrics)


def java_home():
    find = f"ROOT='{ROOT}'; . '{ROOT}/scripts/need.sh'; need_jdk; echo $JAVA_HOME"
    return pathlib.Path(subprocess.check_output(["bash", "-c", find], text=True).strip())


def need_root(script):
    if os.geteuid() != 0:
        sys.exit(f"{script}: not root (expected: root, as only root can sample the machine)")
