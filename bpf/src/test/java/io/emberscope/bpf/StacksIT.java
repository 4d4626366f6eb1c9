package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stacks of programs whose true stacks are known, on the real kernel, as root.
class StacksIT {
    private static final SamplerOptions OPTIONS =
            new SamplerOptions(1_999, EventKind.CPU_CLOCK, 16 << 20);

    @TempDir static Path directory;
    private static String stacks;

    @BeforeAll
    static void compile() throws Exception {
        stacks = Burner.compile("stacks.c", directory).toString();
    }

    /// Where a function is in the running program.
    private record Code(long start, long bytes) {
        boolean holds(long address) {
            return address >= start && address < start + bytes;
        }

        int framesOf(Sample sample) {
            int frames = 0;
            for (int i = 0; i < sample.userFrameCount(); i++) {
                frames += holds(sample.userFrame(i)) ? 1 : 0;
            }
            return frames;
        }
    }

    private static Code code(String function, String address) throws Exception {
        for (String line : Burner.run(List.of("nm", "-S", stacks)).lines().toList()) {
            String[] fields = line.split(" ", -1);
            if (fields.length == 4 && fields[3].equals(function)) {
                return new Code(Long.decode(address), Long.parseLong(fields[1], 16));
            }
        }
        throw new AssertionError(function);
    }

    /// Runs `stacks` to its end and hands its own samples to `handler`.
    private static void sample(
            SampleHandler handler, String[] functions, Code[] code, String... arguments)
            throws Exception {
        String[] command = new String[arguments.length + 1];
        command[0] = stacks;
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        try (Sampler sampler = Sampler.open(OPTIONS);
                Child child = Child.start(command)) {
            String[] printed = child.line().split(" ", -1);
            for (int i = 0; i < code.length; i++) {
                code[i] = code(functions[i], printed[i]);
            }
            SampleHandler own =
                    sample -> {
                        if (sample.pid() == child.pid() && sample.comm().equals("stacks")) {
                            handler.sample(sample);
                        }
                    };
            while (child.isAlive()) {
                sampler.await(Duration.ofMillis(50));
                sampler.poll(own);
            }
            child.end();
            sampler.stop();
            sampler.poll(own);
            Conservation.holds(sampler);
        }
    }

    @Test
    void everyFrameOfARecursionIsThere() throws Exception {
        Code[] code = new Code[2];
        int[] counts = new int[3];
        sample(
                sample -> {
                    if (code[1].framesOf(sample) == 0) {
                        return; // not down yet, or in the clock
                    }
                    counts[0]++;
                    counts[1] += code[0].framesOf(sample) == 50 ? 1 : 0;
                    counts[2] += sample.isUserStackTruncated() ? 1 : 0;
                },
                new String[] {"descend", "leaf"},
                code,
                "deep",
                "50",
                "700");
        assertThat(counts[0]).isGreaterThan(500);
        // A sample in the few instructions that set up a frame misses one.
        assertThat(counts[1] / (double) counts[0]).isGreaterThan(0.99);
        assertThat(counts[2]).isZero();
    }

    @Test
    void aStackDeeperThanTheLimitIsCutAtItsRootAndSaysSo() throws Exception {
        Code[] code = new Code[2];
        int[] counts = new int[3];
        sample(
                sample -> {
                    if (code[1].framesOf(sample) == 0) {
                        return;
                    }
                    counts[0]++;
                    counts[1] +=
                            sample.isUserStackTruncated()
                                            && sample.userFrameCount() == Sample.KERNEL_FRAMES_MAX
                                    ? 1
                                    : 0;
                    counts[2] += code[0].framesOf(sample) > 100 ? 1 : 0;
                },
                new String[] {"descend", "leaf"},
                code,
                "deep",
                "1000",
                "400");
        assertThat(counts[0]).isGreaterThan(300);
        assertThat(counts[1]).isEqualTo(counts[0]);
        assertThat(counts[2] / (double) counts[0]).isGreaterThan(0.99);
    }

    @Test
    void aSystemCallHasBothStacks() throws Exception {
        Code[] code = new Code[2];
        int[] counts = new int[4];
        Set<Integer> depths = new HashSet<>();
        long[] frames = new long[Sample.KERNEL_FRAMES_MAX];
        sample(
                sample -> {
                    counts[0]++;
                    if (sample.kernelFrameCount() == 0) {
                        return;
                    }
                    counts[1]++;
                    depths.add(sample.kernelFrameCount());
                    boolean high = true;
                    int length = sample.copyKernelFrames(frames);
                    for (int i = 0; i < length; i++) {
                        high &= frames[i] < 0 && frames[i] == sample.kernelFrame(i);
                    }
                    counts[2] += high ? 1 : 0;
                    // libc's read() makes no frame, so its caller is missing, as frame pointers
                    // have it; that one's caller is there.
                    counts[3] += code[1].framesOf(sample) > 0 ? 1 : 0;
                },
                new String[] {"reader", "main"},
                code,
                "kernel",
                "700");
        assertThat(counts[0]).isGreaterThan(500);
        // It clears memory in the kernel nearly all the time.
        assertThat(counts[1] / (double) counts[0]).isGreaterThan(0.9);
        assertThat(counts[2]).isEqualTo(counts[1]);
        assertThat(counts[3] / (double) counts[1]).isGreaterThan(0.95);
        assertThat(depths).anyMatch(depth -> depth > 2);
    }

    @Test
    void kernelThreadsHaveNoUserStack() throws Exception {
        int[] counts = new int[3];
        try (Sampler sampler = Sampler.open(OPTIONS)) {
            SampleHandler handler =
                    sample -> {
                        if (sample.isKernelThread()) {
                            counts[0]++;
                            counts[1] += sample.userFrameCount();
                            counts[2] += sample.kernelFrameCount() == 0 ? 1 : 0;
                        }
                    };
            // Dirty pages give the kernel's own threads something to write.
            for (int i = 0; i < 200 && counts[0] < 20; i++) {
                Path file = directory.resolve("dirty");
                Burner.run(
                        List.of(
                                "dd",
                                "if=/dev/zero",
                                "of=" + file,
                                "bs=1M",
                                "count=8",
                                "conv=fsync",
                                "status=none"));
                sampler.poll(handler);
            }
        }
        assertThat(counts[0]).isPositive();
        assertThat(counts[1]).isZero();
        assertThat(counts[2]).isZero();
    }
}
