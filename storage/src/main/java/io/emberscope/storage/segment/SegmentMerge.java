package io.emberscope.storage.segment;

import io.emberscope.base.Failpoint;
import io.emberscope.base.disk.Disk;
import io.emberscope.profile.TenantId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes one segment of what is in several that follow one another, tenant by tenant.
final class SegmentMerge {
    private final Disk disk;
    private final Path writing;
    private final Pace pace;

    /// @param writing directory of the result, which is there
    SegmentMerge(Disk disk, Path writing, Pace pace) {
        this.disk = disk;
        this.writing = writing;
        this.pace = pace;
    }

    /// Writes the tables. The files are durable when this returns, and their names in the
    /// directories of the tenants.
    ///
    /// @param sources oldest first
    Manifest write(List<Segment> sources) throws IOException {
        // All that a tenant has is together, whatever sources it is in.
        Map<TenantId, List<TenantSource>> parts = new LinkedHashMap<>();
        int windows = 0;
        for (Segment source : sources) {
            windows = Math.addExact(windows, source.windows());
            for (Manifest.Tenant part : source.manifest().tenants()) {
                parts.computeIfAbsent(part.tenant(), _ -> new ArrayList<>())
                        .add(
                                new TenantSource(
                                        disk,
                                        source.directory().resolve(part.directory()),
                                        part.files(),
                                        part.rows(),
                                        source));
            }
        }
        Segment newest = sources.getLast();
        List<Manifest.Tenant> tenants = new ArrayList<>();
        for (Map.Entry<TenantId, List<TenantSource>> part : parts.entrySet()) {
            tenants.add(write(part.getKey(), part.getValue(), newest.lastSequence()));
        }
        return new Manifest(
                sources.getFirst().firstSequence(),
                newest.lastSequence(),
                newest.storedAtMillis(),
                sources.getFirst().oldestClockMillis(),
                newest.clockMillis(),
                windows,
                tenants);
    }

    private Manifest.Tenant write(TenantId tenant, List<TenantSource> sources, long segment)
            throws IOException {
        String name = sources.getFirst().directory().getFileName().toString();
        Path directory = writing.resolve(name);
        disk.createDirectories(directory);
        TenantMerge.Result result = new TenantMerge(sources, disk, directory, segment, pace).run();
        disk.forceDirectory(directory);
        Failpoint.hit("merge.tenant");
        return new Manifest.Tenant(
                tenant,
                name,
                result.rows(),
                result.minMicros(),
                result.maxMicros(),
                result.files());
    }
}
