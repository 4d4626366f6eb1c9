package io.emberscope.server.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Kills a server at random moments while clients send to it, and counts what is left: nothing that
/// was acknowledged may be lost, doubled or changed. `-Drounds=1000` for a release, `-Dseed=...` to
/// repeat a run.
///
/// A killed process leaves the page cache behind, so this does not test `fsync`; the storage
/// module's tests on a disk that forgets do.
class DurabilityIT {
    /// Not the one that others connect from: a port must stay free while its server is dead.
    private static final String HOST = "127.0.0.2";

    private static final int ROUNDS = Integer.getInteger("rounds", 50);
    private static final int CLIENTS = 8;
    private static final int RUN_MILLIS_MAX = 600;
    private static final int START_MILLIS_MAX = 1500;

    /// Rounds back that are looked at after each kill; at the end all are.
    private static final int ROUNDS_BACK = 2;

    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final Pattern ROW =
            Pattern.compile("\"name\":\"([0-9]+/agent-[^\"]+)\"[^}]*?\"self\":([0-9]+)");
    private static final Pattern COUNT = Pattern.compile("\"functionCount\":([0-9]+)");

    @TempDir private Path directory;

    @Test
    void nothingAcknowledgedIsLostDoubledOrChangedByKills() throws Exception {
        long seed = Long.getLong("seed", new Random().nextLong());
        System.out.println("DurabilityIT: -Dseed=" + seed);
        Random random = new Random(seed);
        int port = freePort();
        URI uri = URI.create("http://" + HOST + ':' + port);
        Ledger ledger = new Ledger();
        AtomicInteger current = new AtomicInteger();
        List<LedgerClient> clients = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            LedgerClient client =
                    new LedgerClient(
                            ledger, "agent-" + i, () -> uri, current::get, random.nextLong());
            clients.add(client);
            threads.add(Thread.ofPlatform().start(client));
        }
        int killedWhileStarting = 0;
        // A clean stop leaves the archive of classes that makes later starts fast.
        try (ServerProcess server = ServerProcess.start(log(), flags(), options(port))) {
            assertThat(server.terminate()).as("exit code after SIGTERM").isEqualTo(143);
        }
        try {
            for (int round = 1; round <= ROUNDS; round++) {
                if (random.nextInt(5) == 0) {
                    killWhileStarting(port, random);
                    killedWhileStarting++;
                }
                try (ServerProcess server = ServerProcess.start(log(), flags(), options(port))) {
                    String when = "round " + round + ", seed " + seed;
                    for (int back = Math.max(0, round - ROUNDS_BACK); back < round; back++) {
                        assertHolds(ledger, server, back, when);
                    }
                    current.set(round);
                    Thread.sleep(random.nextInt(RUN_MILLIS_MAX));
                    server.kill();
                }
            }
        } finally {
            clients.forEach(LedgerClient::stop);
        }
        for (Thread thread : threads) {
            thread.join(TimeUnit.MINUTES.toMillis(1));
        }
        try (ServerProcess server = ServerProcess.start(log(), flags(), options(port))) {
            for (int round = 0; round <= ROUNDS; round++) {
                assertHolds(ledger, server, round, "at the end, seed " + seed);
            }
            assertThat(server.terminate()).as("exit code after SIGTERM").isEqualTo(143);
        }
        try (ServerProcess server = ServerProcess.start(log(), flags(), options(port))) {
            for (int round = 0; round <= ROUNDS; round++) {
                assertHolds(ledger, server, round, "after a clean stop, seed " + seed);
            }
        }
        int acknowledged = ledger.acknowledged().size();
        System.out.printf(
                "DurabilityIT: %d kills (%d more while starting), %d values sent, %d acknowledged,"
                        + " %d batches resent; 0 lost, 0 doubled, 0 changed%n",
                ROUNDS,
                killedWhileStarting,
                ledger.sentCount(),
                acknowledged,
                clients.stream().mapToLong(LedgerClient::resent).sum());
        assertThat(acknowledged).as("the run must have tested something").isGreaterThan(ROUNDS);
        assertThat(Files.readString(log())).doesNotContain(" ERROR ");
    }

    private static void assertHolds(Ledger ledger, ServerProcess server, int round, String when)
            throws IOException {
        Set<String> mustBeThere =
                ledger.acknowledged().stream()
                        .filter(key -> LedgerClient.roundOf(key) == round)
                        .collect(Collectors.toSet());
        Map<String, Long> stored = stored(server, round);
        assertThat(ledger.violations(mustBeThere, stored)).as(when).isEmpty();
        assertThat(stored.keySet())
                .allMatch(key -> LedgerClient.roundOf(key) == round, "belongs to " + round);
    }

    private static Map<String, Long> stored(ServerProcess server, int round) throws IOException {
        long from = LedgerClient.startNanos(round) / NANOS_PER_MILLI;
        long to = from + LedgerClient.WINDOW_NANOS / NANOS_PER_MILLI;
        String json = server.get("/api/v1/top?limit=100000&from=" + from + "&to=" + to);
        Map<String, Long> stored = new HashMap<>();
        Matcher row = ROW.matcher(json);
        while (row.find()) {
            assertThat(stored.put(row.group(1), Long.parseLong(row.group(2)))).isNull();
        }
        Matcher count = COUNT.matcher(json);
        assertThat(count.find()).isTrue();
        int functions = Integer.parseInt(count.group(1));
        assertThat(stored.size())
                .as("every function but main is in the answer")
                .isEqualTo(Math.max(0, functions - 1));
        return stored;
    }

    private void killWhileStarting(int port, Random random) throws Exception {
        Process process = ServerProcess.launch(log(), flags(), options(port));
        Thread.sleep(random.nextInt(START_MILLIS_MAX));
        process.destroyForcibly().waitFor();
    }

    private Path log() {
        return directory.resolve("server.log");
    }

    /// Start fast: the test starts many.
    private List<String> flags() {
        List<String> flags = new ArrayList<>(List.of("-Xmx512m", "-XX:TieredStopAtLevel=1"));
        flags.addAll(ServerProcess.archive(directory.resolve("server.jsa")));
        return flags;
    }

    /// Segments every second, so that kills also hit flushes.
    private List<String> options(int port) {
        return List.of(
                "--listen",
                HOST + ':' + port,
                "--data",
                directory.resolve("data").toString(),
                "--flush-interval",
                "1s");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            return socket.getLocalPort();
        }
    }
}
