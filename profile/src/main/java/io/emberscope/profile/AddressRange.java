package io.emberscope.profile;

/// Where a part of a file is mapped in a process, as profile formats tell it.
///
/// @param start first address
/// @param limit address after the last one
/// @param fileOffset place in the file that `start` shows
public record AddressRange(long start, long limit, long fileOffset) {
    /// No mapping known.
    public static final AddressRange NONE = new AddressRange(0, 0, 0);

    /// Where a binary wants to be, as far as one of its frames tells: from the file's first byte to
    /// the frame. In it, [Frame#ownAddress] of the frame has the frame's offset.
    public static AddressRange ofWhole(Frame frame) {
        long address = frame.ownAddress();
        long limit = address == -1 ? -1 : address + 1;
        return Long.compareUnsigned(address, frame.offset()) < 0
                ? new AddressRange(0, limit, frame.offset() - address)
                : new AddressRange(address - frame.offset(), limit, 0);
    }

    /// Whether an address is in it.
    public boolean holds(long address) {
        return Long.compareUnsigned(start, address) <= 0
                && Long.compareUnsigned(address, limit) < 0;
    }

    /// The offset in the file of an address. One outside the range is taken for an offset already:
    /// senders that know the offset send it so.
    public long offsetOf(long address) {
        return holds(address) ? address - start + fileOffset : address;
    }
}
