package io.emberscope.server.edge;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.server.DecoratingHttpServiceFunction;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import java.util.ArrayList;
import java.util.List;

/// Refuses requests whose Host header does not name this server. Without it a web page of a
/// stranger could point a name of its own at this address ("DNS rebinding") and read every profile
/// through the browser of someone who may.
public final class HostCheck implements DecoratingHttpServiceFunction {
    private final HostNames names;
    private final ErrorAnswers errors;

    /// @param names the names that are ours
    /// @param errors answers and counts refusals
    public HostCheck(HostNames names, ErrorAnswers errors) {
        this.names = names;
        this.errors = errors;
    }

    @Override
    public HttpResponse serve(HttpService delegate, ServiceRequestContext ctx, HttpRequest request)
            throws Exception {
        RequestHeaders headers = request.headers();
        // All of them: a request that names two hosts is one that two parties read differently.
        List<String> hosts = new ArrayList<>(headers.getAll(HttpHeaderNames.HOST));
        hosts.addAll(headers.getAll(HttpHeaderNames.AUTHORITY));
        if (hosts.isEmpty() || !hosts.stream().allMatch(names::include)) {
            return errors.answer(
                    Refusal.misdirected(
                            "host: not a name of this server (expected: "
                                    + names.expectation()
                                    + ")"));
        }
        return delegate.serve(ctx, request);
    }
}
