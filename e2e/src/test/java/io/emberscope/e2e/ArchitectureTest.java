package io.emberscope.e2e;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callConstructorWhere;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callMethodWhere;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Holds the architecture: which module may use which, and where the world outside may be touched.
class ArchitectureTest {
    /// Each module and those of ours that it may use.
    private static final Map<String, Set<String>> ARROWS =
            Map.of(
                    "base", Set.of(),
                    "bpf", Set.of("base"),
                    "profile", Set.of("base"),
                    "symbolizer", Set.of("base", "profile"),
                    "storage", Set.of("base", "profile"),
                    "collector", Set.of("base", "bpf", "symbolizer", "profile"),
                    "server", Set.of("base", "storage", "symbolizer", "profile"),
                    "cli", Set.of("base", "profile", "symbolizer"),
                    "web", Set.of());

    /// Classes that touch the file system themselves, and why each must.
    private static final Map<String, String> FILE_SEAMS =
            Map.ofEntries(
                    entry("io.emberscope.base.disk.LocalDisk", "is the Disk of this machine"),
                    entry(
                            "io.emberscope.bpf.KernelFeatures",
                            "reads what the kernel says of itself under /proc and /sys"),
                    entry(
                            "io.emberscope.bpf.NativeLibrary",
                            "unpacks the native library, which the JVM loads by path"),
                    entry(
                            "io.emberscope.collector.MemoryGroup",
                            "reads what the kernel charges our own control group"),
                    entry(
                            "io.emberscope.collector.container.CgroupScan",
                            "walks the kernel's tree of control groups"),
                    entry(
                            "io.emberscope.collector.container.Hierarchy",
                            "reads the kernel's table of mounts"),
                    entry(
                            "io.emberscope.collector.export.OperatorFile",
                            "reads tokens and certificates that the operator named"),
                    entry(
                            "io.emberscope.collector.process.OwnFiles",
                            "reads what the kernel says of our own process under /proc"),
                    entry(
                            "io.emberscope.collector.process.ProcFiles",
                            "reads what the kernel says of processes under /proc, by id only"),
                    entry("io.emberscope.symbolizer.PathSource", "reads files that are ours"),
                    entry(
                            "io.emberscope.symbolizer.kernel.KernelFiles",
                            "reads the kernel's notes and list of modules"),
                    entry(
                            "io.emberscope.symbolizer.kernel.KernelSymbols",
                            "reads the kernel's symbols"),
                    entry("io.emberscope.symbolizer.vdso.Vdso", "reads our own process's vdso"));

    /// Classes that draw random numbers themselves, and why each may.
    private static final Map<String, String> RANDOM_SEAMS =
            Map.of(
                    "io.emberscope.profile.intern.IntSequences",
                    "a hash table filled by strangers needs a seed they cannot know",
                    "io.emberscope.server.catalog.S3Credentials",
                    "a key must not be known, and no test's outcome depends on it",
                    "io.emberscope.storage.StoreRuntime",
                    "makes the store's randomness, for all but tests");

    private static final JavaClasses OURS = classesOfAllModules();

    private static JavaClasses classesOfAllModules() {
        List<Path> directories = new ArrayList<>();
        for (String module : ARROWS.keySet()) {
            Path classes = Repository.root().resolve(module).resolve("target/classes");
            if (Files.isDirectory(classes)) {
                directories.add(classes);
            }
        }
        return new ClassFileImporter().importPaths(directories);
    }

    @Test
    void everyModuleWithJavaIsInTheTable() throws IOException {
        try (Stream<Path> directories = Files.list(Repository.root())) {
            List<String> modules =
                    directories
                            .filter(
                                    directory ->
                                            Files.isDirectory(directory.resolve("src/main/java")))
                            .map(directory -> directory.getFileName().toString())
                            .filter(module -> !module.equals("jmh"))
                            .toList();
            assertThat(ARROWS.keySet()).containsAll(modules);
            for (String module : modules) {
                assertThat(OURS)
                        .as("classes of %s; build it before this test", module)
                        .anyMatch(type -> moduleOf(type.getPackageName()).equals(module));
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> modulesUseOnlyWhatTheyMay() {
        return ARROWS.entrySet().stream()
                .map(
                        arrow ->
                                DynamicTest.dynamicTest(
                                        arrow.getKey() + " -> " + arrow.getValue(),
                                        () ->
                                                arrowRule(arrow.getKey(), arrow.getValue())
                                                        .check(OURS)));
    }

    @Test
    void anArrowThatIsNotAllowedIsFound() {
        assertThat(arrowRule("profile", Set.of()).evaluate(OURS).hasViolation()).isTrue();
    }

    @Test
    void packagesHaveNoCycle() {
        slices().matching("io.emberscope.(**)").should().beFreeOfCycles().check(OURS);
    }

    @Test
    void clocksComeFromOutside() {
        clockRule().check(OURS);
    }

    @Test
    void aClockThatIsReadIsFound() {
        JavaClasses planted = new ClassFileImporter().importClasses(ReadsTheClock.class);
        assertThat(clockRule().evaluate(planted).getFailureReport().getDetails()).hasSize(3);
    }

    @Test
    void randomnessComesFromOutside() {
        noClasses()
                .that(areNotEntryPoints())
                .and(describe("are no seam", type -> isNoneOf(RANDOM_SEAMS, type)))
                .should(
                        callMethodWhere(
                                describe(
                                        "draws a random number",
                                        (JavaCall<?> call) -> isRandom(call.getTarget()))))
                .orShould(
                        callConstructorWhere(
                                describe(
                                        "makes a source of random numbers",
                                        (JavaCall<?> call) -> isRandom(call.getTarget()))))
                .because("a test repeats a run by its seed")
                .check(OURS);
    }

    @Test
    void filesAreTouchedOnlyBehindASeam() {
        fileRule().check(OURS);
    }

    @Test
    void aFileThatIsTouchedIsFound() {
        JavaClasses planted = new ClassFileImporter().importClasses(TouchesAFile.class);
        assertThat(fileRule().evaluate(planted).getFailureReport().getDetails()).hasSize(2);
    }

    @Test
    void nativeCodeIsBoundInOnePlace() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.emberscope.bpf..")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.foreign.Linker")
                .orShould()
                .callMethod(System.class, "load", String.class)
                .orShould()
                .callMethod(System.class, "loadLibrary", String.class)
                .check(OURS);
        for (JavaClass type : OURS) {
            if (!type.getPackageName().startsWith("io.emberscope.bpf")) {
                assertThat(type.getMethods())
                        .noneMatch(method -> method.getModifiers().contains(JavaModifier.NATIVE));
            }
        }
    }

    @Test
    void theAgentCarriesNoServerLibrary() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.emberscope.collector..",
                        "io.emberscope.bpf..",
                        "io.emberscope.symbolizer..",
                        "io.emberscope.profile..",
                        "io.emberscope.base..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "com.linecorp..",
                        "io.netty..",
                        "org.apache..",
                        "com.fasterxml..",
                        "com.google..",
                        "io.opentelemetry..",
                        "java.net.http..")
                .because("each would cost the agent more memory than its own code")
                .check(OURS);
    }

    @Test
    void parquetStaysInStorageAndArmeriaInTheServer() {
        noClasses()
                .that()
                // One class of storage/ has to be in Parquet's own package to get at a constructor.
                .resideOutsideOfPackages("io.emberscope.storage..", "org.apache.parquet")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.parquet..")
                .check(OURS);
        noClasses()
                .that()
                .resideOutsideOfPackage("io.emberscope.server..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.linecorp..")
                .check(OURS);
    }

    @Test
    void nobodyReflectsOrReachesIntoTheJdk() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("sun..", "jdk.internal..", "java.util.logging..")
                .orShould()
                .callMethod(Class.class, "forName", String.class)
                .check(OURS);
    }

    private static ArchRule arrowRule(String module, Set<String> allowed) {
        return noClasses()
                .that(describe("are in " + module, type -> isIn(module, type)))
                .should()
                .dependOnClassesThat(
                        describe(
                                "are in another module than " + allowed,
                                (JavaClass type) -> {
                                    String other = moduleOf(type.getPackageName());
                                    return !other.isEmpty()
                                            && !other.equals(module)
                                            && !allowed.contains(other);
                                }))
                .allowEmptyShould(true);
    }

    private static ArchRule clockRule() {
        return noClasses()
                .that(areNotEntryPoints())
                .should(
                        callMethodWhere(
                                describe(
                                        "reads a clock",
                                        (JavaCall<?> call) -> isClock(call.getTarget()))))
                .because("time comes in from outside, so that tests can bend it");
    }

    private static ArchRule fileRule() {
        return noClasses()
                .that(areNotEntryPoints())
                .and(describe("are no seam", type -> isNoneOf(FILE_SEAMS, type)))
                .should(
                        callMethodWhere(
                                describe(
                                        "touches the file system",
                                        (JavaCall<?> call) -> isFileAccess(call.getTarget()))))
                .orShould(
                        callConstructorWhere(
                                describe(
                                        "opens a file",
                                        (JavaCall<?> call) -> isFileAccess(call.getTarget()))))
                .because("our own files are reached through Disk, a target's through SafeFile");
    }

    private static boolean isClock(AccessTarget target) {
        String owner = target.getOwner().getName();
        String name = target.getName();
        return switch (owner) {
            case "java.lang.System" -> name.equals("currentTimeMillis") || name.equals("nanoTime");
            case "java.time.Instant",
                    "java.time.LocalDate",
                    "java.time.LocalDateTime",
                    "java.time.ZonedDateTime",
                    "java.time.OffsetDateTime" ->
                    name.equals("now");
            case "java.time.Clock", "java.time.InstantSource" -> name.startsWith("system");
            default -> false;
        };
    }

    private static boolean isRandom(AccessTarget target) {
        String owner = target.getOwner().getName();
        String name = target.getName();
        return switch (owner) {
            case "java.util.Random", "java.security.SecureRandom" -> name.equals("<init>");
            case "java.util.concurrent.ThreadLocalRandom" -> name.equals("current");
            case "java.lang.Math" -> name.equals("random");
            case "java.util.UUID" -> name.equals("randomUUID");
            default -> false;
        };
    }

    private static boolean isFileAccess(AccessTarget target) {
        String owner = target.getOwner().getName();
        String name = target.getName();
        return switch (owner) {
            case "java.nio.file.Files" -> true;
            case "java.nio.channels.FileChannel" -> name.equals("open");
            case "java.io.FileInputStream",
                    "java.io.FileOutputStream",
                    "java.io.FileReader",
                    "java.io.FileWriter",
                    "java.io.RandomAccessFile" ->
                    name.equals("<init>");
            case "java.io.File" -> !name.equals("<init>") && !name.startsWith("toPath");
            default -> false;
        };
    }

    private static DescribedPredicate<JavaClass> areNotEntryPoints() {
        return describe(
                "are not entry points", type -> !outermost(type).getSimpleName().endsWith("Main"));
    }

    private static boolean isNoneOf(Map<String, String> seams, JavaClass type) {
        return !seams.containsKey(outermost(type).getName());
    }

    private static JavaClass outermost(JavaClass type) {
        JavaClass outer = type;
        while (outer.getEnclosingClass().isPresent()) {
            outer = outer.getEnclosingClass().get();
        }
        return outer;
    }

    private static boolean isIn(String module, JavaClass type) {
        return moduleOf(type.getPackageName()).equals(module);
    }

    /// The module a package is in, empty for packages that are not ours.
    private static String moduleOf(String packageName) {
        String[] parts = packageName.split("\\.", -1);
        boolean ours = parts.length > 2 && packageName.startsWith("io.emberscope.");
        return ours && !parts[2].equals("e2e") ? parts[2] : "";
    }

    /// Breaks the rule about clocks three times.
    static final class ReadsTheClock {
        long millis() {
            return System.currentTimeMillis() + System.nanoTime();
        }

        java.time.Instant instant() {
            return java.time.Instant.now();
        }
    }

    /// Breaks the rule about files twice.
    static final class TouchesAFile {
        boolean exists(Path path) {
            return Files.exists(path);
        }

        void read(String path) throws IOException {
            new java.io.FileInputStream(path).close();
        }
    }
}
