package io.emberscope.server.ingest;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpObject;
import com.linecorp.armeria.common.HttpRequest;
import io.emberscope.base.OverCapacityException;
import io.emberscope.server.edge.ByteBudget;
import io.emberscope.server.edge.Limits;
import java.io.ByteArrayOutputStream;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/// Collects the body of one request. Each piece takes its memory from the budget when it arrives,
/// not when it is declared, so a client that promises much and sends nothing holds nothing.
final class BodyReader implements Subscriber<HttpObject> {
    private final ByteBudget.Reservation memory;
    private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(8 * 1024);
    private @Nullable Subscription subscription;

    private BodyReader(ByteBudget.Reservation memory) {
        this.memory = memory;
    }

    /// The whole body, or why it did not come: [OverCapacityException] if the budget is used up.
    static CompletableFuture<byte[]> read(HttpRequest request, ByteBudget.Reservation memory) {
        BodyReader reader = new BodyReader(memory);
        request.subscribe(reader);
        return reader.whole;
    }

    @Override
    public void onSubscribe(Subscription granted) {
        subscription = granted;
        granted.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(HttpObject object) {
        if (!(object instanceof HttpData data) || whole.isDone()) {
            return;
        }
        try {
            memory.add((long) Limits.WIRE_COPIES * data.length());
            bytes.write(data.array(), 0, data.length());
        } catch (OverCapacityException e) {
            whole.completeExceptionally(e);
            if (subscription != null) {
                subscription.cancel();
            }
        }
    }

    @Override
    public void onError(Throwable cause) {
        whole.completeExceptionally(cause);
    }

    @Override
    public void onComplete() {
        whole.complete(bytes.toByteArray());
    }
}
