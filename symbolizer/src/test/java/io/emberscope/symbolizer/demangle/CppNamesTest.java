package io.emberscope.symbolizer.demangle;

import static io.emberscope.symbolizer.demangle.Demangler.demangle;
import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.demangle.Demangler.Mode;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What `llvm-cxxfilt` says of the same names is asked by [DemanglerOracleIT].
class CppNamesTest {
    static Stream<NameTable> names() {
        return NameTable.cpp();
    }

    @ParameterizedTest
    @MethodSource("names")
    void aNameIsReadAsItWasWritten(NameTable name) {
        name.assertRead();
    }

    @Test
    void everyBeginningOfANameIsANameOrStaysAsItIs() {
        names().forEach(NameTable::assertBeginningsAreHarmless);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "_",
                "__",
                "___",
                "_Z",
                "_ZN",
                "_ZN1",
                "_ZN1A",
                "_Z9fv",
                "_Z1fi extra",
                "_Z1fS_S0_",
                "_Z1fS5_",
                "_Z1fT_",
                "_Z1fIiEvT0_",
                "_Z1fvE",
                "_Z0v",
                "_Z99999999999999999999fv",
                "_Z1fSZZZZZZZZZZZZZZ_",
                "_ZN1ACEv",
                "_ZC1v",
                "_ZN1AI1BEIiEE",
                "_Z1fILf3F800000EEvv",
                "_Z1fILb2EEvv",
                "_ZTv_1A",
                "_ZGR",
                "__Z1fv",
                "___Z1fv",
                "___Z1fv_block_invoke_",
                "_ZL",
                "_ZSt",
                "main",
                "_start",
                "_DYNAMIC",
                "_Rust",
                "Z1fv",
                ".Z1fv",
            })
    void whatIsNoNameStaysAsItIs(String name) {
        assertThat(demangle(name, Mode.FULL)).isSameAs(name);
        assertThat(demangle(name, Mode.SIMPLIFIED)).isSameAs(name);
    }

    @Test
    void lengthsOfIdentifiersAreInBytes() {
        assertThat(demangle("_ZN6größ1fEv", Mode.FULL)).isEqualTo("größ::f()");
        assertThat(demangle("_ZN6größe1fEv", Mode.FULL)).isEqualTo("_ZN6größe1fEv");
    }
}
