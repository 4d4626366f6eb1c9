package io.emberscope.server.status;

import io.emberscope.base.metrics.Metrics;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.DoubleSupplier;

/// What this process costs, under the names that Prometheus' own client libraries use.
public final class ProcessMetrics {
    private static final double NANOS = 1e9;
    private static final double MILLIS = 1e3;

    private ProcessMetrics() {}

    /// Adds the gauges of this process.
    ///
    /// @param residentBytes its memory in RAM, which only the operating system knows
    public static void register(Metrics metrics, DoubleSupplier residentBytes) {
        var system =
                (com.sun.management.UnixOperatingSystemMXBean)
                        ManagementFactory.getOperatingSystemMXBean();
        var memory = ManagementFactory.getMemoryMXBean();
        var runtime = ManagementFactory.getRuntimeMXBean();
        var threads = ManagementFactory.getThreadMXBean();
        metrics.counterFrom(
                "process_cpu_seconds_total",
                "Processor time used, in seconds.",
                () -> system.getProcessCpuTime() / NANOS);
        metrics.gauge("process_resident_memory_bytes", "Memory in RAM, in bytes.", residentBytes);
        metrics.gauge(
                "process_open_fds",
                "Descriptors that are open.",
                system::getOpenFileDescriptorCount);
        metrics.gauge(
                "process_max_fds",
                "Descriptors that may be open.",
                system::getMaxFileDescriptorCount);
        metrics.gauge(
                "process_start_time_seconds",
                "When the process started, in seconds since the epoch.",
                () -> runtime.getStartTime() / MILLIS);
        metrics.gauge(
                "jvm_heap_used_bytes",
                "Heap in use, in bytes.",
                () -> memory.getHeapMemoryUsage().getUsed());
        metrics.gauge(
                "jvm_heap_max_bytes",
                "Heap at most, in bytes.",
                () -> memory.getHeapMemoryUsage().getMax());
        metrics.gauge("jvm_threads", "Threads.", threads::getThreadCount);
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            metrics.gauge(
                    "jvm_buffer_used_bytes",
                    "Buffers outside the heap, in bytes.",
                    pool::getMemoryUsed,
                    "pool",
                    pool.getName());
        }
    }
}
