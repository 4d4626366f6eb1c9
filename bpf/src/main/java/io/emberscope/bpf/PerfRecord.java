package io.emberscope.bpf;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import java.util.Arrays;

/// Reads the records of perf's ring buffers, as `linux/perf_event.h` lays them out for events with
/// `sample_id_all` and the sample type TID, TIME and CPU.
final class PerfRecord {
    static final int HEADER_BYTES = 8;

    /// What `sample_id_all` appends: pid, tid, time, cpu and a reserved word.
    static final int TRAILER_BYTES = 24;

    static final int BUILD_ID_BYTES_MAX = 20;

    private static final int LOST = 2;
    private static final int COMM = 3;
    private static final int EXIT = 4;
    private static final int FORK = 7;
    private static final int MMAP2 = 10;
    private static final int CGROUP = 19;
    private static final int MISC_COMM_EXEC = 1 << 13;
    private static final int MISC_MMAP_BUILD_ID = 1 << 14;

    private PerfRecord() {}

    /// Size of the record at `start`, header included: at least a header, at most what is there, so
    /// that a walk over records always moves and always ends.
    static int size(byte[] bytes, int start, int end) {
        int left = end - start;
        if (left < HEADER_BYTES) {
            return left;
        }
        int size = (bytes[start + 6] & 0xff) | (bytes[start + 7] & 0xff) << 8;
        return size < HEADER_BYTES || size > left ? left : size;
    }

    /// Hands one record to `handler`; records of kinds we did not ask for are passed over.
    ///
    /// @return how many records it says were lost
    static long deliver(byte[] bytes, int start, int size, SideBandHandler handler)
            throws MalformedInputException {
        ByteCursor record = ByteCursor.of(bytes, start, size);
        int type = record.i32("perf.type");
        int misc = record.u16("perf.misc");
        record.skip(Short.BYTES, "perf.size");
        int bodyBytes = size - HEADER_BYTES - TRAILER_BYTES;
        if (bodyBytes < 0) {
            throw new MalformedInputException(
                    "perf.size: "
                            + size
                            + " (expected: at least "
                            + (HEADER_BYTES + TRAILER_BYTES)
                            + ")");
        }
        ByteCursor body = record.slice(bodyBytes, "perf.body");
        record.skip(2 * Integer.BYTES, "perf.tid");
        long time = record.i64("perf.time");
        switch (type) {
            case MMAP2 -> mmap(time, misc, body, handler);
            case COMM -> comm(time, misc, body, handler);
            case FORK, EXIT -> task(type, body, handler);
            case CGROUP -> handler.cgroup(time, body.i64("cgroup.id"), name(body, "cgroup.path"));
            case LOST -> {
                body.skip(Long.BYTES, "lost.id");
                long count = body.i64("lost.count");
                handler.lost(time, count);
                return count;
            }
            default -> {
                // THROTTLE and the like: nothing that is true of processes changes by them.
            }
        }
        return 0;
    }

    private static void mmap(long time, int misc, ByteCursor body, SideBandHandler handler)
            throws MalformedInputException {
        int pid = body.i32("mmap.pid");
        int tid = body.i32("mmap.tid");
        long start = body.i64("mmap.addr");
        long length = body.i64("mmap.len");
        long offset = body.i64("mmap.pgoff");
        ByteCursor file = body.slice(24, "mmap.file");
        int protection = body.i32("mmap.prot");
        int flags = body.i32("mmap.flags");
        byte[] buildId = {};
        int major = 0;
        int minor = 0;
        long inode = 0;
        if ((misc & MISC_MMAP_BUILD_ID) != 0) {
            int bytes = file.u8("mmap.build_id_size");
            if (bytes > BUILD_ID_BYTES_MAX) {
                throw new MalformedInputException(
                        "mmap.build_id_size: "
                                + bytes
                                + " (expected: at most "
                                + BUILD_ID_BYTES_MAX
                                + ")");
            }
            file.skip(3, "mmap.reserved");
            buildId = file.bytes(bytes, "mmap.build_id");
        } else {
            major = file.i32("mmap.maj");
            minor = file.i32("mmap.min");
            inode = file.i64("mmap.ino");
        }
        handler.mmap(
                new SideBandHandler.Mapping(
                        time,
                        pid,
                        tid,
                        start,
                        length,
                        offset,
                        buildId,
                        major,
                        minor,
                        inode,
                        protection,
                        flags,
                        name(body, "mmap.filename")));
    }

    private static void comm(long time, int misc, ByteCursor body, SideBandHandler handler)
            throws MalformedInputException {
        int pid = body.i32("comm.pid");
        int tid = body.i32("comm.tid");
        handler.comm(time, pid, tid, name(body, "comm.comm"), (misc & MISC_COMM_EXEC) != 0);
    }

    private static void task(int type, ByteCursor body, SideBandHandler handler)
            throws MalformedInputException {
        int pid = body.i32("task.pid");
        int parentPid = body.i32("task.ppid");
        int tid = body.i32("task.tid");
        int parentTid = body.i32("task.ptid");
        long time = body.i64("task.time");
        if (type == FORK) {
            handler.fork(time, pid, parentPid, tid, parentTid);
        } else {
            handler.exit(time, pid, parentPid, tid, parentTid);
        }
    }

    /// The rest of the body up to its first zero byte: names are padded with zeros.
    private static byte[] name(ByteCursor body, String field) throws MalformedInputException {
        byte[] padded = body.bytes(body.remaining(), field);
        int length = 0;
        while (length < padded.length && padded[length] != 0) {
            length++;
        }
        return Arrays.copyOf(padded, length);
    }
}
