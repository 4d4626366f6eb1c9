package io.emberscope.server.edge;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.RequestHeaders;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;

/// What a client can decompress.
public final class AcceptEncoding {
    private static final Pattern REFUSED = Pattern.compile(".*;q=0(\\.0{0,3})?");

    private AcceptEncoding() {}

    /// Whether the header Accept-Encoding names gzip with a weight above zero.
    public static boolean allowsGzip(RequestHeaders headers) {
        return headers.getAll(HttpHeaderNames.ACCEPT_ENCODING).stream()
                .flatMap(header -> Arrays.stream(header.split(",")))
                .map(coding -> coding.toLowerCase(Locale.ROOT).replace(" ", ""))
                .anyMatch(
                        coding ->
                                (coding.equals("gzip") || coding.startsWith("gzip;"))
                                        && !REFUSED.matcher(coding).matches());
    }
}
