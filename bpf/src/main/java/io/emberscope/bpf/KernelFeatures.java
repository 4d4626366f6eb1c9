package io.emberscope.bpf;

import io.emberscope.bpf.KernelFeature.State;
import io.emberscope.bpf.OwnProcess.Capability;
import io.emberscope.bpf.SamplerOptions.Unwinding;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Finds out what this kernel and these privileges allow, by trying it: versions lie, since
/// distributions carry features back and locks forward.
public final class KernelFeatures {
    private static final int PERF_TYPE_HARDWARE = 0;
    private static final int PERF_TYPE_SOFTWARE = 1;
    private static final int PERF_COUNT_HW_CPU_CYCLES = 0;
    private static final int PERF_COUNT_SW_CPU_CLOCK = 0;
    private static final int PERF_COUNT_SW_DUMMY = 9;
    private static final int KALLSYMS_LINES_MAX = 64;
    private static final int FILE_BYTES_MAX = 1 << 20;
    private static final String AS_ROOT =
            "run as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE (CAP_SYS_ADMIN before"
                    + " Linux 5.8)";

    private final Path root;
    private boolean isOfThisHost;
    private final List<KernelFeature> found = new ArrayList<>();

    private KernelFeatures(Path root) {
        this.root = root;
    }

    /// Tries everything once; takes a few milliseconds and leaves nothing behind. Never fails: what
    /// cannot be found out is [State#UNKNOWN].
    public static List<KernelFeature> probe() {
        return probe(Path.of("/"));
    }

    /// @param root where `proc` and `sys` are
    static List<KernelFeature> probe(Path root) {
        KernelFeatures features = new KernelFeatures(root);
        features.btf();
        if (features.nativeLibrary()) {
            features.isOfThisHost = root.equals(Path.of("/"));
            features.capabilities();
            features.perfEvents();
            features.hardwareCounters();
            features.sideBand();
            features.ringBuffer();
            features.samplerLoads();
            features.unwinding();
            features.waits();
            features.tasks();
            features.perfLink();
            features.bpfLoop();
            features.mapFiles();
        }
        features.kptrRestrict();
        features.cgroups();
        features.lockdown();
        features.paranoid();
        features.maxSampleRate();
        features.maxStack();
        return List.copyOf(features.found);
    }

    private void btf() {
        Path file = root.resolve("sys/kernel/btf/vmlinux");
        if (Files.isReadable(file)) {
            ok("BTF", file + " is there");
        } else {
            missing(
                    "BTF",
                    file + " is not there",
                    "the sampler: it fits itself to the kernel by these type descriptions",
                    "use a kernel built with CONFIG_DEBUG_INFO_BTF=y (Debian 11, Ubuntu 20.10,"
                            + " RHEL 8.2 and later have it)");
        }
    }

    private boolean nativeLibrary() {
        try {
            NativeLibrary.load();
            ok("native library", "loaded, with the system's libbpf");
            return true;
        } catch (BpfException e) {
            missing(
                    "native library",
                    message(e),
                    "everything that needs the kernel; the features that are tried through it are"
                            + " not listed",
                    "see the message");
            return false;
        }
    }

    private void capabilities() {
        try {
            List<Capability> held = OwnProcess.capabilities();
            List<Capability> wanted =
                    List.of(
                            Capability.BPF,
                            Capability.PERFMON,
                            Capability.SYS_PTRACE,
                            Capability.SYSLOG,
                            Capability.DAC_READ_SEARCH,
                            Capability.CHECKPOINT_RESTORE);
            List<Capability> lacking = new ArrayList<>(wanted);
            lacking.removeAll(held);
            // CAP_SYS_ADMIN stands for those that were split from it later.
            if (held.contains(Capability.SYS_ADMIN)) {
                lacking.removeAll(
                        List.of(
                                Capability.BPF,
                                Capability.PERFMON,
                                Capability.SYSLOG,
                                Capability.CHECKPOINT_RESTORE));
            }
            if (lacking.isEmpty()) {
                ok("capabilities", "all that are wanted; held: " + held);
            } else {
                missing(
                        "capabilities",
                        "lacking " + lacking + "; held: " + held,
                        "whatever the features below say",
                        AS_ROOT);
            }
        } catch (BpfException e) {
            unknown("capabilities", message(e), "", AS_ROOT);
        }
    }

    private void perfEvents() {
        int errno = Natives.tryPerfEvent(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, true);
        outcome(
                "perf events",
                "sampling the CPU clock",
                errno,
                "the sampler",
                AS_ROOT + "; in a container allow the system call perf_event_open (seccomp)");
    }

    private void hardwareCounters() {
        int errno = Natives.tryPerfEvent(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, true);
        outcome(
                "hardware counters",
                "sampling CPU cycles",
                errno,
                "sampling by cycles, which sees kernel code that masks interrupts; the CPU clock is"
                        + " used instead",
                "nothing on most virtual machines; else expose the PMU to the guest");
    }

    private void sideBand() {
        int errno = Natives.tryPerfEvent(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY, false);
        outcome(
                "side band",
                "a perf event without samples",
                errno,
                "names and mappings of processes that live for milliseconds",
                AS_ROOT);
    }

    private void ringBuffer() {
        outcome(
                "BPF ring buffer",
                "making a map of that kind",
                Natives.tryRingBuffer(),
                "the sampler",
                "Linux 5.8 or later; " + AS_ROOT);
    }

    private void samplerLoads() {
        object(
                "BPF sampler",
                "sampler-bounded.bpf.o",
                "the sampler",
                "see the message; " + AS_ROOT);
    }

    private void bpfLoop() {
        object(
                "bpf_loop",
                "loop.bpf.o",
                "nothing: user stacks are walked in a loop that the verifier follows instead",
                "Linux 5.17 or later");
    }

    /// Tried with each of the programs that could do it.
    private void unwinding() {
        String name = "stacks by unwind tables";
        String lost = "the callers in code without frame pointers, which is most code";
        if (!System.getProperty("os.arch", "").equals("amd64")) {
            missing(name, "not on this architecture", lost, "use x86-64");
            return;
        }
        String[] log = {""};
        try {
            for (Unwinding how : List.of(Unwinding.TABLES, Unwinding.TABLES_BOUNDED)) {
                if (Natives.tryUnwinding(NativeLibrary.object(how.object()), log) == 0) {
                    ok(
                            name,
                            how == Unwinding.TABLES
                                    ? "the verifier accepts it"
                                    : "the verifier accepts it without bpf_loop");
                    return;
                }
            }
            missing(name, log[0].strip(), lost, "see the message; " + AS_ROOT);
        } catch (BpfException e) {
            unknown(name, message(e), lost, "see the message");
        }
    }

    private void tasks() {
        object(
                "stacks not in memory",
                "task_work.bpf.o",
                "the callers in stacks of which a part was written to disk",
                "Linux 6.18 or later");
    }

    private void waits() {
        String name = "off-CPU time";
        String lost = "samples of the time in which threads wait";
        String how =
                "Linux 6.16 or later, or x86-64 without PREEMPT_RT; built with BTF; " + AS_ROOT;
        String[] log = {""};
        try {
            WaitEnd end = WaitEnd.best();
            // As with the sampler: with bpf_loop, and without.
            for (Unwinding unwinding : List.of(Unwinding.TABLES, Unwinding.TABLES_BOUNDED)) {
                byte[] object = NativeLibrary.object(unwinding.waitsObject());
                if (Natives.tryWaits(object, end.code(), log) == 0) {
                    ok(
                            name,
                            end == WaitEnd.TRACEPOINT
                                    ? "the verifier accepts it"
                                    : "the verifier accepts it, by interrupts");
                    return;
                }
            }
            missing(name, log[0].strip(), lost, how);
        } catch (BpfException e) {
            missing(name, message(e), lost, how);
        }
    }

    private void object(String name, String file, String lost, String how) {
        String[] log = {""};
        try {
            int errno = Natives.tryObject(NativeLibrary.object(file), log);
            if (errno == 0) {
                ok(name, "the verifier accepts it");
            } else {
                missing(name, errnoName(errno) + ": " + log[0].strip(), lost, how);
            }
        } catch (BpfException e) {
            unknown(name, message(e), lost, how);
        }
    }

    private void perfLink() {
        try {
            int errno = Natives.tryPerfLink(NativeLibrary.object("sampler-bounded.bpf.o"));
            outcome(
                    "BPF links of perf events",
                    "tying a program to an event",
                    errno,
                    "nothing: the older way, an ioctl, is used",
                    "Linux 5.15 or later");
        } catch (BpfException e) {
            unknown("BPF links of perf events", message(e), "nothing", "Linux 5.15 or later");
        }
    }

    private void mapFiles() {
        String lost =
                "names from files that were deleted or replaced while they run (updated packages),"
                        + " and from files in other mount namespaces that no path leads to";
        String how = "CAP_CHECKPOINT_RESTORE (Linux 5.9) or CAP_SYS_ADMIN";
        int pid = Math.toIntExact(ProcessHandle.current().pid());
        try (BufferedReader maps = Files.newBufferedReader(root.resolve("proc/self/maps"))) {
            String line = maps.readLine();
            while (line != null && line.indexOf('/') < 0) {
                line = maps.readLine();
            }
            if (line == null) {
                unknown("map_files", "no mapping of a file in /proc/self/maps", lost, how);
                return;
            }
            String[] range = line.substring(0, line.indexOf(' ')).split("-", 2);
            try (SafeFile file =
                    SafeFile.openMapFile(
                            pid,
                            Long.parseUnsignedLong(range[0], 16),
                            Long.parseUnsignedLong(range[1], 16),
                            SafeFileRules.DEFAULT)) {
                ok("map_files", "opened a mapping of our own, " + file.size() + " bytes");
            }
        } catch (RefusedFileException e) {
            if (e.reason() == RefusedFileException.Reason.DENIED) {
                missing("map_files", message(e), lost, how);
            } else {
                unknown("map_files", message(e), lost, how);
            }
        } catch (IOException e) {
            unknown("map_files", message(e), lost, how);
        }
    }

    private void kptrRestrict() {
        String lost = "names of kernel functions";
        String how = "sysctl kernel.kptr_restrict=1 and run as root or with CAP_SYSLOG";
        String setting = read("proc/sys/kernel/kptr_restrict").orElse("?").strip();
        try (BufferedReader symbols =
                Files.newBufferedReader(
                        root.resolve("proc/kallsyms"), StandardCharsets.ISO_8859_1)) {
            for (int i = 0; i < KALLSYMS_LINES_MAX; i++) {
                String line = symbols.readLine();
                if (line == null) {
                    break;
                }
                // The first symbols may rightly lie at zero: per-CPU ones do.
                if (!line.startsWith("0000000000000000")) {
                    ok("kernel symbols", "kptr_restrict is " + setting + ", addresses are shown");
                    return;
                }
            }
            String detail = "kptr_restrict is " + setting + ", addresses are hidden";
            if (isOfThisHost
                    && Natives.tryObject(
                                    NativeLibrary.object(KernelSymbolStream.OBJECT), new String[1])
                            == 0) {
                ok("kernel symbols", detail + " in /proc/kallsyms, and told by BPF");
                return;
            }
            missing("kernel symbols", detail, lost, how);
        } catch (IOException e) {
            unknown("kernel symbols", message(e), lost, how);
        }
    }

    private void cgroups() {
        Optional<String> mounts = read("proc/self/mounts");
        if (mounts.isEmpty()) {
            unknown(
                    "cgroups",
                    "/proc/self/mounts cannot be read",
                    "container labels",
                    "mount proc");
            return;
        }
        String unified = "";
        List<String> controllers = new ArrayList<>();
        for (String line : mounts.get().split("\n", -1)) {
            String[] fields = line.split(" ", -1);
            if (fields.length < 4) {
                continue;
            }
            if (fields[2].equals("cgroup2")) {
                unified = fields[1];
            } else if (fields[2].equals("cgroup")) {
                controllers.add(fields[1]);
            }
        }
        if (!unified.isEmpty() && controllers.isEmpty()) {
            ok("cgroups", "version 2 at " + unified);
        } else if (!controllers.isEmpty()) {
            ok(
                    "cgroups",
                    "version 1 at "
                            + String.join(", ", controllers)
                            + (unified.isEmpty() ? "" : "; version 2 at " + unified + " besides"));
        } else {
            missing(
                    "cgroups",
                    "no cgroup file system is mounted",
                    "container and pod labels",
                    "mount -t cgroup2 none /sys/fs/cgroup");
        }
    }

    private void lockdown() {
        Optional<String> modes = read("sys/kernel/security/lockdown");
        if (modes.isEmpty()) {
            ok("lockdown", "this kernel has none, or securityfs is not mounted");
        } else if (modes.get().contains("[confidentiality]")) {
            missing(
                    "lockdown",
                    modes.get().strip(),
                    "stacks: the kernel lets BPF read no memory in confidentiality mode",
                    "boot with lockdown=integrity or without");
        } else {
            ok("lockdown", modes.get().strip());
        }
    }

    private void paranoid() {
        Optional<String> level = read("proc/sys/kernel/perf_event_paranoid");
        if (level.isEmpty()) {
            missing(
                    "perf_event_paranoid",
                    "there is no such sysctl",
                    "the sampler: this kernel has no perf events",
                    "use a kernel built with CONFIG_PERF_EVENTS=y");
        } else {
            ok(
                    "perf_event_paranoid",
                    level.get().strip() + "; does not matter to root or with CAP_PERFMON");
        }
    }

    private void maxSampleRate() {
        Optional<String> rate = read("proc/sys/kernel/perf_event_max_sample_rate");
        if (rate.isEmpty()) {
            return;
        }
        String detail = rate.get().strip() + " a second on each CPU";
        if (number(rate.get()) >= 10_000) {
            ok("perf_event_max_sample_rate", detail);
        } else {
            missing(
                    "perf_event_max_sample_rate",
                    detail,
                    "sampling faster than that: the kernel stops events that come too often, and"
                            + " says so in the throttle counter",
                    "sysctl kernel.perf_event_max_sample_rate=100000");
        }
    }

    private void maxStack() {
        Optional<String> frames = read("proc/sys/kernel/perf_event_max_stack");
        if (frames.isEmpty()) {
            return;
        }
        String detail = frames.get().strip() + " frames";
        if (number(frames.get()) >= Sample.KERNEL_FRAMES_MAX) {
            ok("perf_event_max_stack", detail);
        } else {
            missing(
                    "perf_event_max_stack",
                    detail,
                    "the roots of deeper kernel stacks",
                    "sysctl kernel.perf_event_max_stack=" + Sample.KERNEL_FRAMES_MAX);
        }
    }

    private void outcome(String name, String tried, int errno, String lost, String how) {
        if (errno == 0) {
            ok(name, tried + " works");
        } else {
            missing(name, tried + " gives " + errnoName(errno), lost, how);
        }
    }

    private void ok(String name, String detail) {
        found.add(new KernelFeature(name, State.OK, detail, "", ""));
    }

    private void missing(String name, String detail, String lost, String how) {
        found.add(new KernelFeature(name, State.MISSING, detail, lost, how));
    }

    private void unknown(String name, String detail, String lost, String how) {
        found.add(new KernelFeature(name, State.UNKNOWN, detail, lost, how));
    }

    private Optional<String> read(String path) {
        // Large reads until the end: a sysctl has nothing for a second read, and Files.readString
        // starts with one byte; a table of mounts comes in pieces of a page.
        try (InputStream in = Files.newInputStream(root.resolve(path))) {
            return Optional.of(
                    new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.ISO_8859_1));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text.strip());
        } catch (NumberFormatException _) {
            return Long.MAX_VALUE;
        }
    }

    private static String errnoName(int errno) {
        return Natives.errnoName(errno);
    }

    private static String message(IOException e) {
        return String.valueOf(e.getMessage());
    }
}
