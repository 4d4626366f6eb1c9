package io.emberscope.collector.naming;

import io.emberscope.bpf.WaitState;
import io.emberscope.collector.aggregate.Window;
import io.emberscope.collector.container.Container;
import io.emberscope.profile.Frame;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Makes the batch of a window: labels for its series, and every frame once.
final class Batches {
    private final String node;
    private final long periodNanos;

    /// @param node name of this machine
    /// @param periodNanos CPU time between two samples
    Batches(String node, long periodNanos) {
        this.node = node;
        this.periodNanos = periodNanos;
    }

    /// @param frames of the window, by number
    ProfileBatch of(Window window, Frame[] frames) {
        List<Frame> distinct = new ArrayList<>(frames.length);
        int[] numbers = number(frames, distinct);
        List<int[]> stacks = new ArrayList<>(window.stackCount());
        for (int stack = 0; stack < window.stackCount(); stack++) {
            int[] places = new int[window.stackLength(stack)];
            for (int i = 0; i < places.length; i++) {
                places[i] = numbers[window.stackFrame(stack, i)];
            }
            stacks.add(places);
        }
        return new ProfileBatch(distinct, stacks, profiles(window));
    }

    /// Two mappings of one file may have been two binaries until its build id was known.
    private static int[] number(Frame[] frames, List<Frame> distinct) {
        Map<Frame, Integer> known = HashMap.newHashMap(frames.length);
        int[] numbers = new int[frames.length];
        for (int i = 0; i < frames.length; i++) {
            Integer number = known.putIfAbsent(frames[i], distinct.size());
            if (number == null) {
                numbers[i] = distinct.size();
                distinct.add(frames[i]);
            } else {
                numbers[i] = number;
            }
        }
        return numbers;
    }

    private List<Profile> profiles(Window window) {
        // Series that differ only in what is unknown of them have the same labels.
        List<Series> all = new ArrayList<>();
        Map<Series, Integer> known = new HashMap<>();
        int[] groupOf = new int[window.seriesCount()];
        for (int series = 0; series < groupOf.length; series++) {
            Series of = series(window, series);
            Integer group = known.putIfAbsent(of, all.size());
            groupOf[series] = group == null ? all.size() : group;
            if (group == null) {
                all.add(of);
            }
        }
        int[] counts = new int[all.size()];
        for (int cell = 0; cell < window.cellCount(); cell++) {
            counts[groupOf[window.cellSeries(cell)]]++;
        }
        int[][] stacks = new int[counts.length][];
        long[][] values = new long[counts.length][];
        for (int group = 0; group < counts.length; group++) {
            stacks[group] = new int[counts[group]];
            values[group] = new long[counts[group]];
        }
        for (int cell = 0; cell < window.cellCount(); cell++) {
            int group = groupOf[window.cellSeries(cell)];
            int at = --counts[group];
            stacks[group][at] = window.cellStack(cell);
            values[group][at] = window.cellNanos(cell);
        }
        List<Profile> profiles = new ArrayList<>(counts.length);
        for (int group = 0; group < counts.length; group++) {
            Series series = all.get(group);
            profiles.add(
                    new Profile(
                            series,
                            window.startNanos(),
                            Window.LENGTH_NANOS,
                            series.type().equals(ProfileType.CPU) ? periodNanos : 0,
                            stacks[group],
                            values[group]));
        }
        return profiles;
    }

    private Series series(Window window, int series) {
        WaitState state = window.waitState(series);
        Labels labels = labels(window, series);
        return state == null
                ? new Series(ProfileType.CPU, labels)
                : new Series(
                        ProfileType.OFF_CPU,
                        labels.with("thread_state", state.name().toLowerCase(Locale.ROOT)));
    }

    private Labels labels(Window window, int series) {
        String executable = window.executable(series);
        Container container = window.container(series);
        return Labels.of(
                Labels.SERVICE_NAME,
                executable.isEmpty() ? "[unknown]" : executable,
                "executable",
                executable,
                "thread_name",
                window.threadName(series),
                "container_id",
                container.id(),
                "pod_uid",
                container.podUid(),
                "node",
                node);
    }
}
