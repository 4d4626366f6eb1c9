package io.emberscope.storage.wal;

/// What a replay of the log found.
///
/// @param files how many files there were
/// @param records records that were handed on
/// @param oldRecords records that a segment holds already
/// @param damagedRecords places in which one or more records could not be read
/// @param damagedBytes length of those places
/// @param tornFiles files whose end was cut or not written, as a crash leaves them
/// @param tornBytes bytes at those ends
/// @param lastSequence highest sequence number that was seen, also on damaged records, or 0
public record Replay(
        int files,
        long records,
        long oldRecords,
        long damagedRecords,
        long damagedBytes,
        int tornFiles,
        long tornBytes,
        long lastSequence) {
    static final Replay NOTHING = new Replay(0, 0, 0, 0, 0, 0, 0, 0);

    Replay plus(Replay other) {
        return new Replay(
                files + other.files,
                records + other.records,
                oldRecords + other.oldRecords,
                damagedRecords + other.damagedRecords,
                damagedBytes + other.damagedBytes,
                tornFiles + other.tornFiles,
                tornBytes + other.tornBytes,
                Math.max(lastSequence, other.lastSequence));
    }
}
