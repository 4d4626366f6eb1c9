package io.emberscope.symbolizer.demangle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Programs that read mangled names, and the names of binaries to ask them for.
///
/// @param rust a program that is built here, of the crate that comes with Rust's standard library
record Oracles(Path rust) {
    private static final String LLVM = "/usr/lib/llvm-19/bin/llvm-cxxfilt";
    private static final String GNU = "c++filt";
    static final String RUSTC = onPath("rustc");

    /// `llvm-cxxfilt` takes other characters for what is around names.
    private static final Pattern ASKABLE = Pattern.compile("[A-Za-z0-9_.$]+");

    static Oracles in(Path directory) throws IOException, InterruptedException {
        Path source =
                Files.writeString(
                        directory.resolve("oracle.rs"),
                        """
                        #![feature(rustc_private)]
                        extern crate rustc_demangle;
                        use std::io::{self, BufRead, Write};
                        fn main() -> io::Result<()> {
                            let mut out = io::BufWriter::new(io::stdout());
                            for line in io::stdin().lock().lines() {
                                let line = line?;
                                match rustc_demangle::try_demangle(&line) {
                                    Ok(name) => writeln!(out, "{:#}", name)?,
                                    Err(_) => writeln!(out, "{}", line)?,
                                }
                            }
                            out.flush()
                        }
                        """);
        Path program = directory.resolve("oracle");
        run(List.of(RUSTC, "-O", source.toString(), "-o", program.toString()));
        return new Oracles(program);
    }

    /// Where a tool is: on the path, or where rustup puts those that are not on it.
    private static String onPath(String tool) {
        List<String> folders =
                new ArrayList<>(List.of(System.getenv("PATH").split(File.pathSeparator, -1)));
        folders.add(System.getProperty("user.home") + "/.cargo/bin");
        return folders.stream()
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst()
                .orElse(tool);
    }

    static void run(List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        // What is not stable may be used, as the crate is not ours.
        builder.environment().put("RUSTC_BOOTSTRAP", "1");
        assertThat(builder.start().waitFor()).as("%s", command).isZero();
    }

    /// Names of all symbols, dynamic ones too, without versions.
    List<String> namesOf(Path file) throws IOException, InterruptedException {
        TreeSet<String> names = new TreeSet<>();
        for (String table : List.of("--debug-syms", "--dynamic")) {
            Process nm =
                    new ProcessBuilder("nm", "--no-demangle", table, file.toString())
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            try (var reader = nm.inputReader(StandardCharsets.UTF_8)) {
                reader.lines()
                        .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                        .map(name -> name.replaceFirst("@.*", ""))
                        .filter(name -> ASKABLE.matcher(name).matches())
                        .forEach(names::add);
            }
            nm.waitFor(); // fails if there is no such table
        }
        return List.copyOf(names);
    }

    List<String> llvm(List<String> names) throws IOException, InterruptedException {
        return ask(LLVM, names);
    }

    List<String> gnu(List<String> names) throws IOException, InterruptedException {
        return ask(GNU, names);
    }

    List<String> rust(List<String> names) throws IOException, InterruptedException {
        return ask(rust.toString(), names);
    }

    private static List<String> ask(String program, List<String> names)
            throws IOException, InterruptedException {
        Path in = Files.createTempFile("names", ".txt");
        Path out = Files.createTempFile("names", ".txt");
        try {
            Files.write(in, names);
            Process process =
                    new ProcessBuilder(program)
                            .redirectInput(in.toFile())
                            .redirectOutput(out.toFile())
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            assertThat(process.waitFor()).as(program).isZero();
            List<String> answers = Files.readAllLines(out);
            assertThat(answers).as(program).hasSameSizeAs(names);
            return answers;
        } finally {
            Files.delete(in);
            Files.delete(out);
        }
    }
}
