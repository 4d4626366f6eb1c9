package io.emberscope.server.symbols;

import io.emberscope.profile.TenantId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Whose symbols: those that a tenant gave are for that tenant's profiles only, as nobody can tell
/// whether what a stranger says of a build id is true; those of the debuginfod servers that the
/// operator chose are for everybody's.
///
/// @param directory name of the directory that has them; a tenant's name never becomes a path
record SymbolScope(String directory) {
    /// What everybody's profiles are named by.
    static final SymbolScope SHARED = new SymbolScope("shared");

    private static final int NAME_BYTES = 16;

    static SymbolScope of(TenantId tenant) {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256")
                            .digest(tenant.value().getBytes(StandardCharsets.UTF_8));
            return new SymbolScope("tenant-" + HexFormat.of().formatHex(hash, 0, NAME_BYTES));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
