package io.emberscope.server.edge;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.DecoratingHttpServiceFunction;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;

/// Closes the connection after an answer that came before the whole request did. Otherwise whoever
/// was refused could let the rest of the body trickle in and hold the connection for ever, because
/// no timeout covers a body that nobody reads.
public final class UnreadBody implements DecoratingHttpServiceFunction {
    @Override
    public HttpResponse serve(HttpService delegate, ServiceRequestContext ctx, HttpRequest request)
            throws Exception {
        return closeAfter(delegate.serve(ctx, request), request);
    }

    /// The answer, after which the connection closes unless the request is whole by then.
    static HttpResponse closeAfter(HttpResponse answer, HttpRequest request) {
        return answer.mapHeaders(
                headers ->
                        request.isComplete()
                                ? headers
                                : headers.toBuilder()
                                        .set(HttpHeaderNames.CONNECTION, "close")
                                        .build());
    }
}
