package io.emberscope.e2e;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

/// What tests of the kernel's part need.
final class Root {
    private Root() {}

    /// Skips the test unless this process is root.
    static void assume() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "sampling needs root: run ./emberscope test as root");
    }
}
