package io.emberscope.symbolizer.demangle;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.demangle.Demangler.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Names made to exhaust the stack, the heap or the patience of who reads them.
class HostileNamesTest {
    private static final int STACK_BYTES = 512 * 1024;
    private static final int TIMES = 3_000;

    /// What may be nested in itself, with what comes between.
    private static final List<String> CPP =
            List.of(
                    "P",
                    "R",
                    "O",
                    "K",
                    "PK",
                    "C",
                    "G",
                    "N1AI",
                    "1AI",
                    "1AIJ",
                    "J",
                    "Z1f",
                    "NZ1f",
                    "ng",
                    "pl1x",
                    "qu",
                    "cl",
                    "cv1A",
                    "cvi",
                    "sc1A",
                    "nw_",
                    "dl",
                    "ix",
                    "dt",
                    "X",
                    "XDT",
                    "DTsr",
                    "DT",
                    "DTT_",
                    "Dp",
                    "F",
                    "PF",
                    "Fv",
                    "M1A",
                    "M",
                    "A_",
                    "A1_P",
                    "AL",
                    "Dv_",
                    "DvLi1E_",
                    "U1a",
                    "U1aI",
                    "U11objcproto1A",
                    "u1aI",
                    "Ts",
                    "tl1A",
                    "il",
                    "ildi1x",
                    "ildx1x",
                    "di1x",
                    "dX1x1x",
                    "fl",
                    "flpl",
                    "fLpl",
                    "rQ",
                    "rqX",
                    "rqT",
                    "rqQ",
                    "rQi_X",
                    "sZ",
                    "sP",
                    "sp",
                    "tw",
                    "mc",
                    "so",
                    "Ul",
                    "UlTp",
                    "UlTtTp",
                    "UlTnP",
                    "NUl",
                    "N1AUl",
                    "1AITn",
                    "1AITp",
                    "1AITt",
                    "1AITtTp",
                    "1AITk1AI",
                    "LZ1f",
                    "L_Z1f",
                    "LUl",
                    "LA_",
                    "DB",
                    "DO",
                    "PDO",
                    "PDw",
                    "DwPDw",
                    "DOng",
                    "Dk1AI",
                    "N1ACI1N1A",
                    "NSt1ACI1",
                    "N1Acv",
                    "cv",
                    "TV",
                    "Th0_",
                    "Tc",
                    "TA",
                    "GVN1AI",
                    "NH1AI",
                    "Ua9enable_ifI",
                    "NDT",
                    "1fIXng",
                    "W1mN1AI",
                    "srN1AI",
                    "on1aI",
                    "DTsrN",
                    "DTsrNT_I",
                    "sr",
                    "srDT",
                    "1fIiQng",
                    "1fQ",
                    "DTdnDT");

    private static final List<String> RUST =
            List.of(
                    "N",
                    "Nv",
                    "M",
                    "MC1a",
                    "X",
                    "Y",
                    "I",
                    "INvC1a1b",
                    "INvC1a1fR",
                    "NvMC1aR",
                    "NvMC1aI",
                    "R",
                    "S",
                    "A",
                    "T",
                    "F",
                    "D",
                    "DINtC1a1b",
                    "W",
                    "NvMC1aFG_",
                    "INvC1a1fK",
                    "INvC1a1fKR",
                    "KR",
                    "KA",
                    "KT",
                    "KV",
                    "INvC1a1fKA",
                    "INvC1a1fKT",
                    "INvC1a1fKVNtC1a1bT",
                    "INvC1a1fKVNtC1a1bS1x",
                    "INvC1a1fWO",
                    "INvC1a1fS",
                    "B");

    @Test
    void noNestingExhaustsAStack() throws Exception {
        List<String> names = new ArrayList<>();
        for (String part : CPP) {
            for (String start : List.of("_Z", "_Z1f", "_Z1fIX", "_Z1fIiEDT")) {
                names.add(start + part.repeat(TIMES));
                names.add(start + part.repeat(TIMES) + "i" + "E".repeat(TIMES));
            }
        }
        RUST.forEach(part -> names.add("_R" + part.repeat(TIMES)));
        onSmallStack(names);
    }

    @Test
    void whatIsNestedBySubstitutionExhaustsNoStack() throws Exception {
        List<String> names = new ArrayList<>();
        for (String type : List.of("P%", "K%", "R%", "Fv%E", "A2_%", "M1B%", "PF%vE", "Dp%")) {
            StringBuilder name = new StringBuilder("_Z1f1A");
            for (int i = 0; i < TIMES; i++) {
                String last = i == 0 ? "" : base36(i - 1);
                name.append(type.replace("%", "S" + last + '_'));
            }
            names.add(name.toString());
        }
        onSmallStack(names);
    }

    private static String base36(int number) {
        return Integer.toString(number, 36).toUpperCase(Locale.ROOT);
    }

    private static void onSmallStack(List<String> names) throws InterruptedException {
        AtomicReference<String> failed = new AtomicReference<>("");
        Runnable all =
                () -> {
                    for (String name : names) {
                        for (Mode mode : Mode.values()) {
                            failed.set(name);
                            Demangler.demangle(name, mode);
                        }
                    }
                    failed.set("");
                };
        Thread thread = new Thread(null, all, "small stack", STACK_BYTES);
        thread.setUncaughtExceptionHandler((_, _) -> {});
        thread.start();
        thread.join();
        assertThat(failed.get()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void aNameThatDoublesWithEachSubstitutionStaysAsItIs(int parameters) {
        // Each type has the one before it twice: 2^40 in the end.
        StringBuilder name = new StringBuilder("_Z1f1A1BIS_S_E");
        for (int i = 0; i < 40; i++) {
            String last = base36(2 * i + 1);
            name.append("1BIS").append(last).append("_S").append(last).append("_E");
        }
        String hostile = name.toString() + "i".repeat(parameters);
        assertThat(Demangler.demangle(hostile, Mode.FULL)).isSameAs(hostile);
        assertThat(Demangler.demangle(hostile, Mode.SIMPLIFIED)).isEqualTo("f");
    }

    @Test
    void whatDoublesAndWritesNothingStaysAsItIs() {
        StringBuilder name = new StringBuilder("_Z1fIJEEv1BIJDpT_DpT_EE");
        for (int i = 0; i < 40; i++) {
            String last = base36(3 * i + 2);
            name.append("1BIJS").append(last).append("_S").append(last).append("_EE");
        }
        String hostile = name.toString();
        assertThat(Demangler.demangle(hostile, Mode.FULL)).isSameAs(hostile);
    }

    @Test
    void aRustNameThatDoublesWithEachBackreferenceStaysAsItIs() {
        StringBuilder name = new StringBuilder("_RINvC1a1f");
        String last = "Tuu";
        int at = name.length() - 2;
        name.append(last).append('E');
        for (int i = 0; i < 60; i++) {
            int next = name.length() - 2;
            String reference = "B" + base62(at);
            name.append('T').append(reference).append(reference).append('E');
            at = next;
        }
        String hostile = name.append('E').toString();
        assertThat(Demangler.demangle(hostile, Mode.FULL)).isSameAs(hostile);
        assertThat(Demangler.demangle(hostile, Mode.SIMPLIFIED)).isEqualTo("a::f");
    }

    private static String base62(int number) {
        String digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        int rest = number - 1;
        StringBuilder text = new StringBuilder("_");
        do {
            text.insert(0, digits.charAt(rest % 62));
            rest /= 62;
        } while (rest > 0);
        return text.toString();
    }

    @Test
    void lifetimesWithoutEndStayAsTheyAre() {
        String hostile = "_RNvMC1aFGzzzzzzz_EuE1f";
        assertThat(Demangler.demangle(hostile, Mode.FULL)).isSameAs(hostile);
        assertThat(Demangler.demangle(hostile, Mode.SIMPLIFIED)).isSameAs(hostile);
    }

    @Test
    void aNameLongerThanAnyIsNotRead() {
        String hostile = "_ZN" + "1a".repeat(40_000) + "Ev";
        assertThat(Demangler.demangle(hostile, Mode.FULL)).isSameAs(hostile);
    }

    @Test
    void whatIsLargeAndRealIsRead() {
        String scope = "8internal".repeat(200);
        String name = "_ZN" + scope + "1fE" + "P".repeat(50) + 'v';
        assertThat(Demangler.demangle(name, Mode.FULL))
                .hasSize("internal::".length() * 200 + "f(void)".length() + 50);
    }
}
