package io.emberscope.collector.naming;

import io.emberscope.collector.process.Binary;
import io.emberscope.collector.reader.Reader;
import io.emberscope.profile.Frame;
import io.emberscope.symbolizer.NamedPlace;
import io.emberscope.symbolizer.elf.ElfFile;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Asks for the build ids of some binaries and for the names and own addresses of places in them.
/// Filled by a [Reader]'s thread while the one that asked waits; what is not there when the wait
/// ends stays unknown.
final class NameRequest implements Reader.Task<FileNames> {
    /// How long symbols are read for one request; what is not known then is known to a later one.
    /// Well below what a task may take.
    private static final long PREPARE_NANOS_MAX = 3_000_000_000L;

    private final Consumer<Binary> stuck;
    private final Answers answers = new Answers();

    private Binary[] binaries = new Binary[16];
    private String[] buildIds = new String[16];
    private int[] firstPlaces = new int[16];
    private int binaryCount;
    private long[] places = new long[64];
    private @Nullable String[] names = new @Nullable String[64];
    private long[] addresses = new long[64];
    private int placeCount;

    private int binariesDone;
    private int placesDone;

    /// @param stuck takes the binary whose file did not answer
    NameRequest(Consumer<Binary> stuck) {
        this.stuck = stuck;
    }

    /// Adds a binary; the places that are added next are in it. Returns its number.
    int addBinary(Binary binary) {
        if (binaryCount == binaries.length) {
            binaries = Arrays.copyOf(binaries, binaryCount * 2);
            buildIds = Arrays.copyOf(buildIds, binaryCount * 2);
            firstPlaces = Arrays.copyOf(firstPlaces, binaryCount * 2);
        }
        binaries[binaryCount] = binary;
        buildIds[binaryCount] = binary.buildId().hex();
        firstPlaces[binaryCount] = placeCount;
        return binaryCount++;
    }

    /// Adds a place in the last binary. Returns its number.
    int addPlace(long place) {
        if (placeCount == places.length) {
            places = Arrays.copyOf(places, placeCount * 2);
            names = Arrays.copyOf(names, placeCount * 2);
            addresses = Arrays.copyOf(addresses, placeCount * 2);
        }
        places[placeCount] = place;
        addresses[placeCount] = Frame.NO_ADDRESS;
        return placeCount++;
    }

    boolean isEmpty() {
        return binaryCount == 0;
    }

    /// Waits until everything is answered or given up, or the time is over. Afterwards nothing
    /// changes any more.
    void await(long waitNanos) throws InterruptedException {
        answers.await(waitNanos);
    }

    /// The build id of a binary in lower-case hexadecimal digits, or empty.
    String buildId(int binary) {
        return buildIds[binary];
    }

    /// The name of a place, or null.
    @Nullable String name(int place) {
        return names[place];
    }

    /// The address that the binary itself gives a place, or [Frame#NO_ADDRESS].
    long address(int place) {
        return addresses[place];
    }

    @Override
    public void run(FileNames files) {
        long start = files.nanos();
        for (int i = 0; i < binaryCount; i++) {
            int end = i + 1 < binaryCount ? firstPlaces[i + 1] : placeCount;
            FileNames.Identity identity = files.identify(binaries[i]);
            if (!answerBinary(i, identity.buildId())) {
                return;
            }
            for (int k = firstPlaces[i]; k < end; k++) {
                boolean mayPrepare = files.nanos() - start < PREPARE_NANOS_MAX;
                NamedPlace found = files.find(binaries[i], identity, places[k], mayPrepare);
                if (!answerPlace(k, found)) {
                    return;
                }
            }
        }
        answers.end();
    }

    @Override
    public void giveUp() {
        answers.give(
                () -> {
                    if (binaryCount > 0) {
                        int at = Math.max(0, Math.min(binariesDone, binaryCount - 1));
                        boolean between = placesDone < placeCount && binariesDone > 0;
                        stuck.accept(binaries[between ? binaryOf(placesDone) : at]);
                    }
                });
        answers.end();
    }

    private int binaryOf(int place) {
        int binary = 0;
        while (binary + 1 < binaryCount && firstPlaces[binary + 1] <= place) {
            binary++;
        }
        return binary;
    }

    private boolean answerBinary(int binary, String buildId) {
        return answers.give(
                () -> {
                    buildIds[binary] = buildId;
                    binariesDone = binary + 1;
                });
    }

    private boolean answerPlace(int place, NamedPlace found) {
        return answers.give(
                () -> {
                    names[place] = found.name();
                    addresses[place] =
                            found.address() == ElfFile.NOWHERE ? Frame.NO_ADDRESS : found.address();
                    placesDone = place + 1;
                });
    }
}
