package io.emberscope.server;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.server.edge.Limits;
import io.emberscope.server.status.ProcessMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Starts the server from the command line. Prints its URL on standard output once it answers;
/// everything else goes to standard error.
public final class ServerMain {
    private static final Logger LOG = LoggerFactory.getLogger(ServerMain.class);
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final int PAGE_BYTES = 4096;

    private ServerMain() {}

    /// Runs until the process is told to stop.
    ///
    /// @param arguments see [ServerOptions#help]
    public static void main(String[] arguments) {
        List<String> given = List.of(arguments);
        if (given.contains("--help") || given.contains("-h")) {
            System.out.print(ServerOptions.help());
            return;
        }
        ServerOptions options;
        try {
            options = ServerOptions.parse(given);
        } catch (MalformedInputException e) {
            System.err.println("emberscope server: " + e.getMessage());
            System.err.println("Run with --help for all options.");
            System.exit(USAGE);
            return;
        }
        try {
            run(options);
        } catch (IOException e) {
            System.err.println("emberscope server: " + e.getMessage());
            System.exit(FAILED);
        }
    }

    private static void run(ServerOptions options) throws IOException {
        Metrics metrics = new Metrics();
        ProcessMetrics.register(metrics, ServerMain::residentBytes);
        EmberscopeServer server =
                EmberscopeServer.start(
                        options,
                        Limits.of(Runtime.getRuntime().maxMemory()),
                        new LocalDisk(),
                        InstantSource.system(),
                        metrics);
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> stop(server)));
        if (options.open()) {
            LOG.warn("There are no tokens: everybody who reaches this port reads all profiles");
        }
        LOG.info("Listening on {}; profiles are kept in {}", server.uri(), options.data());
        // Last: who started us reads it as the word that we are ready.
        System.out.println(server.uri());
    }

    private static void stop(EmberscopeServer server) {
        LOG.info("Stopping");
        try {
            server.close();
            LOG.info("Stopped; everything that was acknowledged is on disk");
        } catch (IOException e) {
            LOG.error("Stopped with an error; what was acknowledged is in the log", e);
        }
    }

    private static double residentBytes() {
        try {
            String[] pages = Files.readString(Path.of("/proc/self/statm")).split(" ", 3);
            return Double.parseDouble(pages[1]) * PAGE_BYTES;
        } catch (IOException e) {
            return Double.NaN;
        }
    }
}
