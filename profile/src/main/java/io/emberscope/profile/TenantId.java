package io.emberscope.profile;

import java.util.regex.Pattern;

/// The owner of profiles. Holding one proves that the name was checked.
public record TenantId(String value) {
    private static final Pattern LEGAL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,149}");

    /// The one tenant of a server whose tenancy is off.
    public static final TenantId DEFAULT = new TenantId("default");

    /// @throws IllegalArgumentException if the name is not legal; the message does not repeat it
    public TenantId {
        if (!LEGAL.matcher(value).matches()) {
            throw new IllegalArgumentException("tenant id: (expected: " + LEGAL + ')');
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
