package io.emberscope.storage.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectorTest {
    private static final Labels WEB = Labels.of("service_name", "web", "pod", "web-1");

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '^',
            value = {
                "{}; true",
                " { } ; true",
                "{service_name=\"web\"}; true",
                "{service_name=\"we\"}; false",
                "{service_name!=\"web\"}; false",
                "{service_name!=\"db\",}; true",
                "{service_name='web', pod=`web-1`}; true",
                "{service_name=\"web\",pod=\"web-2\"}; false",
                "{pod=~\"web-.*\"}; true",
                "{pod=~\"web\"}; false",
                "{pod=~\"eb-1\"}; false",
                "{pod=~\"web-2|web-1\"}; true",
                "{pod=~\"web-2|web\"}; false",
                "{pod!~\"web-.*\"}; false",
                "{pod!~\"web-2|web-3\"}; true",
                "{node=\"\"}; true",
                "{node!=\"\"}; false",
                "{node=~\"\"}; true",
                "{node=~\"a|\"}; true",
                "{node=~\".*\"}; true",
                "{node=~\".+\"}; false",
                "{node!=\"x\"}; true",
                "{\"service_name\"=\"web\"}; true",
                "{service_name=\"\\x77\\u0065\\142\"}; true",
                "{pod=~\"WEB-1\"}; false",
                "{pod=~\"(?i)WEB-1\"}; true",
                "{pod=~\"web-1\",pod!=\"web-1\"}; false",
            })
    void matchesAsInPromql(String text, boolean expected) throws Exception {
        Selector selector = Selector.parse(text);
        assertThat(selector.matches(WEB)).isEqualTo(expected);
        assertThat(selector.matcher(QueryContext.strict()).matches(WEB)).isEqualTo(expected);
        assertThat(Selector.parse(selector.toString()).toString()).isEqualTo(selector.toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '^',
            value = {
                "^^; selector: the end at 1 (expected: {)",
                "a=\"b\"; selector: \"a=\"b\"\" at 1 (expected: {)",
                "{; selector: the end at 2 (expected: a label name or })",
                "{,}; selector: \",}\" at 2 (expected: a label name or })",
                "{a}; selector: \"}\" at 3 (expected: one of =, !=, =~, !~)",
                "{a==\"b\"}; selector: \"=\"b\"}\" at 4 (expected: a value in quotes)",
                "{a=b}; selector: \"b}\" at 4 (expected: a value in quotes)",
                "{a=\"b}; selector: \"\"b}\" at 4 (expected: a closing \")",
                "{a=\"b\" c=\"d\"}; selector: \"c=\"d\"}\" at 8 (expected: , or })",
                "{a=\"b\"}}; selector: \"}\" at 8 (expected: the end after })",
                "{1a=\"b\"}; selector: \"1a=\"b\"}\" at 2 (expected: a label name or })",
                "{a=\"\\q\"}; selector: \"\\q\"}\" at 5 (expected: a known escape such as \\\\, \\\" or"
                        + " \\n)",
                "{a=\"\\u12\"}; selector: \"\\u12\"}\" at 5 (expected: an escape of 4 digits)",
                "{a=\"\\ud800\"}; selector: \"\\ud800\"}\" at 5 (expected: an escape for a character"
                        + " up to U+10ffff)",
                "{a=~\"(\"}; selector: regular expression at 5: missing closing ) (expected: RE2"
                        + " syntax)",
                "{a=~\"(?=x)\"}; selector: regular expression at 5: invalid or unsupported Perl"
                        + " syntax (expected: RE2 syntax)",
                "{a=~\"((a{1000}){1000}){9}\"}; selector: regular expression at 5: size (expected:"
                        + " at most 20000 places once repetitions are written out)",
            })
    void errorsNameThePlaceAndTheRule(String text, String message) {
        assertThatThrownBy(() -> Selector.parse(text))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(message);
    }

    @Test
    void aTextIsBounded() {
        assertThatThrownBy(() -> Selector.parse("{a=\"" + "x".repeat(200_000) + "\"}"))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage("selector: 200006 characters (expected: at most 131072)");
        assertThatThrownBy(() -> Selector.parse("{" + "a=\"b\",".repeat(65) + "}"))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageContaining("at most 64 matchers");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(((((a{30}){30}){30}){30}){30})",
                "(a{1000}){1000}",
                "(\\pL{1000}){1000}",
                "([a-z]{1000}){1000}",
                "(\\Qabc\\E{1000}){1000}",
                "((a|b){100}c{100}){1000}",
                "(.{200,}){200}",
            })
    void whatWouldTakeAllMemoryIsRefused(String expression) {
        assertThat(RegexCost.complaint(expression)).contains("places once repetitions");
        assertThatThrownBy(() -> Selector.parse("{a=~`" + expression + "`}"))
                .isInstanceOf(MalformedInputException.class);
    }

    @Test
    void deepParenthesesAreRefused() {
        String deep = "(".repeat(50_000) + "a" + ")".repeat(50_000);
        assertThatThrownBy(() -> Selector.parse("{a=~\"" + deep + "\"}"))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageContaining("parentheses (expected: at most 100 deep)");
    }

    @Test
    void everydayExpressionsAreNotRefused() throws Exception {
        List<String> pods = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            pods.add("checkout-6d5f8b7c9d-" + i);
        }
        Selector many = Selector.parse("{pod=~\"" + String.join("|", pods) + "\"}");
        assertThat(many.matches(Labels.of("pod", "checkout-6d5f8b7c9d-1999"))).isTrue();
        assertThat(many.matches(Labels.of("pod", "checkout-6d5f8b7c9d-2000"))).isFalse();
        Selector shape = Selector.parse("{pod=~\"[a-z0-9-]{1,63}-[a-f0-9]{8,10}-[a-z0-9]{5}\"}");
        assertThat(shape.matches(Labels.of("pod", "web-6d5f8b7c9d-x2x4z"))).isTrue();
    }

    /// Doubling the value's length must not multiply the time as a backtracking engine's would, and
    /// must not deepen the stack.
    @Test
    void evilPatternsStayLinear() throws Exception {
        List<String> evil =
                List.of(
                        "(.*a){12}",
                        "(a|b)*c",
                        "(a+)+$",
                        "([a-zA-Z]+)*",
                        "(a|aa)+b",
                        "(a|a?)+z",
                        "(.*)*x",
                        "(x+x+)+y",
                        "((ab)*)*c",
                        "(.*,){11}P",
                        "a?a?a?a?a?a?a?a?aaaaaaaa");
        for (String pattern : evil) {
            Selector selector = Selector.parse("{v=~\"" + pattern + "\"}");
            for (int length = 1 << 10; length <= 1 << 16; length *= 4) {
                selector.matches(Labels.of("v", "a".repeat(length)));
            }
        }
    }

    @Test
    void matchingStopsAfterASecondOfExpressions() {
        long[] now = {0};
        QueryContext context =
                QueryContext.strict(java.time.Duration.ofHours(1), 1 << 20, () -> now[0] += 1_000);
        assertThatThrownBy(
                        () -> {
                            SeriesMatcher matcher =
                                    Selector.parse("{v=~\"(a|b)*c\"}").matcher(context);
                            for (int i = 0; i < 2_000_000; i++) {
                                matcher.matches(Labels.of("v", "value" + i));
                            }
                        })
                .isInstanceOf(QueryStoppedException.class)
                .hasMessage(
                        "selector: matching v took over 1 s (expected: a simpler regular"
                                + " expression)");
    }

    /// Any text is either read or refused with the one exception for it.
    @Test
    void noTextMakesTheParserFall() throws Exception {
        long seed = Long.getLong("seed", 42);
        Random random = new Random(seed);
        String alphabet = "{}=!~\"'`\\,ab_0(){}[]*+?|.^$:xuUQEpL \n\t1,;é\ud83d\ude00";
        int texts = Boolean.getBoolean("long") ? 200_000 : 50_000;
        int read = 0;
        for (int i = 0; i < texts; i++) {
            StringBuilder text = new StringBuilder(random.nextInt(4) == 0 ? "" : "{a=~\"");
            int length = random.nextInt(24);
            for (int j = 0; j < length; j++) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            text.append(random.nextInt(4) == 0 ? "" : "\"}");
            try {
                Selector.parse(text.toString()).matches(WEB);
                read++;
            } catch (MalformedInputException e) {
                assertThat(e).as("seed %d", seed).hasMessageStartingWith("selector: ");
            }
        }
        assertThat(read).as("texts that were legal, seed %d", seed).isGreaterThan(texts / 200);
    }
}
