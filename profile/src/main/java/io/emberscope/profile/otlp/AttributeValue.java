package io.emberscope.profile.otlp;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.protobuf.WireReader;

/// The value of an attribute as a text.
///
/// @param text the text, or the decimal or `true` and `false`; empty if there is none
/// @param number whether it was a number
record AttributeValue(String text, boolean number) {
    static final AttributeValue NONE = new AttributeValue("", false);

    /// Reads an `AnyValue`. Texts, booleans and integers have a value here, and so has an array of
    /// just one of them; everything else has none. Nothing nests deeper than that array.
    static AttributeValue read(WireReader any, Dictionary dictionary, int bytesMax)
            throws MalformedInputException {
        return read(any, dictionary, bytesMax, true);
    }

    private static AttributeValue read(
            WireReader any, Dictionary dictionary, int bytesMax, boolean arrays)
            throws MalformedInputException {
        AttributeValue value = NONE;
        while (any.next()) {
            switch (any.field()) {
                case 1 -> value = new AttributeValue(any.text(bytesMax, "string_value"), false);
                case 2 ->
                        value =
                                new AttributeValue(
                                        Boolean.toString(any.varint("bool_value") != 0), false);
                case 3 -> value = new AttributeValue(Long.toString(any.varint("int_value")), true);
                case 5 -> {
                    WireReader array = any.message("array_value");
                    value = arrays ? onlyElement(array, dictionary, bytesMax) : NONE;
                }
                case 4, 6, 7 -> {
                    any.skip();
                    value = NONE;
                }
                case 8 ->
                        value =
                                new AttributeValue(
                                        dictionary.text(
                                                any.varint("string_value_strindex"),
                                                bytesMax,
                                                "string_value_strindex"),
                                        false);
                default -> any.skip();
            }
        }
        return value;
    }

    private static AttributeValue onlyElement(WireReader array, Dictionary dictionary, int bytesMax)
            throws MalformedInputException {
        AttributeValue element = NONE;
        for (int count = 1; array.next(); ) {
            if (array.field() != 1) {
                array.skip();
            } else if (count++ > 1) {
                return NONE;
            } else {
                element = read(array.message("values"), dictionary, bytesMax, false);
            }
        }
        return element;
    }
}
