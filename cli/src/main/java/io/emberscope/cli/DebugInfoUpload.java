package io.emberscope.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskSource;
import io.emberscope.symbolizer.BinarySymbols;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.debugfiles.DebugFilePaths;
import io.emberscope.symbolizer.debugfiles.DebugFiles;
import io.emberscope.symbolizer.dwarf.DebugInfo;
import io.emberscope.symbolizer.dwarf.DiskScratch;
import io.emberscope.symbolizer.dwarf.Zstandard;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Makes the symbol file of one binary here, where all that belongs to it can be found, and sends
/// that: it is a tenth of the debug information, and the server does not have to read a stranger's
/// file.
final class DebugInfoUpload {
    static final String PATH = "/api/v1/debuginfo";

    private static final int FUNCTIONS_MAX = 4 << 20;
    private static final int PIECE_BYTES = 64 << 10;

    private final Disk disk;
    private final Path directory;
    private final Client client;

    /// @param directory for what is made meanwhile
    DebugInfoUpload(Disk disk, Path directory, Client client) {
        this.disk = disk;
        this.directory = directory;
        this.client = client;
    }

    /// Sends a binary's names and lines.
    ///
    /// @param path without symbolic links
    /// @return what was sent, for people
    String send(Path path) throws IOException, QueryFailure {
        try (PathSource source = PathSource.open(path)) {
            ElfFile binary = ElfFile.open(source);
            String buildId =
                    binary.buildId()
                            .orElseThrow(
                                    () ->
                                            new MalformedInputException(
                                                    "build id: none (expected: one, by which"
                                                            + " profiles know it; linkers add it"
                                                            + " with --build-id)"));
            try (DebugFiles files =
                    DebugFiles.of(binary, path, DebugFilePaths.USUAL, DebugInfoUpload::open)) {
                return send(path, buildId, files);
            }
        }
    }

    private String send(Path path, String buildId, DebugFiles files)
            throws IOException, QueryFailure {
        Path target = directory.resolve("symbols");
        DebugInfo.Told told =
                BinarySymbols.write(
                        files.file(),
                        files.debugInfo()
                                .decompressor(DebugInfo.ZSTD, new Zstandard())
                                .scratch(DiskScratch.in(disk, directory, "section"))
                                .splitFiles(new SplitFilesBeside(path, DebugInfoUpload::open))
                                .threads(Runtime.getRuntime().availableProcessors()),
                        FUNCTIONS_MAX,
                        SymbolLimits.OF_SERVER,
                        disk,
                        target);
        try (ByteSource made = DiskSource.open(disk, target)) {
            Answer answer = Answers.parse(client.post(PATH, body(made)), DebugInfoUpload::answer);
            List<String> said = new ArrayList<>();
            said.add(count(answer.functions, "function"));
            said.add(
                    answer.rows == 0
                            ? "no debug information, so no inlined functions and no lines"
                            : count(answer.rows, "place") + " with a line");
            if (told != null && told.malformed() + told.tooLarge() + told.unread() > 0) {
                said.add(
                        count(told.malformed() + told.tooLarge() + told.unread(), "unit")
                                + " could not be read ("
                                + Texts.printable(told.firstRefusal())
                                + ")");
            }
            files.separate().ifPresent(found -> said.add("of " + found.path()));
            files.refused().forEach(why -> said.add("passed over " + Texts.printable(why)));
            said.add(Texts.amount(made.size(), "bytes") + " sent");
            said.add("build id " + buildId);
            return String.join("; ", said);
        }
    }

    private static Client.Body body(ByteSource made) {
        return new Client.Body() {
            @Override
            public long length() {
                return made.size();
            }

            @Override
            public void writeTo(OutputStream out) throws IOException {
                byte[] piece = new byte[PIECE_BYTES];
                for (long at = 0; at < made.size(); ) {
                    int count = made.read(at, piece, 0, piece.length);
                    if (count < 0) {
                        throw new IOException("what was made ended early");
                    }
                    out.write(piece, 0, count);
                    at += count;
                }
            }
        };
    }

    /// What the server keeps.
    private record Answer(long functions, long rows) {}

    private static Answer answer(JsonParser json) throws IOException {
        long functions = 0;
        long rows = 0;
        while (json.nextToken() != null) {
            if (json.currentToken() == JsonToken.VALUE_NUMBER_INT) {
                switch (String.valueOf(json.currentName())) {
                    case "functions" -> functions = json.getLongValue();
                    case "rows" -> rows = json.getLongValue();
                    default -> {
                        // Not shown.
                    }
                }
            }
        }
        return new Answer(functions, rows);
    }

    private static String count(long count, String what) {
        return String.format(Locale.ROOT, "%,d %s%s", count, what, count == 1 ? "" : "s");
    }

    private static @Nullable ByteSource open(Path path) throws IOException {
        try {
            return PathSource.open(path);
        } catch (NoSuchFileException _) {
            return null;
        }
    }
}
