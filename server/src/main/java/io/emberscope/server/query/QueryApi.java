package io.emberscope.server.query;

import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.HttpService;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.profile.pprof.PprofWriter;
import io.emberscope.profile.tree.FlameTree;
import io.emberscope.profile.tree.LineTable;
import io.emberscope.profile.tree.StackQuality;
import io.emberscope.profile.tree.TopTable;
import io.emberscope.profile.tree.UnnamedCode;
import io.emberscope.server.edge.ErrorAnswers;
import io.emberscope.server.edge.Limits;
import io.emberscope.server.symbols.ShownNames;
import io.emberscope.server.symbols.StoredSymbols;
import io.emberscope.storage.ProfileStore;
import io.emberscope.storage.query.LabelValues;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.query.TimeSeries;
import io.emberscope.symbolizer.demangle.Demangler;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The questions that can be asked over HTTP, by path: what profiles there are, and what is in
/// them.
public final class QueryApi implements AutoCloseable {
    /// What a flame graph in its binary form says it is.
    public static final MediaType FLAMEGRAPH =
            MediaType.create("application", "vnd.emberscope.flamegraph");

    private static final MediaType PPROF = MediaType.create("application", "octet-stream");

    /// What a node of a flame graph takes until the answer is there, in bytes; texts come once for
    /// many nodes. A buffer that grows, and its content twice more.
    private static final int NODE_BYTES = 60;

    private static final int JSON_NODE_BYTES = 260;

    /// What a row of a table takes, in bytes, in the same way.
    private static final int ROW_BYTES = 600;

    private static final String FROM_DEFAULT = "now-1h";
    private static final String TO_DEFAULT = "now";

    /// Which parameters say which samples are meant.
    private static final Set<String> SAMPLES = Set.of("type", "selector", "from", "to");

    private static final Set<String> SERIES = Set.of("selector", "from", "to");

    /// What a point takes as JSON, about.
    private static final int POINT_BYTES = 32;

    private static final String DEMANGLE_DEFAULT = "simplified";

    private final ProfileStore store;
    private final StoredSymbols symbols;
    private final InstantSource clock;
    private final ErrorAnswers errors;
    private final QueryPool pool;
    private final Map<String, ShownNames> names = new LinkedHashMap<>();

    /// @param store what is asked
    /// @param symbols what is known of code beside what profiles say
    /// @param clock what `now` means
    public QueryApi(
            ProfileStore store,
            StoredSymbols symbols,
            InstantSource clock,
            Limits limits,
            ErrorAnswers errors,
            Metrics metrics) {
        this.store = store;
        this.symbols = symbols;
        this.clock = clock;
        this.errors = errors;
        this.pool = new QueryPool(limits, errors, metrics);
        for (Demangler.Mode mode : Demangler.Mode.values()) {
            names.put(mode.name().toLowerCase(Locale.ROOT), new ShownNames(mode));
        }
    }

    /// Every path and what answers it; all are for GET.
    public Map<String, HttpService> routes() {
        Map<String, HttpService> routes = new LinkedHashMap<>();
        routes.put("/api/v1/profile-types", service(Set.of("from", "to"), this::profileTypes));
        routes.put("/api/v1/label-names", service(SERIES, this::labelNames));
        routes.put(
                "/api/v1/label-values",
                service(with(SERIES, "name", "prefix", "limit"), this::labelValues));
        routes.put(
                "/api/v1/flamegraph",
                service(
                        with(SAMPLES, "demangle", "groupBy", "maxNodes", "format"),
                        this::flameGraph));
        routes.put("/api/v1/top", service(with(SAMPLES, "demangle", "limit", "search"), this::top));
        routes.put(
                "/api/v1/lines",
                service(with(SAMPLES, "function", "binary", "demangle", "limit"), this::lines));
        routes.put("/api/v1/stack-quality", service(with(SAMPLES, "limit"), this::stackQuality));
        routes.put(
                "/api/v1/timeseries", service(with(SAMPLES, "step", "groupBy"), this::timeSeries));
        routes.put("/api/v1/pprof", service(with(SAMPLES, "demangle"), this::pprof));
        return routes;
    }

    @Override
    public void close() {
        pool.close();
    }

    private interface Question {
        Answer answer(Parameters parameters, QueryContext context) throws IOException;
    }

    private HttpService service(Set<String> known, Question question) {
        Set<String> all = with(known, "partial");
        return (ctx, _) -> {
            Parameters parameters;
            QueryContext limits;
            try {
                parameters = Parameters.of(ctx.queryParams(), all);
                limits = pool.limits(parameters.flag("partial"));
            } catch (MalformedInputException e) {
                return errors.answer(e);
            }
            return pool.run(ctx, limits, () -> question.answer(parameters, limits));
        };
    }

    private Answer profileTypes(Parameters parameters, QueryContext context) throws IOException {
        List<ProfileType> types = store.profileTypes(TenantId.DEFAULT, range(parameters), context);
        return Answer.json(
                json -> {
                    json.writeStartObject();
                    json.writeArrayFieldStart("profileTypes");
                    for (ProfileType type : types) {
                        json.writeStartObject();
                        json.writeStringField("id", type.id());
                        json.writeStringField("name", type.name());
                        json.writeStringField("sampleType", type.sampleType());
                        json.writeStringField("sampleUnit", type.sampleUnit());
                        json.writeStringField("periodType", type.periodType());
                        json.writeStringField("periodUnit", type.periodUnit());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                    json.writeEndObject();
                });
    }

    private Answer labelNames(Parameters parameters, QueryContext context) throws IOException {
        List<String> names =
                store.labelNames(
                        TenantId.DEFAULT, selector(parameters), range(parameters), context);
        return Answer.json(
                json -> {
                    json.writeStartObject();
                    json.writeFieldName("names");
                    json.writeArray(names.toArray(String[]::new), 0, names.size());
                    json.writeEndObject();
                });
    }

    private Answer labelValues(Parameters parameters, QueryContext context) throws IOException {
        LabelValues values =
                store.labelValues(
                        TenantId.DEFAULT,
                        parameters.required("name"),
                        selector(parameters),
                        parameters.text("prefix", ""),
                        parameters.count(
                                "limit", Limits.LABEL_VALUES_DEFAULT, Limits.LABEL_VALUES_MAX),
                        range(parameters),
                        context);
        return Answer.json(
                json -> {
                    json.writeStartObject();
                    json.writeFieldName("values");
                    json.writeArray(
                            values.values().toArray(String[]::new), 0, values.values().size());
                    json.writeBooleanField("truncated", values.truncated());
                    json.writeEndObject();
                });
    }

    private Answer flameGraph(Parameters parameters, QueryContext context) throws IOException {
        int maxNodes =
                parameters.count(
                        "maxNodes", Limits.FLAMEGRAPH_NODES_DEFAULT, Limits.FLAMEGRAPH_NODES_MAX);
        String format = parameters.oneOf("format", "binary", List.of("binary", "json"));
        String groupBy = parameters.text("groupBy", "");
        MergedProfile profile = named(parameters, groupBy.isEmpty() ? null : groupBy, context);
        FlameTree tree = FlameTree.of(profile, maxNodes, context);
        boolean json = format.equals("json");
        context.reserve((long) tree.size() * (json ? JSON_NODE_BYTES : NODE_BYTES));
        return json ? FlameTreeJson.of(tree) : Answer.binary(FLAMEGRAPH, tree.encode());
    }

    private Answer top(Parameters parameters, QueryContext context) throws IOException {
        int limit =
                parameters.count("limit", Limits.TOP_FUNCTIONS_DEFAULT, Limits.TOP_FUNCTIONS_MAX);
        String search = parameters.text("search", "").toLowerCase(Locale.ROOT);
        TopTable table = TopTable.of(named(parameters, null, context), context);
        context.reserve((long) Math.min(limit, table.rows().size()) * ROW_BYTES);
        return TopTableJson.of(table, search, limit);
    }

    private Answer lines(Parameters parameters, QueryContext context) throws IOException {
        String function = parameters.required("function");
        String binary = parameters.text("binary", "");
        int limit =
                parameters.count("limit", Limits.FUNCTION_LINES_DEFAULT, Limits.FUNCTION_LINES_MAX);
        LineTable table = LineTable.of(named(parameters, null, context), function, binary, context);
        context.reserve((long) Math.min(limit, table.rows().size()) * ROW_BYTES);
        return LineTableJson.of(table, limit);
    }

    private Answer stackQuality(Parameters parameters, QueryContext context) throws IOException {
        int limit = parameters.count("limit", Limits.CUT_BINARIES_DEFAULT, Limits.CUT_BINARIES_MAX);
        MergedProfile profile = named(parameters, null, context);
        StackQuality quality = StackQuality.of(profile, context);
        UnnamedCode unnamed = UnnamedCode.of(profile, context);
        context.reserve(StackQualityJson.rows(quality, unnamed, limit) * ROW_BYTES);
        return StackQualityJson.of(quality, unnamed, limit);
    }

    private Answer timeSeries(Parameters parameters, QueryContext context) throws IOException {
        TimeRange range = range(parameters);
        Duration step = Steps.of(parameters.text("step", ""), range);
        ProfileType type = type(parameters);
        Selector selector = selector(parameters);
        String groupBy = parameters.text("groupBy", "");
        if (groupBy.isEmpty()) {
            TimeSeries series =
                    store.series(TenantId.DEFAULT, type, selector, range, step, context);
            return TimeSeriesJson.of(series);
        }
        Map<String, TimeSeries> groups =
                store.seriesBy(TenantId.DEFAULT, type, selector, groupBy, range, step, context);
        long points = groups.values().stream().mapToLong(series -> series.values().length).sum();
        context.reserve(points * POINT_BYTES);
        return TimeSeriesJson.of(type, step, groups);
    }

    private Answer pprof(Parameters parameters, QueryContext context) throws IOException {
        MergedProfile profile = named(parameters, null, context);
        return Answer.download(
                PPROF, PprofWriter.write(profile, context), FileNames.pprof(profile));
    }

    private MergedProfile named(
            Parameters parameters, @Nullable String groupBy, QueryContext context)
            throws IOException {
        String demangle =
                parameters.oneOf("demangle", DEMANGLE_DEFAULT, List.copyOf(names.keySet()));
        MergedProfile known =
                symbols.of(
                        TenantId.DEFAULT,
                        merge(parameters, groupBy, context),
                        context,
                        context::check);
        return Objects.requireNonNull(names.get(demangle)).of(known, context, context::check);
    }

    private MergedProfile merge(
            Parameters parameters, @Nullable String groupBy, QueryContext context)
            throws IOException {
        return store.merge(
                TenantId.DEFAULT,
                type(parameters),
                selector(parameters),
                groupBy,
                range(parameters),
                context);
    }

    private static ProfileType type(Parameters parameters) throws MalformedInputException {
        return ProfileType.parse(parameters.text("type", ProfileType.CPU.id()));
    }

    private static Selector selector(Parameters parameters) throws MalformedInputException {
        return Selector.parse(parameters.text("selector", "{}"));
    }

    private TimeRange range(Parameters parameters) throws MalformedInputException {
        Instant now = clock.instant();
        String fromText = parameters.text("from", FROM_DEFAULT);
        Instant from = TimeText.moment("from", fromText, now);
        Instant to = TimeText.moment("to", parameters.text("to", TO_DEFAULT), now);
        if (!from.isBefore(to)) {
            throw new MalformedInputException(
                    "from: " + from + " (expected: before to, which is " + to + ")");
        }
        return new TimeRange(from, to);
    }

    private static Set<String> with(Set<String> names, String... more) {
        Set<String> all = new HashSet<>(names);
        all.addAll(List.of(more));
        return Set.copyOf(all);
    }
}
