package io.emberscope.storage.query;

import io.emberscope.profile.Labels;
import io.emberscope.storage.query.QueryStoppedException.Reason;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Decides for the series of one query whether they are selected. Labels share values, so what one
/// matcher said of one value is remembered. Not safe for use by several threads.
public final class SeriesMatcher {
    private static final long REGEX_NANOS_MAX = 1_000_000_000L;
    private static final int REMEMBERED_MAX = 100_000;

    private final List<LabelMatcher> matchers;
    private final List<Map<String, Boolean>> remembered;
    private final QueryContext context;
    private long regexNanos;

    SeriesMatcher(List<LabelMatcher> matchers, QueryContext context) {
        this.matchers = matchers;
        this.context = context;
        this.remembered = new ArrayList<>(matchers.size());
        for (int i = 0; i < matchers.size(); i++) {
            remembered.add(new HashMap<>());
        }
    }

    /// Whether a series with these labels is selected.
    ///
    /// @throws QueryStoppedException if matching regular expressions took more than a second
    public boolean matches(Labels labels) throws QueryStoppedException {
        for (int i = 0; i < matchers.size(); i++) {
            LabelMatcher matcher = matchers.get(i);
            String value = labels.get(matcher.name());
            boolean matched =
                    matcher.operator().isRegex()
                            ? regex(matcher, remembered.get(i), value)
                            : matcher.matches(value);
            if (!matched) {
                return false;
            }
        }
        return true;
    }

    private boolean regex(LabelMatcher matcher, Map<String, Boolean> known, String value)
            throws QueryStoppedException {
        Boolean before = known.get(value);
        if (before != null) {
            return before;
        }
        context.check();
        long start = context.nanos();
        boolean matched = matcher.matches(value);
        regexNanos += context.nanos() - start;
        if (regexNanos > REGEX_NANOS_MAX) {
            throw new QueryStoppedException(
                    Reason.DEADLINE,
                    "selector: matching "
                            + matcher.name()
                            + " took over 1 s (expected: a simpler regular expression)");
        }
        if (known.size() < REMEMBERED_MAX) {
            known.put(value, matched);
        }
        return matched;
    }
}
