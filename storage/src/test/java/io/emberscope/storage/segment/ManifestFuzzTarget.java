package io.emberscope.storage.segment;

import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.base.bytes.MalformedInputException;
import java.util.Arrays;

/// Takes any bytes for a manifest whose checksum is right.
public final class ManifestFuzzTarget {
    private ManifestFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        byte[] sealed = Checked.seal(new ByteWriter().bytes(bytes));
        try {
            Manifest manifest = Manifest.decode(sealed, "manifest");
            if (!Arrays.equals(
                    Manifest.decode(manifest.encode(), "again").encode(), manifest.encode())) {
                throw new AssertionError("not the same again");
            }
        } catch (UnknownVersionException | MalformedInputException expected) {
            if (!expected.getMessage().contains("(expected: ")) {
                throw new AssertionError(expected.getMessage());
            }
        }
    }
}
