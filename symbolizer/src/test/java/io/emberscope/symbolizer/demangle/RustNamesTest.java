package io.emberscope.symbolizer.demangle;

import static io.emberscope.symbolizer.demangle.Demangler.demangle;
import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.demangle.Demangler.Mode;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RustNamesTest {
    /// Mangled, full, simplified. Names are separated by an empty line.
    private static final String NAMES =
            """
            _RNvCsAPcyATrFO_3v0t4main
            v0t::main
            v0t::main

            _RNCNCNvCsAPcyATrFO_3v0t4main00B5_
            v0t::main::{closure#0}::{closure#0}
            v0t::main::{closure#0}::{closure#0}

            _RNCNvCsAPcyATrFO_3v0t4mains_0B3_
            v0t::main::{closure#1}
            v0t::main::{closure#1}

            _RNSC1a6vtable
            a::{shim:vtable#0}
            a::{shim:vtable#0}

            _RNZC1as0_4name
            a::{Z:name#2}
            a::{Z:name#2}

            _RNvMs_NtCsbEht8wFNRx7_5alloc3vecINtB4_3VecNtNtB6_6string6StringE7reserveCsAPcyATrFO_3v0t
            <alloc::vec::Vec<alloc::string::String>>::reserve
            alloc::vec::Vec::reserve

            _RNvMsv_NtCs8NwYtU1Mohg_4core3numj16from_ascii_radix
            <usize>::from_ascii_radix
            <usize>::from_ascii_radix

            _RNvXCsAPcyATrFO_3v0tTlReENtB2_2Tr1m
            <(i32, &str) as v0t::Tr>::m
            <(i32, &str) as v0t::Tr>::m

            _RNvYFEuINtNtNtCs8NwYtU1Mohg_4core3ops8function6FnOnceuE9call_once
            <fn() as core::ops::function::FnOnce<()>>::call_once
            <fn() as core::ops::function::FnOnce>::call_once

            _RINvNtC3std2rt10lang_startuE
            std::rt::lang_start::<()>
            std::rt::lang_start

            _RINvC1a1ttbcaslxnihtmyojfdezpvuE
            a::t::<u16, bool, char, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, \
            f32, f64, str, !, _, ..., ()>
            a::t

            _RINvC1a1tRhQhPhOhAhj3_ShTEThEThtERL_eE
            a::t::<&u8, &mut u8, *const u8, *mut u8, [u8; 3], [u8], (), (u8,), (u8, u16), &str>
            a::t

            _RINvC1a1tFEuFhEhFUEuFKChEuFUK6systemEuFK13sysv64_unwindEuE
            a::t::<fn(), fn(u8) -> u8, unsafe fn(), extern "C" fn(u8), unsafe extern "system" fn(), \
            extern "sysv64-unwind" fn()>
            a::t

            _RINvC1a1tFG0_RL1_hQL0_tFRL1_hEuEuE
            a::t::<for<'a, 'b> fn(&'a u8, &'b mut u16, fn(&'a u8))>
            a::t

            _RINvC1a1tDG_INtC1b2TqL0_FG_RL0_RL1_hEuEp1AuEL_E
            a::t::<dyn for<'a> b::Tq<'a, for<'b> fn(&'b &'a u8), A = ()>>
            a::t

            _RINvC1a1tDNtC1b2Trp1AhNtC1b4SendEL_E
            a::t::<dyn b::Tr<A = u8> + b::Send>
            a::t

            _RNvMC1aRDINtC1b2TrhEp1AhEL_1f
            <&dyn b::Tr<u8, A = u8>>::f
            <&dyn b::Tr>::f

            _RINvC1a1tWmRm0_m9_WmORm0_m1_Rm5_m9_EE
            a::t::<u32 is 0..=9, u32 is 0..=1 | 5..=9>
            a::t

            _RINvC1a1iKn0_Knn5_Kj11_Kjffffffffffffffff_Koffffffffffffffffffffffffffffffff_KpE
            a::i::<0, -5, 17, 18446744073709551615, 0xffffffffffffffffffffffffffffffff, _>
            a::i

            _RINvC1a1bKb0_Kb1_Kc61_Kc27_Kc22_Kca_Kc202e_Kc301_Kce9_Kc0_E
            a::b::<false, true, 'a', '\\'', '"', '\\n', '\\u{202e}', '\\u{301}', 'é', '\\0'>
            a::b

            _RINvC1a1sKRe6869_KRRe78_KRe22275c_E
            a::s::<"hi", {&"x"}, "\\"'\\\\">
            a::s

            _RINvC1a1cKVNtB2_1PS1xh1_1yc71_EKVNtB2_1QUKVNtB2_1RTln3_b1_EKAh1_h2_EKTh1_EKTh1_c78_EKRAh1_EE
            a::c::<{a::P { x: 1, y: 'q' }}, {a::Q}, {a::R(-3, true)}, {[1, 2]}, {(1,)}, {(1, 'x')}, {&[1]}>
            a::c

            _RNvNtC3v0tu9gre_6ka8iu7bbrz78b
            v0t::größe::函数
            v0t::größe::函数

            _RNvC3v0tu4b_zz
            v0t::punycode{b-zz}
            v0t::punycode{b-zz}

            _RNvC1a1f.llvm.15DA9F19F1A3B2E6
            a::f
            a::f

            _RNvC1a1f.cold.2
            a::f.cold.2
            a::f

            _RNvC1a1f.part.0
            a::f.part.0
            a::f [clone .part.0]

            __RNvC1a1f
            a::f
            a::f

            _ZN4core3fmt5write17h0123456789abcdefE
            core::fmt::write
            core::fmt::write

            _ZN4main4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE
            main::main::{{closure}}
            main::main::{{closure}}

            _ZN5alloc3vec16Vec$LT$T$C$A$GT$4push17h0123456789abcdefE
            alloc::vec::Vec<T,A>::push
            alloc::vec::Vec::push

            _ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE
            <alloc::string::String as core::fmt::Debug>::fmt
            <alloc::string::String as core::fmt::Debug>::fmt

            _ZN4core3ptr60drop_in_place$LT$fn$LP$u8$RP$$u20$-$GT$$u20$Vec$LT$T$GT$$GT$17h0123456789abcdefE
            core::ptr::drop_in_place<fn(u8) -> Vec<T>>
            core::ptr::drop_in_place

            _ZN1a19$RF$$BP$$SP$$u5b$$x1f17h0123456789abcdefE
            a::&*@[$x::f
            a::&*@[$x::f

            _ZN1a16g$LT$$GT$.$u1b$$17h0123456789abcdefE.llvm.99
            a::g<>.$u1b$$
            a::g.$u1b$$

            _ZN1a1f17h0123456789abcdefE.constprop.0.part.1
            a::f.constprop.0.part.1
            a::f [clone .part.1]
            """;

    static Stream<NameTable> names() {
        return NameTable.parse(NAMES);
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
                "_R",
                "_Rx",
                "_RNvC1a",
                "_RNvC1a2f",
                "_RNvC1a1f extra",
                "_RNvC1a1f.\n",
                "_RNvC1aB_",
                "_RNvB4_1f",
                "_RNvB2_1f", // refers to itself
                "_RNvMC1aFRL0_hEu1f", // no such lifetime
                "_RINvC1a1tKb2_E",
                "_RINvC1a1tKcd800_E",
                "_RINvC1a1tKhg_E",
                "_RINvC1a1tKRe6_E",
                "_RINvC1a1tKReff_E",
                "_RNvC1a1fCszzzzzzzzzzzz_1b", // more than 64 bits
                "_ZN4core3fmt17h0123456789abcdeE",
                "_ZN4core9999999993fmt17h0123456789abcdefE",
            })
    void whatIsNoNameStaysAsItIs(String name) {
        assertThat(demangle(name, Mode.FULL)).isSameAs(name);
        assertThat(demangle(name, Mode.SIMPLIFIED)).isSameAs(name);
    }

    @Test
    void charactersThatNobodySeesStayEncoded() {
        // U+202E turns the direction of text round.
        assertThat(demangle("_RNvC1au6ab_h4t", Mode.FULL)).isEqualTo("a::punycode{ab-h4t}");
        assertThat(demangle("_ZN1a8f$u202e$17h0123456789abcdefE", Mode.FULL))
                .isEqualTo("a::f$u202e$");
    }
}
