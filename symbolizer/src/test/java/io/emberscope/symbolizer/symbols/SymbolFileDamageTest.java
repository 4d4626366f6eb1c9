package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SymbolFileDamageTest {
    private static final long[] ADDRESSES = CodeModel.addresses(0xffe, 0x70);

    private static byte[] small() throws IOException {
        try (CodeModel model = CodeModel.small()) {
            return model.finish();
        }
    }

    @Test
    void noDamagedByteGivesAnotherAnswer() throws Exception {
        byte[] bytes = small();
        String right = described(bytes);
        int refused = 0;
        for (int at = 0; at < bytes.length; at++) {
            for (int flip : new int[] {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
                bytes[at] ^= (byte) flip;
                try {
                    assertThat(described(bytes)).as("byte %d", at).isEqualTo(right);
                } catch (MalformedInputException e) {
                    assertThat(e).hasMessageMatching("a\\.symbols: .+ \\(expected: .+\\)");
                    refused++;
                }
                bytes[at] ^= (byte) flip;
            }
        }
        assertThat(refused).as("no byte of it is idle").isEqualTo(9 * bytes.length);
    }

    private static String described(byte[] bytes) throws IOException {
        try (SymbolFile file = CodeModel.open(bytes)) {
            return CodeModel.describe(file, ADDRESSES);
        }
    }

    @Test
    void aFileThatIsCutOrLongerIsRefused() throws Exception {
        byte[] bytes = small();
        for (int length = 0; length < bytes.length + 20; length++) {
            if (length != bytes.length) {
                byte[] other = Arrays.copyOf(bytes, length);
                assertThatThrownBy(() -> CodeModel.open(other))
                        .as("%d bytes", length)
                        .isInstanceOf(MalformedInputException.class)
                        .hasMessageStartingWith("a.symbols: ");
            }
        }
        byte[] missing = new byte[bytes.length - 1];
        System.arraycopy(bytes, 0, missing, 0, 30);
        System.arraycopy(bytes, 31, missing, 30, bytes.length - 31);
        assertThatThrownBy(() -> CodeModel.open(missing))
                .as("a byte is missing in the middle")
                .isInstanceOf(MalformedInputException.class);
    }

    @Test
    void aBlockAtAnotherPlaceIsNotBelieved() throws Exception {
        byte[] content = {0, 0};
        assertThat(Output.checksum(16, content, 0, 2))
                .isNotEqualTo(Output.checksum(32, content, 0, 2));
    }

    @Test
    void damageIsToldWithFileAndBlock() throws Exception {
        byte[] bytes = small();
        bytes[Layout.HEAD_BYTES + 3] ^= 1; // names of functions are first
        try (SymbolFile file = CodeModel.open(bytes)) {
            assertThatThrownBy(() -> file.find(0x1000))
                    .isInstanceOf(MalformedInputException.class)
                    .hasMessageMatching(
                            "a\\.symbols: block at 16: checksum: 0x[0-9a-f]+"
                                    + " \\(expected: 0x[0-9a-f]+\\)");
            assertThat(file.find(0x1040)).as("no function there").hasSize(1);
        }
    }

    @Test
    void anotherVersionIsRefusedByName() throws Exception {
        byte[] bytes = small();
        for (byte version : new byte[] {1, 3}) {
            bytes[8] = version;
            assertThatThrownBy(() -> CodeModel.open(bytes))
                    .hasMessage("a.symbols: version: " + version + " (expected: 2)");
        }
    }
}
