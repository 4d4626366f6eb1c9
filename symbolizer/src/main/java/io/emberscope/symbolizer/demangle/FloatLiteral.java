package io.emberscope.symbolizer.demangle;

import java.math.BigInteger;

/// Literals of floating point types, whose bits are mangled in hexadecimal, most significant first.
/// They are written as `printf("%a")` does.
final class FloatLiteral {
    private FloatLiteral() {}

    /// @param type the mangled type, which was read
    static Node read(Mangled in, char type) {
        int length = type == 'f' ? 8 : type == 'd' ? 16 : 20;
        if (in.bytes.length - in.at <= length) {
            throw new Refused();
        }
        BigInteger bits = BigInteger.ZERO;
        for (int i = 0; i < length; i++) {
            int c = in.next();
            int digit = c >= 'A' && c <= 'F' ? -1 : Character.digit(c, 16);
            if (digit < 0) {
                throw new Refused();
            }
            bits = bits.shiftLeft(4).or(BigInteger.valueOf(digit));
        }
        in.expect('E');
        String text =
                switch (type) {
                    case 'f' -> text((double) Float.intBitsToFloat(bits.intValue())) + 'f';
                    case 'd' -> text(Double.longBitsToDouble(bits.longValue()));
                    default -> extended(bits.shiftRight(64).intValue(), bits.longValue()) + 'L';
                };
        return new NameNodes.Fixed(text);
    }

    private static String text(double value) {
        long bits = Double.doubleToRawLongBits(value);
        String sign = bits < 0 ? "-" : "";
        int exponent = (int) (bits >>> 52) & 0x7ff;
        long fraction = bits & 0xfffffffffffffL;
        if (exponent == 0x7ff) {
            return sign + (fraction == 0 ? "inf" : "nan");
        }
        if (exponent == 0 && fraction == 0) {
            return sign + "0x0p+0";
        }
        int power = exponent == 0 ? -1022 : exponent - 1023;
        return sign + "0x" + (exponent == 0 ? '0' : '1') + fraction(fraction, 13) + power(power);
    }

    /// The format of 80 bits that x86 has for `long double`: the bit before the point is there.
    private static String extended(int signAndExponent, long significand) {
        String sign = (signAndExponent & 0x8000) != 0 ? "-" : "";
        int exponent = signAndExponent & 0x7fff;
        if (exponent != 0 && (significand >= 0 || exponent == 0x7fff)) {
            // Without the first bit, it is none that the processor makes.
            return sign + (significand == Long.MIN_VALUE ? "inf" : "nan");
        }
        if (significand == 0) {
            return sign + "0x0p+0";
        }
        String first = Long.toHexString(significand >>> 60);
        int power = (exponent == 0 ? -16382 : exponent - 16383) - 3;
        return sign + "0x" + first + fraction(significand & (-1L >>> 4), 15) + power(power);
    }

    private static String fraction(long fraction, int digits) {
        if (fraction == 0) {
            return "";
        }
        String text = Long.toHexString(fraction);
        text = "0".repeat(digits - text.length()) + text;
        int end = text.length();
        while (text.charAt(end - 1) == '0') {
            end--;
        }
        return '.' + text.substring(0, end);
    }

    private static String power(int power) {
        return "p" + (power < 0 ? "" : "+") + power;
    }
}
