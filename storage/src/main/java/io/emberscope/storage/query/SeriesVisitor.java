package io.emberscope.storage.query;

import io.emberscope.profile.Series;
import java.io.IOException;

/// What is done with each series that a [SampleSource] finds.
@FunctionalInterface
public interface SeriesVisitor {
    /// Called once per series and source.
    void visit(Series series) throws IOException;
}
