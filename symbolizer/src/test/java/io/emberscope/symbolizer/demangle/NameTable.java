package io.emberscope.symbolizer.demangle;

import static io.emberscope.symbolizer.demangle.Demangler.demangle;
import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.demangle.Demangler.Mode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/// Names that are mangled, and what they stand for, from a file: three lines and an empty one each.
record NameTable(String mangled, String full, String simplified) {
    /// Names of C++, for each production of the grammar.
    static Stream<NameTable> cpp() {
        try (InputStream in = NameTable.class.getResourceAsStream("/demangle/cpp-names.txt")) {
            byte[] bytes = Objects.requireNonNull(in).readAllBytes();
            return parse(new String(bytes, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// It is read as it was written.
    void assertRead() {
        assertThat(demangle(mangled, Mode.FULL)).isEqualTo(full);
        assertThat(demangle(mangled, Mode.SIMPLIFIED)).isEqualTo(simplified);
        assertThat(demangle(mangled, Mode.NONE)).isEqualTo(mangled);
    }

    /// Every beginning of it is a name or stays as it is.
    void assertBeginningsAreHarmless() {
        for (int i = 0; i < mangled.length(); i++) {
            for (Mode mode : Mode.values()) {
                assertThat(demangle(mangled.substring(0, i), mode)).isNotNull();
            }
        }
    }

    static Stream<NameTable> parse(String text) {
        return Arrays.stream(text.strip().split("\n\n"))
                .map(each -> List.of(each.split("\n")))
                .map(lines -> new NameTable(lines.get(0), lines.get(1), lines.get(2)));
    }
}
