package io.emberscope.collector.unwind;

import io.emberscope.collector.process.Binary;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Loads when told to.
final class FakeLoader implements TableLoader {
    final List<Binary> asked = new ArrayList<>();
    final ArrayDeque<Loaded> done = new ArrayDeque<>();
    boolean refuses;

    @Override
    public boolean request(Binary binary) {
        asked.add(binary);
        return !refuses;
    }

    @Override
    public @Nullable Loaded poll() {
        return done.poll();
    }

    @Override
    public void close() {}
}
