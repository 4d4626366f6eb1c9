package io.emberscope.profile;

/// Where a part of a file is mapped in a process, as profile formats tell it.
///
/// @param start first address
/// @param limit address after the last one
/// @param fileOffset place in the file that `start` shows
public record AddressRange(long start, long limit, long fileOffset) {
    /// No mapping known.
    public static final AddressRange NONE = new AddressRange(0, 0, 0);

    /// The offset in the file of an address. One outside the range is taken for an offset already:
    /// senders that know the offset send it so.
    public long offsetOf(long address) {
        return Long.compareUnsigned(start, address) <= 0 && Long.compareUnsigned(address, limit) < 0
                ? address - start + fileOffset
                : address;
    }
}
