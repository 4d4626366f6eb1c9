package io.emberscope.server.edge;

import java.time.Duration;

/// Every limit the server sets for strangers, each with its reason. What follows from the size of
/// the heap is computed by [#of(long)]; the rest are constants.
///
/// @param ingestBodyBytesMax longest request body, as it travels and once it is decompressed
/// @param ingestBytesInFlight bytes that all ingest requests may hold at once
/// @param responseBytesInFlight bytes of answers that may wait for slow readers at once
/// @param queryThreads queries that run at the same time
/// @param queryBytesMax memory that the tables of one query may hold
/// @param storeBytesMax memory for profiles that are not in a segment yet
/// @param cacheBytesMax memory for what was read from segments
/// @param symbolBytesMax memory for what was read from symbol files
/// @param idleTimeout see [#IDLE_TIMEOUT]
/// @param requestTimeout see [#REQUEST_TIMEOUT]
public record Limits(
        int ingestBodyBytesMax,
        long ingestBytesInFlight,
        long responseBytesInFlight,
        int queryThreads,
        long queryBytesMax,
        long storeBytesMax,
        long cacheBytesMax,
        long symbolBytesMax,
        Duration idleTimeout,
        Duration requestTimeout) {

    private static final int MIB = 1 << 20;

    // ---- Connections -----------------------------------------------------------------------

    /// Ten thousand idle strangers must not shut out an agent, and a connection that does nothing
    /// costs a few kilobytes. The descriptor limit of the process must be above it.
    public static final int CONNECTIONS_MAX = 16_384;

    /// A browser uses six, an agent one; a stranger must not multiply what a connection may cost.
    public static final int HTTP2_STREAMS_PER_CONNECTION_MAX = 64;

    /// Streams that a client may open and reset in [#HTTP2_RESET_WINDOW] before it is cut off
    /// ("rapid reset").
    public static final int HTTP2_RESETS_MAX = 200;

    /// The time over which [#HTTP2_RESETS_MAX] are counted.
    public static final Duration HTTP2_RESET_WINDOW = Duration.ofSeconds(60);

    /// A request line carries a selector of at most a few kilobytes.
    public static final int REQUEST_LINE_BYTES_MAX = 16 * 1024;

    /// All headers together; browsers on localhost send the cookies of every other local site.
    public static final int HEADER_BYTES_MAX = 16 * 1024;

    /// The largest piece in which a body reaches us.
    public static final int HTTP1_CHUNK_BYTES_MAX = 8 * 1024;

    /// An agent sends every 10 s and keeps its connection; a stranger loses his after this. A head
    /// that trickles in counts as idle until it is whole, and so does a debug file of which next to
    /// nothing comes.
    public static final Duration IDLE_TIMEOUT = Duration.ofSeconds(30);

    /// From the head of a request to the last byte of its answer, so it also ends bodies that
    /// trickle in and answers that trickle out.
    public static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);

    /// Bodies of requests that have no use for one.
    public static final int UNUSED_BODY_BYTES_MAX = 4 * 1024;

    // ---- Ingest ----------------------------------------------------------------------------

    /// Requests that wait for a decoder thread; the bytes they hold are bounded apart.
    public static final int INGEST_QUEUE_MAX = 1024;

    /// What collecting a body costs, as a multiple of its bytes: a buffer that grows by doubling.
    public static final int WIRE_COPIES = 2;

    /// What decoding a body costs in objects, as a multiple of its bytes; reserved before it
    /// starts.
    public static final int INGEST_OBJECTS_PER_BYTE = 4;

    /// The largest window a zstd frame may ask for, as a power of two: 8 MiB, which is what the
    /// format tells every decoder to support.
    public static final int ZSTD_WINDOW_LOG_MAX = 23;

    /// How long an agent is told to wait when the server has its hands full.
    public static final Duration RETRY_AFTER_BUSY = Duration.ofSeconds(1);

    /// How long a client is told to wait when the disk does not take writes.
    public static final Duration RETRY_AFTER_UNAVAILABLE = Duration.ofSeconds(10);

    // ---- Queries ---------------------------------------------------------------------------

    /// Heap that one running query should find, its answer included.
    public static final long QUERY_HEAP_BYTES = 192L * MIB;

    /// Queries that wait for a thread; a page asks for about four at once.
    public static final int QUERY_QUEUE_MAX = 64;

    /// Nodes of a flame graph unless asked otherwise: more than a screen can show.
    public static final int FLAMEGRAPH_NODES_DEFAULT = 65_536;

    /// Nodes of a flame graph at most; about 40 MB of answer.
    public static final int FLAMEGRAPH_NODES_MAX = 1_048_576;

    /// Functions of a table unless asked otherwise.
    public static final int TOP_FUNCTIONS_DEFAULT = 100;

    /// Functions of a table at most.
    public static final int TOP_FUNCTIONS_MAX = 100_000;

    /// Lines of a function unless asked otherwise.
    public static final int FUNCTION_LINES_DEFAULT = 1_000;

    /// Lines of a function at most.
    public static final int FUNCTION_LINES_MAX = 100_000;

    /// Binaries that stacks are cut in, and that code without a name is in, unless asked otherwise.
    public static final int CUT_BINARIES_DEFAULT = 100;

    /// Such binaries at most.
    public static final int CUT_BINARIES_MAX = 100_000;

    /// Values of a label unless asked otherwise: what a completion list can show.
    public static final int LABEL_VALUES_DEFAULT = 1_000;

    /// Values of a label at most.
    public static final int LABEL_VALUES_MAX = 100_000;

    /// Points of a time series when no step is given, about.
    public static final int TIMESERIES_POINTS_DEFAULT = 240;

    /// Points of a time series at most.
    public static final int TIMESERIES_POINTS_MAX = 11_000;

    /// Answers at least this long are compressed for clients that accept it.
    public static final int GZIP_FROM_BYTES = 1024;

    // ---- Tables ----------------------------------------------------------------------------

    /// From the head of a request for a table's file to its last byte: engines read while they
    /// compute.
    public static final Duration TABLE_TIMEOUT = Duration.ofMinutes(10);

    /// Bytes of tables that may wait for slow readers at once: a quarter of what answers may have.
    public long tableBytesInFlight() {
        return responseBytesInFlight / 4;
    }

    // ---- Symbols ---------------------------------------------------------------------------

    /// The longest file with debug information: those of browsers have two gigabytes.
    public static final long DEBUG_FILE_BYTES_MAX = 4L << 30;

    /// Disk for what is decompressed of one such file while it is read.
    public static final long DEBUG_SCRATCH_BYTES_MAX = 8L << 30;

    /// Files that come in at once. They are read one by one.
    public static final int UPLOADS_MAX = 8;

    /// From the head of an upload to its answer.
    public static final Duration UPLOAD_TIMEOUT = Duration.ofMinutes(30);

    /// How long whoever uploads is told to wait when too many do.
    public static final Duration RETRY_AFTER_UPLOAD = Duration.ofSeconds(5);

    /// Time to read one file: a gigabyte takes about one minute.
    public static final Duration SYMBOLS_TIME_MAX = Duration.ofMinutes(10);

    /// Time for one file to come from a debuginfod server.
    public static final Duration DEBUGINFOD_TIME_MAX = Duration.ofMinutes(10);

    // ---- Start and stop --------------------------------------------------------------------

    /// How long a stopping server waits for no new request to come.
    public static final Duration SHUTDOWN_QUIET = Duration.ofMillis(100);

    /// How long a stopping server waits for requests under way.
    public static final Duration SHUTDOWN_MAX = Duration.ofSeconds(10);

    /// The limits for a heap of that size: a sixth of it for requests that come in, a quarter for
    /// queries, a twelfth for answers that go out, and a quarter as much for tables. The store
    /// takes a third, symbols a twenty-fourth, and the rest is for everything that is not counted.
    /// The longest legal body fits when it is alone.
    public static Limits of(long heapBytes) {
        long ingest = heapBytes / 6;
        long bodyMax = ingest / (WIRE_COPIES + 1 + INGEST_OBJECTS_PER_BYTE);
        int processors = Math.max(2, Runtime.getRuntime().availableProcessors());
        int queryThreads = Math.clamp(heapBytes / QUERY_HEAP_BYTES, 1, processors);
        return new Limits(
                Math.clamp(bodyMax / MIB, 1, 16) * MIB,
                ingest,
                heapBytes / 12,
                queryThreads,
                heapBytes / 4 / queryThreads,
                heapBytes / 4,
                heapBytes / 16,
                heapBytes / 24,
                IDLE_TIMEOUT,
                REQUEST_TIMEOUT);
    }

    /// These limits with other timeouts.
    public Limits withTimeouts(Duration idle, Duration request) {
        return new Limits(
                ingestBodyBytesMax,
                ingestBytesInFlight,
                responseBytesInFlight,
                queryThreads,
                queryBytesMax,
                storeBytesMax,
                cacheBytesMax,
                symbolBytesMax,
                idle,
                request);
    }
}
