package io.emberscope.collector.export;

import io.emberscope.base.disk.Disk;
import io.emberscope.profile.BatchId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// Who we are to servers, kept in the state directory: an id for ever, and an epoch that is one
/// higher each time we start. Together with a sequence they name a batch for good.
public final class AgentState {
    private static final String FILE = "agent";
    private static final int FILE_BYTES_MAX = 256;
    private static final int ID_LENGTH = 32;

    private final String agent;
    private final long epoch;
    private long sequence;

    private AgentState(String agent, long epoch) {
        this.agent = agent;
        this.epoch = epoch;
    }

    /// Begins a new epoch and makes it durable.
    ///
    /// @param freshId 32 hexadecimal digits for an agent that has no id yet
    /// @throws IOException if the state cannot be read or written
    public static AgentState begin(Path directory, Disk disk, String freshId) throws IOException {
        disk.createDirectories(directory);
        Path file = directory.resolve(FILE);
        AgentState before = read(file, disk, freshId);
        AgentState now = new AgentState(before.agent, before.epoch + 1);
        String text = now.agent + ' ' + now.epoch + '\n';
        disk.publish(file, text.getBytes(StandardCharsets.US_ASCII));
        return now;
    }

    /// An identity that is not kept, for when the state directory cannot be used.
    ///
    /// @param epoch higher than in earlier runs, such as seconds since the epoch
    public static AgentState unkept(String freshId, long epoch) {
        return new AgentState(freshId, epoch);
    }

    /// Our id.
    public String agent() {
        return agent;
    }

    /// The id of the next batch. Called by one thread.
    public BatchId next() {
        sequence++;
        return new BatchId(agent, epoch, sequence);
    }

    /// What the file says. A damaged one, or none, makes us a new agent: a wrong epoch could give
    /// two batches the same name.
    private static AgentState read(Path file, Disk disk, String freshId) throws IOException {
        String text;
        try {
            text = new String(disk.read(file, FILE_BYTES_MAX), StandardCharsets.US_ASCII);
        } catch (NoSuchFileException _) {
            return new AgentState(freshId, 0);
        }
        int space = text.indexOf(' ');
        if (space != ID_LENGTH || !text.endsWith("\n")) {
            return new AgentState(freshId, 0);
        }
        try {
            long epoch = Long.parseLong(text.substring(space + 1, text.length() - 1));
            return new AgentState(text.substring(0, space), epoch);
        } catch (NumberFormatException _) {
            return new AgentState(freshId, 0);
        }
    }
}
