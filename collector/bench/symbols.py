"""Names of functions for comparing profilers: the same function may have several, and who looks for
debug files knows more of them than who does not."""

import bisect
import functools
import os
import pathlib
import re
import subprocess

DEBUG_FILES = pathlib.Path("/usr/lib/debug/.build-id")
BINDINGS = {"GLOBAL": 0, "WEAK": 1, "LOCAL": 2}
UNNAMED = re.compile(r"(?P<binary>.*)\+0x(?P<address>[0-9a-f]+)$")
CLONE = re.compile(r"\.(isra|part|constprop|cold|llvm|lto_priv)\b.*$")


def readelf(option, file):
    command = ["readelf", "-W", option, file]
    return subprocess.run(command, capture_output=True, text=True, errors="replace").stdout


class Binary:
    """The functions of a file and of its debug file."""

    def __init__(self, path):
        found = self.symbols(path)
        if build_id := re.search(r"Build ID: ([0-9a-f]+)", readelf("-n", path)):
            debug = DEBUG_FILES / build_id[1][:2] / f"{build_id[1][2:]}.debug"
            if debug.exists():
                found += self.symbols(debug)
        best, self.address = {}, {}
        for address, size, binding, name in found:
            self.address[name] = address
            rank = (BINDINGS.get(binding, 3), len(name), name)
            if address not in best or rank < best[address][0]:
                best[address] = (rank, size, name)
        self.starts = sorted(best)
        self.best = best

    @staticmethod
    def symbols(file):
        found = []
        for fields in map(str.split, readelf("-s", file).splitlines()):
            if (
                len(fields) >= 8
                and fields[3] in ("FUNC", "IFUNC", "NOTYPE")
                and fields[6].isdigit()
            ):
                name = fields[7].partition("@")[0]
                found.append((int(fields[1], 16), int(fields[2], 0), fields[4], name))
        return found

    def at(self, address):
        """The function at an address of the binary's own numbering, or None."""
        index = bisect.bisect_right(self.starts, address) - 1
        if index < 0:
            return None
        _, size, name = self.best[self.starts[index]]
        # What is written in assembly often has no size, and goes on until the next.
        return name if not size or address < self.starts[index] + size else None

    def chosen(self, name):
        """One of the names that a function has."""
        address = self.address.get(name)
        return name if address is None else self.best[address][2]


class Kernel:
    def __init__(self):
        names = {}
        self.address = {}
        for line in pathlib.Path("/proc/kallsyms").read_text().splitlines():
            address, _, name = line.split()[:3]
            self.address[name] = address
            names[address] = min(names.get(address, name), name, key=lambda name: (len(name), name))
        self.names = names

    def chosen(self, name):
        return self.names.get(self.address.get(name), name)


@functools.cache
def binary_of(path):
    return Binary(path) if os.path.isfile(path) else None


@functools.cache
def kernel_names():
    return Kernel()


def is_kernel(binary):
    return binary.startswith(("[kernel", "[guest.kernel")) or binary.endswith((".ko", ".ko.xz"))


def has_name(name):
    return name not in ("", "[unknown]", "[anon]") and not UNNAMED.match(name)


@functools.cache
def function_name(name, binary):
    """The name that a function has in the comparison. Without a name, it counts for its binary."""
    if is_kernel(binary):
        return CLONE.sub("", kernel_names().chosen(name))
    file = binary_of(binary)
    if unnamed := UNNAMED.match(name):
        name = (file and file.at(int(unnamed["address"], 16))) or "[unknown]"
    if name == "[anon]" or re.fullmatch(r"perf-\d+\.map", os.path.basename(binary)):
        return "(made at run time)"
    if not has_name(name):
        return f"(no name) {os.path.basename(binary)}"
    # perf names stubs after what they lead to, and tells versions.
    name = name.partition("@")[0]
    return CLONE.sub("", file.chosen(name) if file else name)
