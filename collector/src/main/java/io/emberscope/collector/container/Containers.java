package io.emberscope.collector.container;

import io.emberscope.collector.primitive.LongMap;
import org.jspecify.annotations.Nullable;

/// Which container a control group id of the unified hierarchy stands for. Fed by a walk of the
/// tree at start and by the kernel's events afterwards. Not safe for use by several threads.
public final class Containers {
    /// Most groups remembered; when it is reached the tree is walked anew, which forgets the groups
    /// that are gone.
    public static final int GROUPS_MAX = 2 * CgroupScan.GROUPS_MAX;

    private LongMap<Container> byId = new LongMap<>();
    private boolean scanWanted;

    /// The container of a group, or [Container#NONE].
    public Container of(long cgroupId) {
        Container container = byId.get(cgroupId);
        return container == null ? Container.NONE : container;
    }

    /// Learns a group from an event of the kernel.
    public void put(long cgroupId, String path) {
        Container container = Container.ofPath(path);
        if (container.isNone()) {
            byId.remove(cgroupId);
        } else if (byId.size() < GROUPS_MAX || byId.get(cgroupId) != null) {
            byId.put(cgroupId, container);
        } else {
            scanWanted = true;
        }
    }

    /// Takes the result of a walk. What events told while the walk ran stays, unless the table is
    /// full.
    public void learn(LongMap<Container> walked) {
        if (byId.size() + walked.size() > GROUPS_MAX) {
            byId = new LongMap<>();
        }
        walked.forEach(byId::put);
        scanWanted = false;
    }

    /// Whether the tree should be walked again, because an event was missed or the table is full.
    public boolean scanWanted() {
        return scanWanted;
    }

    /// Notes that events were lost.
    public void eventsLost() {
        scanWanted = true;
    }

    /// The container in the text of `/proc/PID/cgroup`: of any hierarchy, the unified one first, as
    /// hosts without that name containers only in the others.
    public static Container ofProcFile(@Nullable String text) {
        if (text == null) {
            return Container.NONE;
        }
        Container best = Container.NONE;
        int from = 0;
        while (from < text.length()) {
            int end = text.indexOf('\n', from);
            if (end < 0) {
                end = text.length();
            }
            int path = text.indexOf(":/", from, end);
            if (path >= 0) {
                Container found = Container.ofPath(text.substring(path + 1, end));
                if (!found.isNone() && (best.isNone() || text.startsWith("0::", from))) {
                    best = found;
                }
            }
            from = end + 1;
        }
        return best;
    }
}
