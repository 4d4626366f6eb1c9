package io.emberscope.collector;

import io.emberscope.base.metrics.Metrics;

/// How the memory that the agent may take is cut into parts: the one place where that is decided.
///
/// The budget is what a memory control group charges for all of the agent, BPF maps included, less
/// the page cache of files that it reads and writes, which the kernel takes back when it needs to.
/// So a group with this limit never has to kill the agent. Some parts are as large as they are: the
/// heap, which is fixed when the JVM starts, what the JVM and the kernel's maps take. The rest is
/// for unwind tables and mappings, and what does not fit there costs quality.
///
/// @param bytes all of it
/// @param heap of the JVM
/// @param jvm what else the process takes: classes, compiled code, stacks of threads, buffers
/// @param cpus that are online
/// @param events rings for events of processes and mappings, of all CPUs
/// @param ring for samples
/// @param maps other BPF maps, the programs, and what the kernel keeps of a process
/// @param unwind for unwind tables and mappings of processes
record MemoryBudget(
        long bytes, int cpus, long heap, long jvm, long events, long ring, long maps, long unwind) {
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;

    /// Without a heap: 34 MiB were measured, half of them the JDK's archive of classes.
    private static final long JVM_BYTES = 46 * MIB;

    /// Maps for processes, waits, tables' numbers, samples left to their threads and rules, which
    /// are made whole: 4.3 MiB. Programs, stacks and page tables in the kernel: 2 MiB.
    private static final long MAPS_BYTES = 7 * MIB;

    /// Of each CPU there could be, for two programs: see `struct cpu_state`.
    private static final long STATES_BYTES = 2 * 32 * KIB;

    /// Below that nothing would be had of walking by tables.
    private static final long UNWIND_BYTES_MIN = 2 * MIB;

    private static final long DEFAULT_BYTES = 160 * MIB;
    private static final long DEFAULT_CPU_BYTES = MIB;

    private static final int RING_BYTES_MIN = 1 << 20;
    private static final int RING_BYTES_MAX = 64 << 20;
    private static final int RING_SECONDS = 4;
    private static final int SAMPLE_BYTES = 512;

    /// The part of a budget that the ring may have.
    private static final int RING_PART = 8;

    /// The part of the heap that names of generated code may have.
    private static final int JIT_PART = 8;

    /// What the machine has and the operator asked for.
    ///
    /// @param heapBytes of this JVM at most
    /// @param cpus that are online
    /// @param possibleCpus that may become so
    record Circumstances(long heapBytes, int cpus, int possibleCpus, int frequencyHz) {}

    /// The budget where nobody names one.
    static long ofMachine(int cpus) {
        return DEFAULT_BYTES + cpus * DEFAULT_CPU_BYTES;
    }

    /// Cuts a budget.
    ///
    /// @param name what the operator can change, for the error
    /// @throws UsageException if it is too small to work with, saying what is enough
    static MemoryBudget cut(String name, long bytes, Circumstances given) throws UsageException {
        long events = (long) given.cpus() * eventBytes(given.cpus());
        long maps = MAPS_BYTES + given.possibleCpus() * STATES_BYTES;
        long fixed = given.heapBytes() + JVM_BYTES + events + maps;
        long ring = ringBytes(given, bytes / RING_PART);
        if (bytes - fixed - ring < UNWIND_BYTES_MIN) {
            ring = RING_BYTES_MIN;
        }
        long unwind = bytes - fixed - ring;
        if (unwind < UNWIND_BYTES_MIN) {
            long least = bytes - unwind + UNWIND_BYTES_MIN;
            throw new UsageException(
                    name
                            + ": "
                            + mib(bytes)
                            + "MiB (expected: at least "
                            + mib(least + MIB - 1)
                            + "MiB on this machine of "
                            + given.cpus()
                            + " CPUs, as the JVM's heap may take "
                            + mib(given.heapBytes())
                            + "MiB)");
        }
        return new MemoryBudget(
                bytes, given.cpus(), given.heapBytes(), JVM_BYTES, events, ring, maps, unwind);
    }

    /// What the heap of this JVM can grow to. [Runtime] leaves out the half of the young
    /// generation's survivors that is empty: by our collector's defaults, a thirtieth.
    static long heapBytes() {
        return Runtime.getRuntime().maxMemory() / 29 * 30;
    }

    /// Room in the heap for names of code that processes made at run time.
    long jit() {
        return heap / JIT_PART;
    }

    /// Room for the events of one CPU.
    int eventBytesOfCpu() {
        return eventBytes(cpus);
    }

    /// There are many CPUs where there are many, and each forks as fast as one anywhere.
    private static int eventBytes(int cpus) {
        return cpus <= 16 ? 512 << 10 : 256 << 10;
    }

    /// Room for a few seconds of samples, as a power of two.
    private static long ringBytes(Circumstances given, long bytesMax) {
        long wanted = (long) given.frequencyHz() * given.cpus() * SAMPLE_BYTES * RING_SECONDS;
        long bounded = Math.clamp(wanted, RING_BYTES_MIN, RING_BYTES_MAX);
        long ring = Long.highestOneBit(bounded - 1) << 1;
        return Math.max(RING_BYTES_MIN, Math.min(ring, Long.highestOneBit(bytesMax)));
    }

    /// One line for the log.
    String text() {
        return "memory: at most "
                + mib(bytes)
                + " MiB: heap "
                + mib(heap)
                + ", JVM "
                + mib(jvm)
                + ", events "
                + mib(events)
                + ", ring "
                + mib(ring)
                + ", other kernel memory "
                + mib(maps)
                + ", unwind tables and mappings "
                + mib(unwind);
    }

    /// Tells the parts, and what the kernel charges us for.
    void export(Metrics metrics, MemoryGroup group) {
        metrics.gauge(
                "emberscope_collector_memory_budget_bytes",
                "What this agent may take of memory, as a control group counts it.",
                () -> bytes);
        part(metrics, "heap", heap);
        part(metrics, "jvm", jvm);
        part(metrics, "events", events);
        part(metrics, "ring", ring);
        part(metrics, "maps", maps);
        part(metrics, "unwind", unwind);
        metrics.gauge(
                "emberscope_collector_heap_bytes",
                "Memory the JVM's heap has now.",
                () -> Runtime.getRuntime().totalMemory());
        if (group.isKnown()) {
            metrics.gauge(
                    "emberscope_collector_memory_group_bytes",
                    "Memory the kernel charges to our control group, page cache included.",
                    group::bytes);
            metrics.gauge(
                    "emberscope_collector_memory_group_cache_bytes",
                    "Page cache in it, which the kernel takes back when memory is short.",
                    group::cacheBytes);
        }
    }

    private static void part(Metrics metrics, String name, long bytes) {
        metrics.gauge(
                "emberscope_collector_memory_part_bytes",
                "How the memory budget is cut: the most that each part takes.",
                () -> bytes,
                "part",
                name);
    }

    private static long mib(long bytes) {
        return bytes / MIB;
    }
}
