package io.emberscope.collector;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.KernelClock;
import io.emberscope.bpf.KernelFeature;
import io.emberscope.bpf.KernelFeatures;
import io.emberscope.collector.doctor.Doctor;
import io.emberscope.collector.doctor.StackReport;
import io.emberscope.collector.primitive.Hash;
import io.emberscope.collector.process.OwnFiles;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// The agent's command line.
public final class CollectorMain {
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final long STOP_SECONDS = 18;

    private static final String HELP =
            """
            Usage: emberscope-collector COMMAND [OPTIONS]

              collect   samples this machine and sends profiles to a server, until SIGTERM
              doctor    says what this kernel and these privileges allow, and how whole the
                        stacks are of a collector that runs here

            Options of collect:
            """
                    + CollectorOptions.HELP;

    private static final String DOCTOR_HELP =
            """
            Usage: emberscope-collector doctor [OPTIONS]

            Says what this kernel and these privileges allow, what is lost without the rest and how
            to get it; and, if a collector runs here, which share of its stacks is complete.

              --metrics-listen ADDR  where that collector serves /metrics; off asks none
                                     (default: 127.0.0.1:4041)
            """;

    private CollectorMain() {}

    /// Runs a command.
    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    private static int run(String[] arguments) {
        Log log = new Log(System.err);
        String command = arguments.length == 0 ? "--help" : arguments[0];
        try {
            return switch (command) {
                case "collect" -> collect(arguments, log);
                case "doctor" -> doctor(arguments);
                case "--help", "-h", "help" -> help(HELP);
                default ->
                        throw new UsageException(
                                command + ": unknown command (expected: collect or doctor)");
            };
        } catch (UsageException e) {
            log.line(String.valueOf(e.getMessage()));
            return USAGE;
        } catch (IOException e) {
            log.block(e.getMessage() == null ? e.toString() : e.getMessage());
            return FAILED;
        }
    }

    private static int help(String text) {
        System.out.print(text);
        return OK;
    }

    private static int doctor(String[] arguments) throws UsageException {
        if (wantsHelp(arguments)) {
            return help(DOCTOR_HELP);
        }
        HostPort metrics = CollectorOptions.metricsListen(arguments, 1);
        List<KernelFeature> features = KernelFeatures.probe();
        System.out.print(Doctor.report(features));
        if (metrics != null) {
            System.out.print('\n' + StackReport.of(metrics.host(), metrics.port()));
        }
        return Doctor.canSample(features) ? OK : FAILED;
    }

    private static boolean wantsHelp(String[] arguments) {
        return Arrays.stream(arguments).anyMatch(one -> one.equals("--help") || one.equals("-h"));
    }

    private static int collect(String[] arguments, Log log) throws UsageException, IOException {
        if (wantsHelp(arguments)) {
            return help(CollectorOptions.HELP);
        }
        CollectorOptions options = CollectorOptions.parse(arguments, 1, System.getenv());
        setUp();
        Agent agent = new Agent(options, new LocalDisk(), InstantSource.system(), monotonic(), log);
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = new Thread(null, () -> stop(agent, ended), "emberscope-stop", 0);
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            agent.run();
            return OK;
        } finally {
            agent.close();
            ended.countDown();
        }
    }

    /// Settings of the JDK that must be there before the classes that read them.
    private static void setUp() throws IOException {
        // A batch that was sent and not answered is sent again by us, after a pause.
        System.setProperty("sun.net.http.retryPost", "false");
        String random = new OwnFiles("/proc").freshId();
        System.setProperty(
                Hash.SEED, Long.toString(Long.parseUnsignedLong(random.substring(0, 16), 16)));
    }

    private static void stop(Agent agent, CountDownLatch ended) {
        agent.stop();
        try {
            boolean clean = ended.await(STOP_SECONDS, TimeUnit.SECONDS);
            if (!clean) {
                Runtime.getRuntime().halt(FAILED);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static LongSupplier monotonic() throws BpfException {
        long first = KernelClock.MONOTONIC.nanos();
        if (first <= 0) {
            throw new BpfException("CLOCK_MONOTONIC: " + first + " (expected: above 0)", 0);
        }
        return () -> {
            try {
                return KernelClock.MONOTONIC.nanos();
            } catch (BpfException e) {
                throw new IllegalStateException("the clock worked before", e);
            }
        };
    }
}
