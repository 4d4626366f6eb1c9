package io.emberscope.storage.wal;

import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import java.util.HashMap;
import java.util.Map;

/// Writes a batch as the bytes of `docs/formats/wal.md`, section "Batch". Equal batches give equal
/// bytes. One encoder writes one batch.
final class BatchEncoder {
    private final Map<String, Integer> texts = new HashMap<>();
    private final ByteWriter textTable = new ByteWriter();
    private final ByteWriter body = new ByteWriter(1 << 14);

    private BatchEncoder() {
        texts.put("", 0);
    }

    static byte[] encode(ProfileBatch batch) {
        return new BatchEncoder().write(batch);
    }

    private byte[] write(ProfileBatch batch) {
        body.varint(batch.frames().size());
        for (Frame frame : batch.frames()) {
            frame(frame);
        }
        body.varint(batch.stacks().size());
        for (int[] stack : batch.stacks()) {
            body.varint(stack.length);
            for (int frame : stack) {
                body.varint(frame);
            }
        }
        body.varint(batch.profiles().size());
        for (Profile profile : batch.profiles()) {
            profile(profile);
        }
        return new ByteWriter(body.size() + textTable.size() + 10)
                .varint(texts.size() - 1L)
                .bytes(textTable)
                .bytes(body)
                .toBytes();
    }

    private void frame(Frame frame) {
        text(frame.kind().text());
        text(frame.buildId());
        text(frame.binary());
        body.varint(frame.offset());
        body.varint(frame.hasAddress() ? 1 : 0);
        if (frame.hasAddress()) {
            body.zigzag(frame.address() - frame.offset());
        }
        body.varint(frame.lines().size());
        for (Line line : frame.lines()) {
            text(line.function());
            text(line.systemName());
            text(line.file());
            body.varint(Integer.toUnsignedLong(line.line()));
        }
    }

    private void profile(Profile profile) {
        text(profile.series().type().id());
        body.varint(profile.series().labels().size());
        profile.series()
                .labels()
                .forEach(
                        (name, value) -> {
                            text(name);
                            text(value);
                        });
        body.zigzag(profile.startNanos());
        body.zigzag(profile.durationNanos());
        body.zigzag(profile.period());
        body.varint(profile.size());
        int before = 0;
        for (int stack : profile.stacks()) {
            body.zigzag(stack - (long) before);
            before = stack;
        }
        for (long value : profile.values()) {
            body.zigzag(value);
        }
    }

    private void text(String text) {
        Integer known = texts.get(text);
        if (known == null) {
            known = texts.size();
            texts.put(text, known);
            textTable.text(text);
        }
        body.varint(known);
    }
}
