package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Loading apart from running: a small program without a JVM loads the sampler, gives up every
/// capability, and becomes a JVM that takes it over.
class LauncherIT {
    private static final SamplerOptions OPTIONS =
            new SamplerOptions(997, EventKind.CPU_CLOCK, 8 << 20);

    @TempDir static Path directory;

    @Test
    void aProcessWithoutAnyCapabilityRunsWhatALauncherLoaded() throws Exception {
        Path burner = Burner.compile("burner.c", directory);
        Path object = directory.resolve("sampler.bpf.o");
        Files.write(object, NativeLibrary.object("sampler.bpf.o"));
        List<String> command = new ArrayList<>();
        command.add(compileLauncher().toString());
        command.add(object.toString());
        command.add(Long.toString(OPTIONS.weightNanos()));
        command.add(Integer.toString(OPTIONS.ringBytes()));
        command.addAll(Child.java(Adopter.class));
        try (Child adopter = Child.start(command)) {
            assertThat(adopter.line()).isEqualTo("capabilities []");
            assertThat(adopter.line()).startsWith("refused: loading the sampler").contains("EPERM");
            assertThat(adopter.line())
                    .isEqualTo("adopted CpuChanges[opened=0, closed=0, failed=0]");
            try (Burner process = Burner.start(burner, 500, 1)) {
                process.spentNanos();
            }
            String[] counts = adopter.line().split(" ", -1);
            assertThat(Long.parseLong(counts[1])).as("samples of the burner").isGreaterThan(300);
            assertThat(counts[2]).isEqualTo("conserved");
            adopter.end();
        }
    }

    private static Path compileLauncher() throws Exception {
        List<String> sources = new ArrayList<>();
        for (String part : List.of("cpus", "failure", "off_cpu", "sampler")) {
            sources.add("src/main/c/" + part + ".c");
        }
        sources.add("-lbpf");
        return Burner.compile("launcher.c", directory, sources.toArray(String[]::new));
    }

    /// What the launcher becomes; its arguments are the descriptors.
    static final class Adopter {
        public static void main(String[] args) throws Exception {
            System.out.println("capabilities " + OwnProcess.capabilities());
            try (Sampler _ = Sampler.open(OPTIONS)) {
                System.out.println("opened one of its own");
            } catch (BpfException e) {
                System.out.println("refused: " + e.getMessage().lines().findFirst().orElseThrow());
            }
            try (Sampler sampler = Sampler.adopt(descriptors(args), OPTIONS)) {
                System.out.println("adopted " + sampler.refreshCpus());
                long[] samples = new long[1];
                SampleHandler handler =
                        sample -> samples[0] += sample.comm().equals("burner") ? 1 : 0;
                // Until the burner was there and is gone: on a busy machine it may have to wait.
                long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
                long before;
                do {
                    before = samples[0];
                    sampler.await(Duration.ofSeconds(1));
                    sampler.poll(handler);
                } while ((samples[0] == 0 || samples[0] > before) && System.nanoTime() < end);
                sampler.stop();
                sampler.poll(handler);
                Conservation.holds(sampler);
                System.out.println("samples " + samples[0] + " conserved");
            }
        }

        private static SamplerDescriptors descriptors(String... args) {
            List<Integer> cpus = new ArrayList<>();
            List<Integer> events = new ArrayList<>();
            List<Integer> links = new ArrayList<>();
            for (int i = 9; i < args.length; i += 3) {
                cpus.add(Integer.valueOf(args[i]));
                events.add(Integer.valueOf(args[i + 1]));
                links.add(Integer.valueOf(args[i + 2]));
            }
            return new SamplerDescriptors(
                    Integer.parseInt(args[0]),
                    Integer.parseInt(args[1]),
                    Integer.parseInt(args[2]),
                    List.of(
                            Integer.valueOf(args[3]),
                            Integer.valueOf(args[4]),
                            Integer.valueOf(args[5])),
                    List.of(Integer.valueOf(args[6]), Integer.valueOf(args[7])),
                    Integer.parseInt(args[8]),
                    cpus,
                    events,
                    links);
        }
    }

    @Test
    void descriptorsOfSomethingElseAreRefusedAndClosed() throws Exception {
        try (Sampler sampler = Sampler.open(OPTIONS)) {
            SamplerDescriptors good = sampler.descriptors();
            int before = openDescriptors();
            SamplerDescriptors swapped =
                    new SamplerDescriptors(
                            good.ring(),
                            good.program(),
                            good.state(),
                            good.unwind(),
                            good.rules(),
                            good.deferred(),
                            good.cpus(),
                            good.events(),
                            good.links());
            assertThatThrownBy(() -> Sampler.adopt(swapped, OPTIONS))
                    .isInstanceOf(BpfException.class)
                    .hasMessageStartingWith("program: ");
            int links = (int) good.links().stream().filter(link -> link >= 0).count();
            assertThat(openDescriptors()).isEqualTo(before - 5 - good.events().size() - links);
            SamplerDescriptors twice = sampler.descriptors();
            SamplerDescriptors oneCpu =
                    new SamplerDescriptors(
                            twice.program(),
                            twice.ring(),
                            twice.state(),
                            twice.unwind(),
                            twice.rules(),
                            twice.deferred(),
                            Collections.nCopies(twice.cpus().size(), 0),
                            twice.events(),
                            twice.links());
            if (twice.cpus().size() > 1) {
                assertThatThrownBy(() -> Sampler.adopt(oneCpu, OPTIONS))
                        .isInstanceOf(BpfException.class)
                        .hasMessageStartingWith("CPU: 0 twice");
            }
        }
    }

    private static int openDescriptors() throws Exception {
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            return (int) open.count();
        }
    }
}
