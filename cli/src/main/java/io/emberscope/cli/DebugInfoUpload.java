package io.emberscope.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskSource;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/// Sends the symbol file of a binary, which is made here: it is a tenth of the debug information,
/// and the server does not have to read a stranger's file.
final class DebugInfoUpload {
    static final String PATH = "/api/v1/debuginfo";

    private static final int PIECE_BYTES = 64 << 10;
    private static final int MEMORY_BYTES = 1 << 20;

    private final Disk disk;
    private final Client client;

    DebugInfoUpload(Disk disk, Client client) {
        this.disk = disk;
        this.client = client;
    }

    /// Sends a binary's names and lines.
    ///
    /// @return what was sent, for people
    /// @throws MalformedInputException if it has no build id, or names nothing
    String send(LocalSymbols symbols) throws IOException, QueryFailure {
        if (symbols.buildId().isEmpty()) {
            throw new MalformedInputException(
                    "build id: none (expected: one, by which profiles know it; linkers add it with"
                            + " --build-id)");
        }
        try (SymbolFile made =
                SymbolFile.open(
                        DiskSource.open(disk, symbols.file()),
                        "symbol file",
                        new SymbolMemory(MEMORY_BYTES))) {
            if (made.functions() == 0) {
                throw new MalformedInputException(
                        "names: none in it, beside it or in /usr/lib/debug (expected: symbols or"
                                + " debug information; it is stripped, so give the file it was"
                                + " before that)");
            }
        }
        try (ByteSource made = DiskSource.open(disk, symbols.file())) {
            Answer answer = Answers.parse(client.post(PATH, body(made)), DebugInfoUpload::answer);
            List<String> said = new ArrayList<>();
            said.add(Texts.count(answer.functions, "function"));
            said.add(
                    answer.rows == 0
                            ? "no debug information, so no inlined functions and no lines"
                            : Texts.count(answer.rows, "place") + " with a line");
            said.addAll(symbols.notes());
            said.add(Texts.amount(made.size(), "bytes") + " sent");
            said.add("build id " + symbols.buildId());
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
}
