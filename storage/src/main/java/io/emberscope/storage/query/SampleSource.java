package io.emberscope.storage.query;

import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import java.io.IOException;
import java.util.List;

/// A set of samples that queries can be asked of: a window in memory or a segment on disk. A source
/// may gain whole batches while it is read, and never loses any.
public interface SampleSource {
    /// Whether the source may hold samples of the tenant in the range; cheap.
    boolean mayHold(TenantId tenant, TimeRange range);

    /// Visits every series that has a sample in the range, once each.
    void forEachSeries(
            TenantId tenant, TimeRange range, QueryContext context, SeriesVisitor visitor)
            throws IOException;

    /// What has to be done so that the values of all matching samples are added to the sums of
    /// their stacks, through the sink of their series.
    List<Part> sumByStack(
            TenantId tenant,
            ProfileType type,
            SeriesMatcher matcher,
            TimeRange range,
            QueryContext context,
            StackSums sums)
            throws IOException;

    /// What has to be done so that the values of all matching samples are added to the step of
    /// their start.
    List<Part> sumByTime(
            TenantId tenant,
            ProfileType type,
            SeriesMatcher matcher,
            TimeRange range,
            QueryContext context,
            StepGroups sums)
            throws IOException;

    /// Tells the frames of those wanted stacks that this source holds, and then those frames.
    void resolve(TenantId tenant, StackResolver wanted, QueryContext context) throws IOException;
}
