package io.emberscope.collector.naming;

import io.emberscope.collector.aggregate.Window;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.Names;
import io.emberscope.collector.reader.Reader;
import io.emberscope.profile.CutMark;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.symbolizer.jit.JitFrame;
import io.emberscope.symbolizer.kernel.KernelFrame;
import io.emberscope.symbolizer.vdso.Vdso;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Gives the frames of a window their names, where there are any. A place is looked up once and
/// remembered, within a bound. Not safe for use by several threads.
public final class FrameNamer {
    private static final long NAMES_WAIT_NANOS = 20_000_000_000L;
    private static final int PATH_LENGTH_MAX = 1024;

    private final KernelNames kernelNames;
    private final Reader<FileNames> reader;
    private final Reader<JitNames> jitReader;
    private final JitCounters jitCounters;
    private final Consumer<Binary> stuck;
    private final FrameCache cache = new FrameCache();

    /// @param stuck takes a binary whose file did not answer
    FrameNamer(
            KernelNames kernelNames,
            Reader<FileNames> reader,
            Reader<JitNames> jitReader,
            JitCounters jitCounters,
            Consumer<Binary> stuck) {
        this.kernelNames = kernelNames;
        this.reader = reader;
        this.jitReader = jitReader;
        this.jitCounters = jitCounters;
        this.stuck = stuck;
    }

    /// The frames of a window, by number.
    Frame[] name(Window window) throws InterruptedException {
        Frame[] frames = new Frame[window.frameCount()];
        int[] unnamed = new int[frames.length];
        int unnamedCount = 0;
        int[] generated = new int[frames.length];
        int generatedCount = 0;
        for (int i = 0; i < frames.length; i++) {
            Binary binary = window.frameBinary(i);
            if (binary.kind() == Binary.Kind.FILE) {
                Frame known = cache.get(binary, window.framePlace(i));
                if (known == null) {
                    unnamed[unnamedCount++] = i;
                } else {
                    frames[i] = known;
                }
            } else if (binary.isGenerated()) {
                generated[generatedCount++] = i;
            } else {
                frames[i] = withoutFile(binary, window.framePlace(i));
            }
        }
        if (generatedCount > 0) {
            nameGenerated(window, frames, Arrays.copyOf(generated, generatedCount));
        }
        if (unnamedCount > 0) {
            nameInFiles(window, frames, unnamed, unnamedCount);
        }
        return frames;
    }

    private Frame withoutFile(Binary binary, long place) {
        return switch (binary.kind()) {
            case KERNEL -> ofKernel(binary, place);
            case VDSO -> ofVdso(place);
            case CUT -> CutMark.frame(binary.whyCut().text());
            case ANONYMOUS, UNKNOWN, SPECIAL, FILE ->
                    frame("", binary, place, Frame.NO_ADDRESS, null);
        };
    }

    private Frame ofKernel(Binary binary, long address) {
        Frame known = cache.get(binary, address);
        if (known != null) {
            return known;
        }
        KernelFrame found = kernelNames.kernel().frame(address);
        String function = found.function();
        Frame frame =
                new Frame(
                        FrameKind.KERNEL,
                        found.buildId(),
                        found.binary(),
                        found.offset(),
                        function.isEmpty() ? List.of() : List.of(Line.named(function)));
        // Modules and BPF programs come and go at the same addresses; the kernel itself does not.
        if (found.binary().equals(Binary.KERNEL.path()) && !function.isEmpty()) {
            cache.put(binary, address, frame);
        }
        return frame;
    }

    private Frame ofVdso(long offset) {
        Vdso vdso = kernelNames.vdso();
        if (vdso == null) {
            return frame("", Binary.VDSO, offset, Frame.NO_ADDRESS, null);
        }
        Optional<String> name = vdso.name(offset);
        // It is mapped as it lies in its image, from address 0 on.
        return frame(vdso.buildId(), Binary.VDSO, offset, offset, name.orElse(null));
    }

    /// Names are not remembered here: another function may be at the same address in the next
    /// window.
    private void nameGenerated(Window window, Frame[] frames, int[] generated)
            throws InterruptedException {
        sortByBinary(window, generated, generated.length);
        JitRequest request = new JitRequest(window, generated, stuck);
        if (jitReader.submit(request)) {
            request.await(NAMES_WAIT_NANOS);
        }
        int named = 0;
        for (int i = 0; i < generated.length; i++) {
            Binary binary = window.frameBinary(generated[i]);
            JitFrame found = request.found(i);
            named += found == null ? 0 : 1;
            frames[generated[i]] =
                    found == null
                            ? frame(
                                    "",
                                    binary,
                                    window.framePlace(generated[i]),
                                    Frame.NO_ADDRESS,
                                    null)
                            : ofGeneratedCode(binary, found);
        }
        jitCounters.frames(named, generated.length - named);
    }

    /// It is known by its name: where it lies in memory is chance.
    private static Frame ofGeneratedCode(Binary binary, JitFrame found) {
        Line line = new Line(found.function(), "", found.file(), found.line());
        return new Frame(FrameKind.NATIVE, "", binary.path(), 0, List.of(line));
    }

    private void nameInFiles(Window window, Frame[] frames, int[] unnamed, int count)
            throws InterruptedException {
        sortByBinary(window, unnamed, count);
        NameRequest request = new NameRequest(stuck);
        int[] binaryOf = new int[count];
        Binary last = null;
        int number = -1;
        for (int i = 0; i < count; i++) {
            Binary binary = window.frameBinary(unnamed[i]);
            if (binary != last) {
                number = request.addBinary(binary);
                last = binary;
            }
            binaryOf[i] = number;
            request.addPlace(window.framePlace(unnamed[i]));
        }
        if (reader.submit(request)) {
            request.await(NAMES_WAIT_NANOS);
        }
        for (int i = 0; i < count; i++) {
            Binary binary = window.frameBinary(unnamed[i]);
            long place = window.framePlace(unnamed[i]);
            String name = request.name(i);
            Frame frame =
                    frame(request.buildId(binaryOf[i]), binary, place, request.address(i), name);
            frames[unnamed[i]] = frame;
            if (name != null) {
                cache.put(binary, place, frame);
            }
        }
    }

    /// Sorts frame numbers so that those of one binary come together.
    private static void sortByBinary(Window window, int[] numbers, int count) {
        long[] keys = new long[count];
        for (int i = 0; i < count; i++) {
            keys[i] = (long) window.frameBinary(numbers[i]).number() << 32 | numbers[i];
        }
        Arrays.sort(keys);
        for (int i = 0; i < count; i++) {
            numbers[i] = (int) keys[i];
        }
    }

    private static Frame frame(
            String buildId, Binary binary, long place, long address, @Nullable String function) {
        String path = binary.path();
        return new Frame(
                FrameKind.NATIVE,
                buildId,
                Names.clean(
                        path.length() > PATH_LENGTH_MAX
                                ? path.substring(path.length() - PATH_LENGTH_MAX)
                                : path),
                place,
                address,
                function == null ? List.of() : List.of(Line.named(function)));
    }
}
