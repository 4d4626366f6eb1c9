package io.emberscope.collector.chains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.collector.chains.Chains.FoundFrame;
import io.emberscope.collector.chains.Chains.Judgement;
import io.emberscope.collector.chains.Chains.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ChainsTest {
    private static final String OURS = "program";
    private static final FoundFrame START = new FoundFrame("_start", OURS);
    private static final FoundFrame LIBC = new FoundFrame(null, "libc.so.6");
    private static final FoundFrame NAMELESS = new FoundFrame(null, OURS);

    @Test
    void toldChainFromTheEntryOnIsRight() {
        Chains chains = told("chain: - main;f;g", "chain: - main;f");

        assertThat(judge(chains, START, LIBC, LIBC, ours("main"), ours("f"), ours("g")))
                .isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, START, LIBC, ours("main"), ours("f"))).isEqualTo(Verdict.RIGHT);
    }

    @Test
    void partOfFunctionThatIsElsewhereIsTheFunction() {
        assertThat(judge(told("chain: - main;f"), START, ours("main"), ours("f.cold")))
                .isEqualTo(Verdict.RIGHT);
    }

    @Test
    void missingOrSurplusFramesWithinAreWrong() {
        Chains chains = told("chain: - main;f;f;g");

        assertThat(judge(chains, START, ours("main"), ours("f"), ours("g")))
                .isEqualTo(Verdict.WRONG);
        assertThat(judge(chains, START, ours("main"), ours("f"), ours("f"), ours("f"), ours("g")))
                .isEqualTo(Verdict.WRONG);
        assertThat(judge(chains, START, ours("main"), ours("f"), LIBC, ours("f"), ours("g")))
                .isEqualTo(Verdict.WRONG);
        assertThat(judge(chains, START, ours("main"), ours("f"), ours("f")))
                .isEqualTo(Verdict.WRONG);
    }

    @Test
    void reasonNamesTheFrameOfTheChainThatAgreesFarthest() {
        Chains chains = told("chain: - main;f;g", "chain: - main;h");

        assertThat(chains.judge("any", List.of(START, ours("main"), NAMELESS, ours("g"))))
                .isEqualTo(
                        new Judgement(
                                Verdict.WRONG,
                                "frame 1 from the leaf: program!(no name) (expected:"
                                        + " Named[names=[f], aloneAbove=false])"));
    }

    @Test
    void stackCutAtItsOuterEndIsIncomplete() {
        Chains chains = told("chain: - main;f;*;g");

        assertThat(judge(chains, ours("f"), LIBC, ours("g"))).isEqualTo(Verdict.INCOMPLETE);
        assertThat(judge(chains, LIBC, LIBC, ours("g"))).isEqualTo(Verdict.INCOMPLETE);
        assertThat(judge(chains)).isEqualTo(Verdict.INCOMPLETE);
    }

    @Test
    void garbageAtTheOuterEndIsWrong() {
        assertThat(judge(told("chain: - main;f;g"), LIBC, ours("f"), ours("g")))
                .isEqualTo(Verdict.WRONG);
    }

    @Test
    void stackThatDoesNotReachTheEntryIsIncomplete() {
        Chains chains = told("chain: - main;f");

        assertThat(judge(chains, ours("main"), ours("f"))).isEqualTo(Verdict.INCOMPLETE);
        assertThat(judge(chains, LIBC, ours("main"), ours("f"))).isEqualTo(Verdict.INCOMPLETE);
    }

    @Test
    void ourFunctionsAboveTheRootAreWrong() {
        Chains chains = told("chain: - main;f");

        assertThat(judge(chains, START, ours("main"), ours("main"), ours("f")))
                .isEqualTo(Verdict.WRONG);
        assertThat(judge(chains, START, ours("f"), ours("main"), ours("f")))
                .isEqualTo(Verdict.WRONG);
    }

    @Test
    void threadBeginsInAnotherBinaryOrInAnEntry() {
        Chains chains = told("library: linked", "chain: - worker;f");

        assertThat(judge(chains, LIBC, ours("worker"), ours("f"))).isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, ours("clone3"), ours("worker"), ours("f")))
                .isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, ours("start_thread"), ours("worker"), ours("f")))
                .isEqualTo(Verdict.INCOMPLETE);
    }

    @Test
    void stackMayEndWhereTheProgramSaysSo() {
        Chains chains = told("entry: shim", "chain: - root;f");

        assertThat(judge(chains, ours("shim"), ours("root"), ours("f"))).isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, ours("other"), ours("root"), ours("f")))
                .isEqualTo(Verdict.INCOMPLETE);
    }

    @Test
    void stackMayEndInAnyForeignFunctionWhereTheProgramSaysSo() {
        Chains chains = told("entry: *", "chain: - main;f");

        assertThat(judge(chains, LIBC, ours("main"), ours("f"))).isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, NAMELESS, ours("main"), ours("f"))).isEqualTo(Verdict.INCOMPLETE);
        assertThat(judge(chains, ours("main"), ours("f"))).isEqualTo(Verdict.INCOMPLETE);
    }

    @Test
    void foreignFramesAreOneOrMoreAndNotOurs() {
        Chains chains = told("chain: - main;*;g");

        assertThat(judge(chains, START, ours("main"), LIBC, ours("g"))).isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, START, ours("main"), LIBC, LIBC, LIBC, ours("g")))
                .isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, START, ours("main"), ours("g"))).isEqualTo(Verdict.WRONG);
        assertThat(judge(chains, START, ours("main"), NAMELESS, ours("g")))
                .isEqualTo(Verdict.WRONG);
    }

    @Test
    void countedForeignFramesAreExactlySoMany() {
        Chains chains = told("chain: - main;*2;g");

        assertThat(judge(chains, START, ours("main"), LIBC, LIBC, ours("g")))
                .isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, START, ours("main"), LIBC, ours("g"))).isEqualTo(Verdict.WRONG);
        assertThat(judge(chains, START, ours("main"), LIBC, LIBC, LIBC, ours("g")))
                .isEqualTo(Verdict.WRONG);
    }

    @Test
    void linkedLibraryIsForeignButOurFunctionsAreNot() {
        Chains chains = told("library: linked", "chain: - main;*;g");

        assertThat(judge(chains, START, ours("main"), ours("qsort"), ours("g")))
                .isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, START, ours("main"), ours("g"), ours("g")))
                .isEqualTo(Verdict.WRONG);
    }

    @Test
    void functionWithoutNameIsOneFrameWithoutName() {
        Chains chains = told("chain: - main;?;g");

        assertThat(judge(chains, START, ours("main"), NAMELESS, ours("g")))
                .isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, START, ours("main"), ours("f"), ours("g")))
                .isEqualTo(Verdict.WRONG);
        assertThat(judge(chains, START, ours("main"), ours("g"))).isEqualTo(Verdict.WRONG);
    }

    @Test
    void stubIsNamelessOrNamedAfterItsFunction() {
        Chains chains = told("chain: - main;f@plt");

        assertThat(judge(chains, START, ours("main"), NAMELESS)).isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, START, ours("main"), ours("f@plt"))).isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, START, ours("main"), ours("g@plt"))).isEqualTo(Verdict.WRONG);
    }

    @Test
    void oneOfTwoNamesOfOneFunctionIsEnough() {
        Chains chains = told("chain: - main;a|b");

        assertThat(judge(chains, START, ours("main"), ours("a"))).isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, START, ours("main"), ours("b"))).isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, START, ours("main"), ours("c"))).isEqualTo(Verdict.WRONG);
    }

    @Test
    void nothingIsAboveAnEntryThatSaysSo() {
        Chains chains = told("chain: - ^_start;f");

        assertThat(judge(chains, START, ours("f"))).isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, NAMELESS, START, ours("f"))).isEqualTo(Verdict.WRONG);
        assertThat(judge(chains, ours("f"))).isEqualTo(Verdict.INCOMPLETE);
    }

    @Test
    void chainOfAnotherThreadDoesNotCount() {
        Chains chains = told("chain: alpha a;f", "chain: beta b;f");

        assertThat(chains.judge("alpha", List.of(LIBC, ours("a"), ours("f"))).verdict())
                .isEqualTo(Verdict.RIGHT);
        assertThat(chains.judge("beta", List.of(LIBC, ours("a"), ours("f"))).verdict())
                .isEqualTo(Verdict.WRONG);
        assertThat(chains.judge("gamma", List.of(LIBC, ours("a"), ours("f"))).reason())
                .contains("gamma");
    }

    @Test
    void deepRecursionIsCounted() {
        Chains chains = told("chain: - main;" + "r;".repeat(900) + "leaf");

        assertThat(judge(chains, recursion(900))).isEqualTo(Verdict.RIGHT);
        assertThat(judge(chains, recursion(899))).isEqualTo(Verdict.WRONG);
        assertThat(judge(chains, recursion(901))).isEqualTo(Verdict.WRONG);
    }

    @Test
    void threadIsCoveredFromBurningToDone() {
        Chains chains =
                told(
                        "chain: - main",
                        "burning 7 100",
                        "burning 8 150",
                        "done 7 200",
                        "burning 7 300",
                        "done 7 400");

        assertThat(chains.covers(7, 99)).isFalse();
        assertThat(chains.covers(7, 100)).isTrue();
        assertThat(chains.covers(7, 200)).isFalse();
        assertThat(chains.covers(7, 350)).isTrue();
        assertThat(chains.covers(8, 140)).isFalse();
        assertThat(chains.covers(8, 1_000)).as("not done yet").isTrue();
        assertThat(chains.covers(9, 150)).isFalse();
    }

    @Test
    void linesThatNobodyPrintsAreRefused() {
        assertThatThrownBy(() -> told("chain: - main", "hello"))
                .hasMessage("line: hello (expected: library, entry, chain, burning or done)");
        assertThatThrownBy(() -> told("chain: - main", "done 1 2"))
                .hasMessage("line: done 1 2 (expected: after burning)");
        assertThatThrownBy(() -> told("chain: - main;;f"))
                .hasMessage("line: main;;f (expected: names between semicolons)");
        assertThatThrownBy(() -> told("chain: - *;f"))
                .hasMessage("line: *;f (expected: a function first)");
        assertThatThrownBy(() -> told("burning 1 2"))
                .hasMessage("chains: none (expected: at least one)");
    }

    private static FoundFrame[] recursion(int depth) {
        List<FoundFrame> frames = new ArrayList<>(List.of(START, ours("main")));
        for (int i = 0; i < depth; i++) {
            frames.add(ours("r"));
        }
        frames.add(ours("leaf"));
        return frames.toArray(new FoundFrame[0]);
    }

    private static Chains told(String... lines) {
        return Chains.parse(OURS, Arrays.asList(lines));
    }

    private static FoundFrame ours(String function) {
        return new FoundFrame(function, OURS);
    }

    private static Verdict judge(Chains chains, FoundFrame... frames) {
        return chains.judge("any", Arrays.asList(frames)).verdict();
    }
}
