package io.emberscope.cli;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.cli.QueryFailure.Exit;
import io.emberscope.cli.QueryOptions.Format;
import io.emberscope.profile.tree.FlameTree;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// One question to one server, and its answer in the form that was asked for.
final class Query {
    private final QueryOptions options;
    private final Client client;

    Query(QueryOptions options) {
        this.options = options;
        this.client = new Client(options.server());
    }

    /// @param width columns to fit into
    Result run(Colors colors, int width) throws QueryFailure {
        return switch (options.command()) {
            case TOP -> top(colors, width);
            case FLAMEGRAPH -> flameGraph(colors, width);
            case LINES -> lines(colors, width);
            case QUALITY -> quality(colors, width);
            case PPROF -> new Result(get("/api/v1/pprof", Map.of()), "");
        };
    }

    private Result top(Colors colors, int width) throws QueryFailure {
        Map<String, String> more = new HashMap<>();
        more.put("limit", Integer.toString(options.limit()));
        if (!options.search().isEmpty()) {
            more.put("search", options.search());
        }
        byte[] json = get("/api/v1/top", more);
        if (options.format() == Format.JSON) {
            return new Result(json, "");
        }
        Top top = Top.parse(json);
        return Result.text(
                options.format() == Format.CSV ? top.csv() : top.table(colors, width),
                note(top.total()));
    }

    private Result lines(Colors colors, int width) throws QueryFailure {
        Map<String, String> more = new HashMap<>();
        more.put("function", options.function());
        more.put("limit", Integer.toString(options.limit()));
        if (!options.binary().isEmpty()) {
            more.put("binary", options.binary());
        }
        byte[] json = get("/api/v1/lines", more);
        if (options.format() == Format.JSON) {
            return new Result(json, "");
        }
        Lines lines = Lines.parse(json);
        return Result.text(
                options.format() == Format.CSV
                        ? lines.csv()
                        : lines.table(options.function(), colors, width),
                lines.total() > 0 && !lines.isFound()
                        ? "no function of that name here; `emberscope query top --search TEXT`"
                                + " shows names"
                        : note(lines.total()));
    }

    private Result quality(Colors colors, int width) throws QueryFailure {
        byte[] json =
                get("/api/v1/stack-quality", Map.of("limit", Integer.toString(options.limit())));
        if (options.format() == Format.JSON) {
            return new Result(json, "");
        }
        Quality quality = Quality.parse(json);
        return Result.text(
                options.format() == Format.CSV ? quality.csv() : quality.table(colors, width),
                note(quality.total()));
    }

    private Result flameGraph(Colors colors, int width) throws QueryFailure {
        Map<String, String> more = new HashMap<>();
        if (!options.groupBy().isEmpty()) {
            more.put("groupBy", options.groupBy());
        }
        if (options.format() == Format.JSON) {
            more.put("format", "json");
            return new Result(get("/api/v1/flamegraph", more), "");
        }
        if (options.format() == Format.FOLDED) {
            more.put("maxNodes", Integer.toString(FlameTree.NODES_MAX));
        }
        FlameTree tree = decode(get("/api/v1/flamegraph", more));
        return Result.text(
                options.format() == Format.FOLDED
                        ? CallTree.folded(tree)
                        : CallTree.of(tree, options.minShare(), colors, width),
                note(tree.total()));
    }

    private static FlameTree decode(byte[] encoded) throws QueryFailure {
        try {
            return FlameTree.decode(encoded);
        } catch (MalformedInputException e) {
            throw new QueryFailure(
                    Exit.FAILED,
                    "the answer is not one of this version's server: " + e.getMessage());
        }
    }

    private String note(long total) {
        return total > 0
                ? ""
                : "no samples match; look further back with --from, or with another --selector or"
                        + " --type";
    }

    private byte[] get(String path, Map<String, String> more) throws QueryFailure {
        Map<String, String> parameters = new HashMap<>(options.samples());
        parameters.putAll(more);
        String type = parameters.get("type");
        if (type != null && type.indexOf(':') < 0) {
            parameters.put("type", typeNamed(type));
        }
        return client.get(path, parameters);
    }

    /// The one type of that name which the server has samples of in the time that is asked about.
    private String typeNamed(String name) throws QueryFailure {
        Map<String, String> time = new HashMap<>(options.samples());
        time.keySet().retainAll(Set.of("from", "to"));
        List<String> ids = ProfileTypes.parse(client.get("/api/v1/profile-types", time));
        List<String> named = ids.stream().filter(id -> id.startsWith(name + ':')).toList();
        if (named.size() == 1) {
            return named.getFirst();
        }
        String expected =
                ids.isEmpty()
                        ? "a type, but there are no samples in that time; look further back with"
                                + " --from"
                        : "one of " + Texts.printable(String.join(" ", ids));
        throw new QueryFailure(
                Exit.FAILED,
                "--type: "
                        + name
                        + (named.isEmpty() ? " is no type here" : " is the name of several types")
                        + " (expected: "
                        + expected
                        + ")");
    }
}
