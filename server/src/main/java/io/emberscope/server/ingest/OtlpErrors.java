package io.emberscope.server.ingest;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.RequestHeaders;
import io.emberscope.profile.protobuf.WireWriter;
import io.emberscope.server.edge.ErrorAnswers;
import io.emberscope.server.edge.Refusal;

/// Refusals of OTLP requests. OTLP/HTTP says that a failure is answered with a `google.rpc.Status`
/// in the encoding of the request. Exporters send no Accept header and get that; whoever says what
/// he can read, as curl and our own agent do, gets the JSON that all other paths answer with.
final class OtlpErrors {
    private static final int STATUS_CODE = 1;
    private static final int STATUS_MESSAGE = 2;

    private final ErrorAnswers errors;
    private final boolean json;

    OtlpErrors(ErrorAnswers errors, RequestHeaders request) {
        this.errors = errors;
        this.json = request.contains(HttpHeaderNames.ACCEPT);
    }

    HttpResponse answer(Throwable thrown) {
        if (json) {
            return errors.answer(thrown);
        }
        Refusal refusal = errors.refusalOf(thrown);
        errors.count(refusal);
        WireWriter status = new WireWriter();
        status.varint(STATUS_CODE, grpcCode(refusal));
        status.text(STATUS_MESSAGE, refusal.text());
        return HttpResponse.of(
                ErrorAnswers.headers(refusal, OtlpIngest.PROTOBUF),
                HttpData.wrap(status.toBytes()));
    }

    /// The code of gRPC that OTLP pairs with a status.
    private static int grpcCode(Refusal refusal) {
        return switch (refusal.status().code()) {
            case 408, 504 -> 4;
            case 429 -> 8;
            case 500 -> 13;
            case 503 -> 14;
            default -> 3;
        };
    }
}
