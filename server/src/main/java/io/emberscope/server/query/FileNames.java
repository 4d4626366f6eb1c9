package io.emberscope.server.query;

import io.emberscope.profile.MergedProfile;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.regex.Pattern;

/// Names under which downloads are saved. A profile type is a stranger's text, so only letters,
/// digits and a few signs of it remain.
final class FileNames {
    private static final Pattern UNSAFE = Pattern.compile("[^A-Za-z0-9_-]+");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);
    private static final long NANOS = 1_000_000_000L;

    private FileNames() {}

    static String pprof(MergedProfile profile) {
        Instant start = Instant.ofEpochSecond(profile.startNanos() / NANOS);
        return UNSAFE.matcher(profile.type().name() + '-' + profile.type().sampleType())
                        .replaceAll("_")
                + '-'
                + TIME.format(start)
                + ".pb.gz";
    }
}
