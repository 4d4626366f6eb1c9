package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.emberscope.profile.otlp.OtlpEncoder;
import io.emberscope.server.ledger.ServerProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Damaged debug files, many after another: each is answered soon with what is wrong, or taken; the
/// server lives on in its memory, others keep their names meanwhile, and nothing is left on disk.
/// `-Duploads=N` says how many.
class HostileUploadsIT {
    private static final int LONG_UPLOADS = 10_000;
    private static final int UPLOADS =
            Integer.getInteger("uploads", Boolean.getBoolean("long") ? LONG_UPLOADS : 20);

    private static final int CONNECTIONS = 4;

    /// A neighbour sends a debug file and looks for its names after so many.
    private static final int NEIGHBOUR_EACH = 10;

    /// Heap as its flags bound it, as much for buffers outside, and the JVM.
    private static final long READER_RESIDENT_KIB_MAX = 640 << 10;

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration NEVER = Duration.ofMinutes(2);
    private static final String NAMES =
            "/api/v1/top?from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z";

    private static final String PROGRAM =
            """
            #include <stdlib.h>
            #include <string>
            #include <vector>
            static inline int twice(int n) {
                return n * 2;
            }
            template <typename T> int total(const std::vector<T> &all) {
                int sum = 0;
                for (const T &one : all)
                    sum += twice((int) one.size());
                return sum;
            }
            int WORK(int n) {
                std::vector<std::string> texts(n, "text");
                return total(texts);
            }
            int main(int argc, char **argv) {
                return WORK(argc);
            }
            """;

    @TempDir private Path directory;
    private Toolchain toolchain;
    private Path data;
    private ServerProcess server;
    private HttpClient client;
    private byte[] neighbour = {};

    @BeforeEach
    void start() throws Exception {
        Path programs = Files.createDirectory(directory.resolve("programs"));
        toolchain = new Toolchain(programs);
        Files.writeString(programs.resolve("program.cc"), PROGRAM);
        data = directory.resolve("data");
        server =
                ServerProcess.start(
                        directory.resolve("err"),
                        FloodIT.FLAGS,
                        List.of("--listen", "127.0.0.1:0", "--data", data.toString()));
        client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(NEVER)
                        .build();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void damagedFilesHurtNobody() throws Exception {
        DamagedFiles files = files();
        beginNeighbour();
        AtomicLong slowest = new AtomicLong();
        AtomicLong largest = new AtomicLong();
        Map<String, Integer> answers = new TreeMap<>();
        AtomicInteger next = new AtomicInteger();
        AtomicBoolean isDone = new AtomicBoolean();
        long start = System.nanoTime();
        try (ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS + 1)) {
            Future<?> watcher = threads.submit(() -> watch(largest, isDone));
            List<Future<Void>> senders = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                senders.add(threads.submit(() -> send(files, next, slowest, answers)));
            }
            try {
                for (Future<Void> sender : senders) {
                    sender.get();
                }
            } finally {
                next.set(UPLOADS); // the others need not go on once one failed
                isDone.set(true);
            }
            watcher.get();
        }
        System.out.printf(
                "hostile uploads: %d in %d s, slowest %d ms; server %d KiB, reader %d KiB; %s%n",
                UPLOADS,
                TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start),
                TimeUnit.NANOSECONDS.toMillis(slowest.get()),
                server.peakResidentKib(),
                largest.get(),
                answers);
        assertThat(slowest.get()).as("slowest answer").isLessThan(PATIENCE.toNanos());
        assertThat(largest.get()).as("readers that were seen").isPositive();
        assertThat(largest.get()).as("reader's KiB").isLessThan(READER_RESIDENT_KIB_MAX);
        assertThat(server.peakResidentKib()).isLessThan(FloodIT.RESIDENT_KIB_MAX);
        assertThat(server.isAlive()).isTrue();
        assertThat(server.get("/ready")).isEqualTo("ready\n");
        assertThat(Files.readString(directory.resolve("err"))).doesNotContain("ERROR");
        assertThat(ProcessHandle.of(server.pid()).orElseThrow().descendants()).isEmpty();
        try (Stream<Path> left = Files.list(data.resolve("symbols/incoming"))) {
            assertThat(left).isEmpty();
        }
        assertThat(answers.keySet())
                .as("both ends are reached")
                .contains("200")
                .hasSizeGreaterThan(1);
    }

    /// So that a long run does not end for a reason of its own.
    @Test
    void eachDamagedFileCanBeMade() throws Exception {
        DamagedFiles files = files();
        for (int i = 0; i < LONG_UPLOADS; i++) {
            int number = i;
            assertThatCode(() -> files.file(number)).as("file %d", i).doesNotThrowAnyException();
        }
    }

    private DamagedFiles files() throws Exception {
        compile("work", "whole", "-gdwarf-5");
        compile("work", "older", "-gdwarf-4", "-O2");
        compile("work", "split", "-gdwarf-5", "-gsplit-dwarf");
        toolchain.run("strip", "-o", "bare", "whole");
        toolchain.run("objcopy", "--only-keep-debug", "whole", "apart");
        toolchain.run("objcopy", "--compress-debug-sections=zlib", "whole", "zlib");
        toolchain.run("objcopy", "--compress-debug-sections=zlib-gnu", "older", "zlib-gnu");
        toolchain.run("objcopy", "--compress-debug-sections=zstd", "whole", "zstd");
        toolchain.run("strip", "--strip-debug", "-o", "mini", "whole");
        toolchain.run("xz", "--keep", "mini");
        toolchain.run("objcopy", "--add-section=.gnu_debugdata=mini.xz", "bare", "packed");
        List<byte[]> elves = new ArrayList<>();
        for (String name :
                List.of(
                        "whole",
                        "older",
                        "split",
                        "bare",
                        "apart",
                        "zlib",
                        "zlib-gnu",
                        "zstd",
                        "packed")) {
            elves.add(Files.readAllBytes(file(name)));
        }
        try (Stream<Path> units = Files.list(toolchain.directory())) {
            for (Path unit : units.filter(path -> path.toString().endsWith(".dwo")).toList()) {
                elves.add(Files.readAllBytes(unit));
            }
        }
        return new DamagedFiles(elves, bombs(), symbols());
    }

    private void compile(String work, String name, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of("g++", "-Wl,--build-id", "-DWORK=" + work));
        command.addAll(List.of(options));
        command.addAll(List.of("-o", name, "program.cc"));
        toolchain.run(command.toArray(String[]::new));
    }

    private Path file(String name) {
        return toolchain.directory().resolve(name);
    }

    private List<byte[]> bombs() throws Exception {
        Files.writeString(
                file("bomb.s"),
                """
                .section .debug_info,"",@progbits
                .zero 0x4000000
                .text
                .globl _start
                _start: ret
                """);
        toolchain.run("gcc", "-nostdlib", "-Wl,--build-id", "-o", "bomb", "bomb.s");
        List<byte[]> bombs = new ArrayList<>();
        for (String how : List.of("zlib", "zstd")) {
            toolchain.run("objcopy", "--compress-debug-sections=" + how, "bomb", "bomb-" + how);
            bombs.add(Files.readAllBytes(file("bomb-" + how)));
        }
        return bombs;
    }

    /// A symbol file, as the server makes it.
    private byte[] symbols() throws Exception {
        assertThat(upload(Files.readAllBytes(file("whole"))).statusCode()).isEqualTo(200);
        try (Stream<Path> made = Files.walk(data.resolve("symbols"))) {
            return Files.readAllBytes(
                    made.filter(path -> path.toString().endsWith(".symbols"))
                            .findFirst()
                            .orElseThrow());
        }
    }

    /// Stores a profile of another program, which has no names yet.
    private void beginNeighbour() throws Exception {
        compile("neighbour", "beside", "-g");
        neighbour = Files.readAllBytes(file("beside"));
        String symbol =
                toolchain
                        .output("nm", "beside")
                        .lines()
                        .filter(line -> line.endsWith(" T _Z9neighbouri"))
                        .findFirst()
                        .orElseThrow();
        long address = Long.parseLong(symbol, 0, 16, 16);
        byte[] profile = OtlpEncoder.encode(Bodies.ofBinary(toolchain.buildId("beside"), address));
        HttpResponse<byte[]> stored =
                post("/v1development/profiles", "application/x-protobuf", profile);
        assertThat(stored.statusCode()).isEqualTo(200);
        assertThat(server.get(NAMES)).doesNotContain("neighbour");
        assertThatTheNeighbourIsServed();
    }

    private void assertThatTheNeighbourIsServed() throws Exception {
        assertThat(upload(neighbour).statusCode()).isEqualTo(200);
        assertThat(server.get(NAMES)).contains("\"neighbour\"");
    }

    private Void send(
            DamagedFiles files,
            AtomicInteger next,
            AtomicLong slowest,
            Map<String, Integer> answers)
            throws Exception {
        for (int i = next.getAndIncrement(); i < UPLOADS; i = next.getAndIncrement()) {
            byte[] file = files.file(i);
            long start = System.nanoTime();
            HttpResponse<byte[]> answer = upload(file);
            slowest.accumulateAndGet(System.nanoTime() - start, Math::max);
            String body = new String(answer.body(), StandardCharsets.UTF_8);
            if (answer.statusCode() != 200) {
                assertThat(answer.statusCode()).as("file %d: %s", i, body).isEqualTo(400);
                assertThat(body)
                        .as("file %d", i)
                        .matches(
                                "(?s)\\{\"error\":\\{\"code\":\"invalid_argument\",\"message\":"
                                        + "\"[^:]+: .+ \\(expected: .+\\)\"}}");
            }
            synchronized (answers) {
                answers.merge(reason(answer.statusCode(), body), 1, Integer::sum);
            }
            if (i % NEIGHBOUR_EACH == 0) {
                assertThatTheNeighbourIsServed();
            }
        }
        return null;
    }

    /// The status, and the field that is complained of.
    private static String reason(int status, String body) {
        return status == 200
                ? "200"
                : status + " " + body.replaceAll("(?s).*\"message\":\"([^:]+):.*", "$1");
    }

    /// Looks at the processes that read files.
    private Void watch(AtomicLong largest, AtomicBoolean isDone) throws InterruptedException {
        ProcessHandle parent = ProcessHandle.of(server.pid()).orElseThrow();
        while (!isDone.get()) {
            parent.children()
                    .forEach(
                            child -> {
                                try {
                                    largest.accumulateAndGet(
                                            ServerProcess.peakResidentKib(child.pid()), Math::max);
                                } catch (IOException _) {
                                    // It has ended.
                                }
                            });
            Thread.sleep(20);
        }
        return null;
    }

    private HttpResponse<byte[]> upload(byte[] file) throws Exception {
        return post("/api/v1/debuginfo", "application/octet-stream", file);
    }

    private HttpResponse<byte[]> post(String path, String type, byte[] body) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(server.uri() + path))
                        .timeout(NEVER)
                        .header("content-type", type)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }
}
