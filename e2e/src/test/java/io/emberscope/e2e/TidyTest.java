package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The rules of this repository that no compiler knows. A failure lists `file:line: what`.
class TidyTest {
    private static final int JAVA_COLUMNS_MAX = 100;
    private static final int TEST_COLUMNS_MAX = 120;
    private static final int JAVA_LINES_MAX = 750;
    private static final long FILE_BYTES_MAX = 300_000;

    private static final Pattern UNFINISHED =
            Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b");
    private static final Pattern CONFLICT = Pattern.compile("^(<{7}|>{7}|={7})( |$)");
    private static final Pattern HOME_OF_SOMEONE =
            Pattern.compile("(?<![\\w.$}])/(home|Users|work)/\\w|(?<![\\w.])/root/\\w");
    private static final Pattern LINK = Pattern.compile("(?<!!)\\[[^\\]]*]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("^#{1,6} (.+)$");

    @Test
    void javaLinesFitTheScreen() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : Repository.files(".java")) {
            eachLine(
                    file,
                    (line, at) -> {
                        boolean cannotBeBroken = line.startsWith("import ");
                        int columnsMax = isTest(file) ? TEST_COLUMNS_MAX : JAVA_COLUMNS_MAX;
                        if (line.length() > columnsMax && !cannotBeBroken) {
                            found.add(at + ": " + line.length() + " columns");
                        }
                    });
        }
        assertThat(found).isEmpty();
    }

    @Test
    void javaFilesHoldOneIdea() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : Repository.files(".java")) {
            int lines = Files.readAllLines(file).size();
            if (lines > JAVA_LINES_MAX) {
                found.add(Repository.nameOf(file) + ": " + lines + " lines");
            }
        }
        assertThat(found).isEmpty();
    }

    @Test
    void filesAreSmallAndText() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : Repository.files()) {
            if (Files.size(file) > FILE_BYTES_MAX) {
                found.add(Repository.nameOf(file) + ": " + Files.size(file) + " bytes");
            }
            if (!isPicture(file) && !isRecording(file) && holdsZero(file)) {
                found.add(Repository.nameOf(file) + ": binary");
            }
        }
        assertThat(found).isEmpty();
    }

    @Test
    void nothingIsLeftUnfinished() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : textFiles()) {
            eachLine(
                    file,
                    (line, at) -> {
                        if (UNFINISHED.matcher(line).find() || CONFLICT.matcher(line).find()) {
                            found.add(at + ": " + line.strip());
                        }
                    });
        }
        assertThat(found).isEmpty();
    }

    @Test
    void nobodysDirectoriesAreNamed() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : textFiles()) {
            eachLine(
                    file,
                    (line, at) -> {
                        if (HOME_OF_SOMEONE.matcher(line).find() && !isTest(file)) {
                            found.add(at + ": " + line.strip());
                        }
                    });
        }
        assertThat(found).isEmpty();
    }

    @Test
    void lockFilesNameNoDownloadAddress() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : Repository.files("package-lock.json")) {
            eachLine(
                    file,
                    (line, at) -> {
                        if (line.contains("\"resolved\": \"http")) {
                            found.add(at + ": " + line.strip());
                        }
                    });
        }
        assertThat(found).isEmpty();
    }

    @Test
    void linksInDocumentsLeadSomewhere() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : Repository.files(".md")) {
            eachLine(
                    file,
                    (line, at) -> {
                        Matcher link = LINK.matcher(line);
                        while (link.find()) {
                            if (!leadsSomewhere(file, link.group(1))) {
                                found.add(at + ": " + link.group(1));
                            }
                        }
                    });
        }
        assertThat(found).isEmpty();
    }

    @Test
    void aBrokenLinkIsFound() {
        Path readme = Repository.root().resolve("README.md");
        assertThat(leadsSomewhere(readme, "docs/nowhere.md")).isFalse();
        assertThat(leadsSomewhere(readme, "ARCHITECTURE.md#no-such-heading")).isFalse();
        assertThat(leadsSomewhere(readme, "ARCHITECTURE.md#invariants")).isTrue();
    }

    @Test
    void changelogIsWrittenForItsReaders() throws IOException {
        Set<String> sections = Set.of("### Added", "### Changed", "### Fixed", "### Security");
        List<String> found = new ArrayList<>();
        Path changelog = Repository.root().resolve("CHANGELOG.md");
        List<String> lines = Files.readAllLines(changelog);
        assertThat(lines).first().isEqualTo("# Changelog");
        assertThat(lines).contains("## Unreleased");
        eachLine(
                changelog,
                (line, at) -> {
                    boolean release = line.matches("## (Unreleased|\\d+\\.\\d+\\.\\d+ \\(.+\\))");
                    if (line.startsWith("## ") && !release) {
                        found.add(at + ": " + line + " (expected: Unreleased or 1.2.3 (date))");
                    }
                    if (line.startsWith("### ") && !sections.contains(line)) {
                        found.add(at + ": " + line + " (expected: one of " + sections + ")");
                    }
                });
        assertThat(found).isEmpty();
    }

    @Test
    void everyBpfSourceSaysItsLicence() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : Repository.files(".c", ".h")) {
            String name = Repository.nameOf(file);
            if (name.startsWith("bpf/src/main/bpf/")) {
                String first = Files.readAllLines(file).getFirst();
                if (!first.contains("SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause")) {
                    found.add(name + ": " + first);
                }
            }
        }
        assertThat(found).isEmpty();
    }

    @Test
    void everyPackageIsDescribed() throws IOException {
        List<String> found = new ArrayList<>();
        Set<Path> packages = new HashSet<>();
        for (Path file : Repository.files(".java")) {
            if (file.toString().contains("/src/main/java/")) {
                packages.add(file.getParent());
            }
        }
        for (Path directory : packages) {
            Path description = directory.resolve("package-info.java");
            if (!Files.exists(description)
                    || !Files.readString(description).startsWith("///")
                    || !Files.readString(description).contains("@NullMarked")) {
                found.add(Repository.nameOf(directory));
            }
        }
        assertThat(packages).isNotEmpty();
        assertThat(found).isEmpty();
    }

    @Test
    void errorsAreCaughtByName() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : Repository.files(".java")) {
            eachLine(
                    file,
                    (line, at) -> {
                        if (line.contains("catch (Throwable ") && !isTest(file)) {
                            found.add(at + ": " + line.strip());
                        }
                    });
        }
        assertThat(found).isEmpty();
    }

    private static boolean leadsSomewhere(Path from, String link) {
        if (link.startsWith("http://") || link.startsWith("https://")) {
            return true;
        }
        String[] parts = link.split("#", 2);
        Path target = parts[0].isEmpty() ? from : from.resolveSibling(parts[0]).normalize();
        if (!Files.exists(target)) {
            return false;
        }
        return parts.length == 1 || headings(target).contains(parts[1]);
    }

    private static Set<String> headings(Path document) {
        Set<String> anchors = new HashSet<>();
        try (Stream<String> lines = Files.lines(document)) {
            lines.forEach(
                    line -> {
                        Matcher heading = HEADING.matcher(line);
                        if (heading.matches()) {
                            anchors.add(
                                    heading.group(1)
                                            .toLowerCase(Locale.ROOT)
                                            .replaceAll("[^\\w\\- ]", "")
                                            .replace(' ', '-'));
                        }
                    });
        } catch (IOException e) {
            return Set.of();
        }
        return anchors;
    }

    private static List<Path> textFiles() {
        return Repository.files().stream()
                .filter(file -> !isPicture(file) && !isRecording(file))
                .toList();
    }

    private static boolean isTest(Path file) {
        return file.toString().contains("/src/test/");
    }

    private static boolean isPicture(Path file) {
        return file.toString().endsWith(".png");
    }

    private static boolean isRecording(Path file) {
        String name = Repository.nameOf(file);
        return name.contains("src/test/resources/")
                || name.contains("src/main/resources/recorded/");
    }

    private static boolean holdsZero(Path file) throws IOException {
        for (byte b : Files.readAllBytes(file)) {
            if (b == 0) {
                return true;
            }
        }
        return false;
    }

    @FunctionalInterface
    private interface LineAction {
        void accept(String line, String at);
    }

    private static void eachLine(Path file, LineAction action) throws IOException {
        String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            action.accept(line, Repository.nameOf(file) + ":" + number);
        }
    }
}
