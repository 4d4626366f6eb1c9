package io.emberscope.storage.query;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.Labels;
import java.util.List;
import java.util.stream.Collectors;

/// Says which series a query is about, in the grammar of PromQL's label matchers:
/// `{service_name="checkout",pod=~"web-.*",node!="a",executable!~"java|node"}`.
///
/// Matchers are joined by *and*. A label that a series does not have has the empty value, so
/// `{pod=""}` selects series without a pod. Regular expressions are RE2's, must match the whole
/// value, and take time linear in it. `{}` selects everything.
public final class Selector {
    /// Selects every series.
    public static final Selector ALL = new Selector(List.of());

    private final List<LabelMatcher> matchers;

    private Selector(List<LabelMatcher> matchers) {
        this.matchers = List.copyOf(matchers);
    }

    /// Reads a selector.
    ///
    /// @throws MalformedInputException naming the place (from 1) and the rule
    public static Selector parse(String text) throws MalformedInputException {
        return new Selector(new SelectorParser(text).parse());
    }

    /// A matcher for the series of one query, which remembers what it has matched before.
    ///
    /// @param context its limits stop the matching; see [SeriesMatcher]
    public SeriesMatcher matcher(QueryContext context) {
        return new SeriesMatcher(matchers, context);
    }

    /// Whether every series matches.
    public boolean isAll() {
        return matchers.isEmpty();
    }

    /// Whether a series with these labels is selected. For one test; use [#matcher] for many.
    public boolean matches(Labels labels) {
        for (LabelMatcher matcher : matchers) {
            if (!matcher.matches(labels.get(matcher.name()))) {
                return false;
            }
        }
        return true;
    }

    /// The selector in its usual form; [#parse] of it gives an equal one.
    @Override
    public String toString() {
        return matchers.stream()
                .map(LabelMatcher::toString)
                .collect(Collectors.joining(",", "{", "}"));
    }
}
