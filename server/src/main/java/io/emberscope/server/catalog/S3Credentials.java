package io.emberscope.server.catalog;

import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.RequestHeaders;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// The one key with which objects are fetched. The catalog tells it to whoever may load a table,
/// and requests for objects are
/// [signed](https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html) with it
/// (AWS Signature Version 4, in headers).
///
/// @param accessKey names the key
/// @param secretKey is never sent with a request for an object
/// @param sessionToken means nothing; some engines take keys from a catalog only if there is one
record S3Credentials(String accessKey, String secretKey, String sessionToken) {
    /// Engines want one; it means nothing.
    static final String REGION = "us-east-1";

    /// How far a signature's time may be from ours, as S3 has it.
    private static final Duration TIME_MAX = Duration.ofMinutes(15);

    private static final String ALGORITHM = "AWS4-HMAC-SHA256";
    private static final Pattern AUTHORIZATION =
            Pattern.compile(
                    ALGORITHM
                            + " +Credential=([^/,]{1,128})/([0-9]{8})/([^/,]{1,64})/s3/aws4_request"
                            + ", *SignedHeaders=([a-z0-9;-]{1,1024})"
                            + ", *Signature=([0-9a-f]{64})");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);
    private static final HexFormat HEX = HexFormat.of();
    private static final int SECRET_BYTES = 24;

    /// A key that nobody knows yet.
    static S3Credentials fresh() {
        return new S3Credentials("emberscope", random(), random());
    }

    private static String random() {
        byte[] bytes = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(bytes);
        return HEX.formatHex(bytes);
    }

    /// Whether a request was signed with this key, lately.
    boolean hasSigned(RequestHeaders request, Instant now) {
        Matcher said = AUTHORIZATION.matcher(request.get("authorization", ""));
        String time = request.get("x-amz-date", "");
        if (!said.matches()
                || !said.group(1).equals(accessKey)
                || !time.startsWith(said.group(2))
                || !isNear(time, now)) {
            return false;
        }
        List<String> signedHeaders = List.of(said.group(4).split(";", -1));
        if (!signedHeaders.contains("host") || !signedHeaders.contains("x-amz-date")) {
            return false;
        }
        String scope = said.group(2) + '/' + said.group(3) + "/s3/aws4_request";
        String toSign =
                ALGORITHM
                        + '\n'
                        + time
                        + '\n'
                        + scope
                        + '\n'
                        + sha256(canonical(request, said.group(4), signedHeaders));
        byte[] key = hmac(("AWS4" + secretKey).getBytes(StandardCharsets.UTF_8), said.group(2));
        key = hmac(hmac(hmac(key, said.group(3)), "s3"), "aws4_request");
        return MessageDigest.isEqual(hmac(key, toSign), HEX.parseHex(said.group(5)));
    }

    private static boolean isNear(String time, Instant now) {
        try {
            Instant signed = TIME.parse(time, Instant::from);
            return Duration.between(signed, now).abs().compareTo(TIME_MAX) <= 0;
        } catch (DateTimeException _) {
            return false;
        }
    }

    private static String canonical(
            RequestHeaders request, String signedNames, List<String> signedHeaders) {
        String path = request.path();
        int query = path.indexOf('?');
        StringBuilder canonical = new StringBuilder();
        HttpMethod method = request.method();
        canonical.append(method.name()).append('\n');
        canonical.append(query < 0 ? path : path.substring(0, query)).append('\n');
        canonical.append(query < 0 ? "" : sorted(path.substring(query + 1))).append('\n');
        for (String name : signedHeaders) {
            String value =
                    name.equals("host")
                            ? String.valueOf(request.authority())
                            : String.join(",", request.getAll(name));
            canonical.append(name).append(':');
            canonical.append(value.strip().replaceAll(" +", " ")).append('\n');
        }
        canonical.append('\n').append(signedNames).append('\n');
        return canonical.append(request.get("x-amz-content-sha256", "")).toString();
    }

    /// Parameters in order, each with an equals sign.
    private static String sorted(String query) {
        List<String> parameters = new ArrayList<>();
        for (String parameter : query.split("&", -1)) {
            parameters.add(parameter.contains("=") ? parameter : parameter + '=');
        }
        parameters.sort(Comparator.comparing(S3Credentials::nameOf).thenComparing(p -> p));
        return String.join("&", parameters);
    }

    private static String nameOf(String parameter) {
        return parameter.substring(0, parameter.indexOf('='));
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HMAC-SHA256 is in every Java platform", e);
        }
    }

    private static String sha256(String text) {
        try {
            return HEX.formatHex(
                    MessageDigest.getInstance("SHA-256")
                            .digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is in every Java platform", e);
        }
    }
}
