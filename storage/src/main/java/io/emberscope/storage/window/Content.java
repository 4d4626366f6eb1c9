package io.emberscope.storage.window;

import io.emberscope.profile.Frame;
import io.emberscope.profile.Series;

/// What one tenant has in a [Window] at one moment. The arrays may be longer than what counts and
/// are only read; up to the counts they never change, except that a frame may be replaced by one
/// that differs in having a name.
///
/// @param profileCount how many profiles there are
/// @param profileSeries index of each profile's series
/// @param profileMicros start of each profile, in microseconds since the epoch
/// @param profileMillis length of each profile
/// @param profilePeriods period of each profile
/// @param profileEnds first row after each profile; its rows start where the one before ends
/// @param rowCount how many samples there are
/// @param rowStacks index of each sample's stack
/// @param rowValues value of each sample
/// @param seriesCount how many series there are; some may have no profile yet
/// @param seriesIds content id of each series
/// @param series each series
/// @param stackCount how many stacks there are; some may have no sample yet
/// @param stackIds content id of each stack
/// @param stackFrames ids of each stack's frames, leaf first
/// @param frameCount how many frames there are
/// @param frameIds content id of each frame
/// @param frames each frame
public record Content(
        int profileCount,
        int[] profileSeries,
        long[] profileMicros,
        int[] profileMillis,
        long[] profilePeriods,
        int[] profileEnds,
        int rowCount,
        int[] rowStacks,
        long[] rowValues,
        int seriesCount,
        long[] seriesIds,
        Series[] series,
        int stackCount,
        long[] stackIds,
        long[][] stackFrames,
        int frameCount,
        long[] frameIds,
        Frame[] frames) {
    /// First row of a profile.
    public int profileStart(int profile) {
        return profile == 0 ? 0 : profileEnds[profile - 1];
    }
}
