package io.emberscope.server.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.RequestHeadersBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// The example of Amazon's documentation, "GET Object" in "Authenticating Requests: Using the
/// Authorization Header".
class S3CredentialsTest {
    private static final S3Credentials CREDENTIALS =
            new S3Credentials(
                    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "");
    private static final Instant NOW = Instant.parse("2013-05-24T00:00:00Z");
    private static final String NOTHING =
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private static final String SIGNATURE =
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    private static final String AUTHORIZATION =
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                    + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature="
                    + SIGNATURE;

    @Test
    void aRequestSignedWithTheKeyIsKnown() {
        assertThat(CREDENTIALS.hasSigned(request(_ -> {}), NOW)).isTrue();
        assertThat(CREDENTIALS.hasSigned(request(_ -> {}), NOW.plus(Duration.ofMinutes(15))))
                .isTrue();
    }

    @Test
    void anotherKeyIsNotOurs() {
        S3Credentials other = new S3Credentials("AKIAIOSFODNN7EXAMPLE", "another", "");
        assertThat(other.hasSigned(request(_ -> {}), NOW)).isFalse();
        S3Credentials named =
                new S3Credentials("another", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "");
        assertThat(named.hasSigned(request(_ -> {}), NOW)).isFalse();
    }

    @Test
    void aSignatureIsForOneRequestAndNotForLong() {
        assertRefused(headers -> headers.path("/test.txt?x=1"));
        assertRefused(headers -> headers.path("/other.txt"));
        assertRefused(headers -> headers.method(HttpMethod.HEAD));
        assertRefused(headers -> headers.authority("examplebucket.s3.example"));
        assertRefused(headers -> headers.set("range", "bytes=0-10"));
        assertRefused(headers -> headers.set("x-amz-date", "20130524T000001Z"));
        assertRefused(headers -> headers.set("x-amz-date", "soon"));
        assertRefused(headers -> headers.removeAndThen("authorization"));
        assertRefused(
                headers ->
                        headers.set(
                                "authorization",
                                AUTHORIZATION.replace("host;range", "range;range")));
        assertThat(CREDENTIALS.hasSigned(request(_ -> {}), NOW.plus(Duration.ofMinutes(16))))
                .isFalse();
        assertThat(CREDENTIALS.hasSigned(request(_ -> {}), NOW.minus(Duration.ofMinutes(16))))
                .isFalse();
    }

    private static void assertRefused(Consumer<RequestHeadersBuilder> change) {
        assertThat(CREDENTIALS.hasSigned(request(change), NOW)).isFalse();
    }

    private static RequestHeaders request(Consumer<RequestHeadersBuilder> change) {
        RequestHeadersBuilder headers =
                RequestHeaders.builder(HttpMethod.GET, "/test.txt")
                        .authority("examplebucket.s3.amazonaws.com")
                        .set("authorization", AUTHORIZATION)
                        .set("range", "bytes=0-9")
                        .set("x-amz-content-sha256", NOTHING)
                        .set("x-amz-date", "20130524T000000Z");
        change.accept(headers);
        return headers.build();
    }
}
