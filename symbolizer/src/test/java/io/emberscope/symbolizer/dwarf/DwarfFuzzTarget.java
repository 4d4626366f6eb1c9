package io.emberscope.symbolizer.dwarf;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;

/// Reads debug information whatever its bytes, also as split units and as a supplementary file of
/// itself; the sink checks what it is told.
public final class DwarfFuzzTarget {
    private DwarfFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        try {
            ElfFile file = ElfFile.open(new ArraySource(bytes));
            DebugInfo.Told told =
                    DebugInfo.of(file)
                            .supplement(file)
                            .splitFiles((id, name, directory) -> new ArraySource(bytes))
                            .tell(new RecordingSink());
            if (!told.firstRefusal().isEmpty()) {
                assertThat(told.firstRefusal()).contains("(expected: ");
            }
            DebugInfo.of(file).splitPackage(file).tell(new RecordingSink());
        } catch (MalformedInputException | TooMuchException expected) {
            assertThat(expected).hasMessageContaining("(expected: ");
        }
    }
}
