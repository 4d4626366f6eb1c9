package io.emberscope.storage.segment;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.TenantId;
import java.util.ArrayList;
import java.util.List;

/// What a segment says of itself.
///
/// @param firstSequence log sequence number of the first batch that may be in it
/// @param lastSequence log sequence number of the last batch in it: what the log holds up to here
///   is in this segment or an older one
/// @param storedAtMillis wall clock when it was written, for people
/// @param oldestClockMillis the store's own clock when the first of the windows in it was written;
///   see `AgeClock`
/// @param clockMillis the same of the last of them
/// @param windows how many windows it was made of
/// @param tenants who has samples in it
record Manifest(
        long firstSequence,
        long lastSequence,
        long storedAtMillis,
        long oldestClockMillis,
        long clockMillis,
        int windows,
        List<Tenant> tenants) {
    static final String NAME = "manifest";
    static final int BYTES_MAX = 64 << 20;

    private static final long MAGIC = 0x0a47_4553_424d_4589L;
    private static final int VERSION = 2;

    Manifest {
        tenants = List.copyOf(tenants);
    }

    /// One tenant's part of a segment.
    ///
    /// @param tenant who
    /// @param directory name of the directory with the tables
    /// @param rows samples
    /// @param minMicros start of the first sample, in microseconds since the epoch
    /// @param maxMicros start of the last sample
    /// @param files the tables
    record Tenant(
            TenantId tenant,
            String directory,
            long rows,
            long minMicros,
            long maxMicros,
            List<DataFile> files) {
        Tenant {
            files = List.copyOf(files);
        }
    }

    /// Bytes of all tables.
    long bytes() {
        return tenants.stream()
                .flatMap(tenant -> tenant.files().stream())
                .mapToLong(DataFile::bytes)
                .sum();
    }

    byte[] encode() {
        ByteWriter out = new ByteWriter();
        out.i64(MAGIC).i32(VERSION);
        out.i64(firstSequence).i64(lastSequence).i64(storedAtMillis).i64(clockMillis);
        out.i64(oldestClockMillis).varint(windows);
        out.varint(tenants.size());
        for (Tenant tenant : tenants) {
            out.text(tenant.tenant().value()).text(tenant.directory());
            out.varint(tenant.rows()).i64(tenant.minMicros()).i64(tenant.maxMicros());
            out.varint(tenant.files().size());
            for (DataFile file : tenant.files()) {
                out.text(file.name()).varint(file.bytes()).varint(file.checksums().length);
                for (int checksum : file.checksums()) {
                    out.i32(checksum);
                }
            }
        }
        return Checked.seal(out);
    }

    /// Reads a manifest.
    ///
    /// @param name what errors call it
    /// @throws MalformedInputException if it is damaged
    /// @throws UnknownVersionException if a newer program wrote it
    static Manifest decode(byte[] bytes, String name)
            throws MalformedInputException, UnknownVersionException {
        Checked.Opened opened = Checked.open(bytes, MAGIC, VERSION, name);
        ByteCursor in = opened.content();
        long first = in.i64("first sequence");
        long last = in.i64("last sequence");
        long storedAt = in.i64("stored at");
        long clock = in.i64("clock");
        // Version 1 knows windows only.
        long oldestClock = opened.version() == 1 ? clock : in.i64("oldest clock");
        int windows = opened.version() == 1 ? 1 : in.count(Integer.MAX_VALUE, "windows");
        int tenantCount = in.count(in.remaining(), "tenants");
        List<Tenant> tenants = new ArrayList<>(tenantCount);
        for (int i = 0; i < tenantCount; i++) {
            tenants.add(tenant(in));
        }
        return new Manifest(first, last, storedAt, oldestClock, clock, windows, tenants);
    }

    private static Tenant tenant(ByteCursor in) throws MalformedInputException {
        try {
            TenantId tenant = new TenantId(in.text("tenant"));
            String directory = in.text("directory");
            long rows = in.varint("rows");
            long min = in.i64("first time");
            long max = in.i64("last time");
            int fileCount = in.count(in.remaining(), "files");
            List<DataFile> files = new ArrayList<>(fileCount);
            for (int i = 0; i < fileCount; i++) {
                String name = in.text("file");
                long length = in.varint("file bytes");
                int[] checksums = new int[in.count(in.remaining() / Integer.BYTES, "checksums")];
                for (int j = 0; j < checksums.length; j++) {
                    checksums[j] = in.i32("checksum");
                }
                files.add(new DataFile(name, length, checksums));
            }
            return new Tenant(tenant, directory, rows, min, max, files);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new MalformedInputException("manifest: malformed (expected: whole)", e);
        }
    }
}
