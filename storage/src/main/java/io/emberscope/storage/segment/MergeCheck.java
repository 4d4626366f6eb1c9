package io.emberscope.storage.segment;

import io.emberscope.storage.query.LongIndex;
import java.io.IOException;

/// Reads what a merge wrote before it may take the place of its sources: that no value went lost or
/// elsewhere, and that each stack and each frame that is needed is there once.
final class MergeCheck {
    private static final int PACE_ROWS = 1 << 14;

    private final TenantSource written;
    private final Pace pace;
    private final LongIndex stacks = new LongIndex();
    private final LongIndex frames = new LongIndex();

    MergeCheck(TenantSource written, Pace pace) {
        this.written = written;
        this.pace = pace;
    }

    /// Compares.
    ///
    /// @param expected the sums of the sources
    /// @param framesExpected how many frames the sources have
    void compare(Totals expected, int framesExpected) throws IOException {
        Totals found = readSamples();
        require("sums", found.toString(), expected.toString());
        readFrames();
        require("frames", frames.size(), framesExpected);
        require("stacks", readStacks(), stacks.size());
    }

    private Totals readSamples() throws IOException {
        Totals totals = new Totals();
        try (SeriesCursor series = new SeriesCursor(written);
                SampleCursor sample = new SampleCursor(written)) {
            while (series.next()) {
                Totals.Sum sum = totals.of(series.series().type());
                boolean more = sample.begin(series.samples());
                long last = more ? ~sample.stackId() : 0;
                while (more) {
                    sum.add(series.id(), sample);
                    if (sample.stackId() != last) {
                        last = sample.stackId();
                        stacks.add(last);
                    }
                    if (sample.passed() % PACE_ROWS == 0) {
                        pace.pause();
                    }
                    more = sample.nextOfSeries();
                }
            }
            require("samples", sample.passed(), written.rows());
        }
        return totals;
    }

    private void readFrames() throws IOException {
        try (IdCursor frame = IdCursor.ofFrames(written)) {
            while (frame.next()) {
                if (frames.add(frame.id()) < 0) {
                    throw new IOException(written.directory() + ": a frame twice");
                }
            }
        }
    }

    /// How many stacks there are, all of them used, with all their frames.
    private long readStacks() throws IOException {
        long count = 0;
        try (StackCursor stack = new StackCursor(written)) {
            while (stack.next()) {
                boolean whole = stacks.find(stack.id()) >= 0;
                for (int i = stack.start(); i < stack.end(); i++) {
                    whole &= frames.find(stack.frames()[i]) >= 0;
                }
                if (!whole) {
                    throw new IOException(
                            written.directory() + ": a stack without samples or frames");
                }
                if (++count % TableCursor.BATCH_ROWS == 0) {
                    pace.pause();
                }
            }
        }
        return count;
    }

    private void require(String what, Object found, Object expected) throws IOException {
        if (!found.toString().equals(expected.toString())) {
            throw new IOException(
                    written.directory()
                            + ": "
                            + what
                            + " "
                            + found
                            + " (expected: "
                            + expected
                            + ", as in what was merged)");
        }
    }
}
