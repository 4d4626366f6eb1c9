package io.emberscope.server.query;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.emberscope.base.OverCapacityException;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.server.edge.AcceptEncoding;
import io.emberscope.server.edge.ByteBudget;
import io.emberscope.server.edge.ErrorAnswers;
import io.emberscope.server.edge.Gzipped;
import io.emberscope.server.edge.Limits;
import io.emberscope.server.edge.Refusal;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.QueryStoppedException;
import io.emberscope.storage.segment.DamagedSegmentException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// Runs queries on a few threads of their own, so that the slowest of them cannot hold up ingest.
/// What waits is bounded and refused beyond; what nobody waits for any more, because the client
/// left or the deadline passed, is stopped. Answers wait for slow readers within a budget.
final class QueryPool implements AutoCloseable {
    /// A question.
    interface Query {
        /// Works out the answer within the limits of the context that it was run with.
        Answer answer() throws IOException;
    }

    /// Carries, once for each, what the reader of an incomplete answer must know.
    static final String WARNING = "emberscope-warning";

    private static final int WARNING_LENGTH_MAX = 300;
    private static final int WARNINGS_MAX = 10;

    private static final Pattern UNPRINTABLE = Pattern.compile("[^ -~]");

    private final ThreadPoolExecutor threads;
    private final Duration timeout;
    private final long queryBytesMax;
    private final ByteBudget answers;
    private final ErrorAnswers errors;

    QueryPool(Limits limits, ErrorAnswers errors, Metrics metrics) {
        this.errors = errors;
        this.timeout = limits.requestTimeout();
        this.queryBytesMax = limits.queryBytesMax();
        this.answers = new ByteBudget("answers under way", limits.responseBytesInFlight());
        this.threads =
                new ThreadPoolExecutor(
                        limits.queryThreads(),
                        limits.queryThreads(),
                        1,
                        TimeUnit.MINUTES,
                        new ArrayBlockingQueue<>(Limits.QUERY_QUEUE_MAX),
                        Thread.ofPlatform().name("query-", 0).daemon().factory());
        threads.allowCoreThreadTimeOut(true);
        metrics.gauge(
                "emberscope_server_queries_running",
                "Queries that run now.",
                threads::getActiveCount);
        metrics.gauge(
                "emberscope_server_queries_waiting",
                "Queries that wait for a thread now.",
                () -> threads.getQueue().size());
        metrics.gauge(
                "emberscope_server_answer_bytes",
                "Bytes of answers that wait for their readers now.",
                answers::used);
    }

    /// The limits of a query that starts to wait now.
    ///
    /// @param partial whether an answer without what is damaged is wanted
    QueryContext limits(boolean partial) {
        return partial
                ? QueryContext.partial(timeout, queryBytesMax)
                : QueryContext.strict(timeout, queryBytesMax);
    }

    /// The answer to a query, once it is there.
    HttpResponse run(ServiceRequestContext ctx, QueryContext limits, Query query) {
        CompletableFuture<HttpResponse> response = new CompletableFuture<>();
        Runnable task = () -> response.complete(answer(ctx, query, limits));
        var _ =
                ctx.whenRequestCancelling()
                        .thenRun(
                                () -> {
                                    limits.cancel();
                                    threads.remove(task);
                                });
        try {
            threads.execute(task);
        } catch (RejectedExecutionException e) {
            return errors.answer(
                    Refusal.busy(
                            "queries: too many (expected: at most "
                                    + Limits.QUERY_QUEUE_MAX
                                    + " waiting)",
                            Limits.RETRY_AFTER_BUSY));
        }
        return HttpResponse.of(response);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }

    private HttpResponse answer(ServiceRequestContext ctx, Query query, QueryContext limits) {
        try {
            return response(ctx, query.answer(), limits.warnings());
        } catch (QueryStoppedException e) {
            return errors.answer(refusal(e));
        } catch (DamagedSegmentException e) {
            return errors.answer(
                    Refusal.damaged(e.getMessage() + "; partial=true asks for all the rest"));
        } catch (Exception e) {
            return errors.answer(e);
        }
    }

    private Refusal refusal(QueryStoppedException stopped) {
        String message = String.valueOf(stopped.getMessage());
        return switch (stopped.reason()) {
            case CANCELLED, DEADLINE -> errors.slowAnswer();
            case MEMORY, SIZE -> Refusal.tooMuch(message);
        };
    }

    private HttpResponse response(ServiceRequestContext ctx, Answer answer, List<String> warnings)
            throws OverCapacityException {
        ResponseHeadersBuilder headers =
                ResponseHeaders.builder(HttpStatus.OK)
                        .contentType(answer.type())
                        .set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        byte[] body = answer.body();
        if (answer.compressible()) {
            headers.set(HttpHeaderNames.VARY, "accept-encoding");
            if (body.length >= Limits.GZIP_FROM_BYTES
                    && AcceptEncoding.allowsGzip(ctx.request().headers())) {
                body = Gzipped.of(body);
                headers.set(HttpHeaderNames.CONTENT_ENCODING, "gzip");
            }
        }
        if (answer.fileName() != null) {
            headers.set(
                    HttpHeaderNames.CONTENT_DISPOSITION,
                    "attachment; filename=\"" + answer.fileName() + '"');
        }
        for (String warning : warnings.subList(0, Math.min(WARNINGS_MAX, warnings.size()))) {
            headers.add(WARNING, headerText(warning));
        }
        ByteBudget.Reservation held = answers.open();
        held.add(body.length);
        var _ = ctx.log().whenComplete().thenRun(held::close);
        return HttpResponse.of(headers.build(), HttpData.wrap(body));
    }

    private static String headerText(String text) {
        String printable = UNPRINTABLE.matcher(text).replaceAll("?");
        return printable.substring(0, Math.min(WARNING_LENGTH_MAX, printable.length()));
    }
}
