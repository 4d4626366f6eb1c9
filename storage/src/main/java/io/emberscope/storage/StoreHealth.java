package io.emberscope.storage;

import java.util.List;

/// How a store is.
///
/// @param writable whether it takes batches
/// @param reason why it does not, or empty
/// @param warnings what an operator should know besides, such as damaged segments
public record StoreHealth(boolean writable, String reason, List<String> warnings) {
    public StoreHealth {
        warnings = List.copyOf(warnings);
    }
}
