package io.emberscope.collector.container;

import io.emberscope.collector.primitive.LongMap;
import java.io.File;
import java.io.IOException;
import java.util.ArrayDeque;

/// Walks a hierarchy of control groups and reads the container off every path.
///
/// The walk goes no deeper than [#DEPTH_MAX] and visits no more than [#GROUPS_MAX] groups: any
/// container may make groups below its own.
public final class CgroupScan {
    /// Most groups visited in one walk.
    public static final int GROUPS_MAX = 65_536;

    private static final int DEPTH_MAX = 32;

    private CgroupScan() {}

    /// The kernel's id of a control group, from its directory.
    @FunctionalInterface
    public interface Ids {
        /// The id.
        ///
        /// @throws IOException if the group is gone
        long of(String directory) throws IOException;
    }

    /// The containers by the id of their group; groups outside containers are left out.
    ///
    /// @param root the mount point
    public static LongMap<Container> run(String root, Ids ids) {
        LongMap<Container> found = new LongMap<>();
        ArrayDeque<String> open = new ArrayDeque<>();
        open.add("");
        for (int visited = 0; visited < GROUPS_MAX && !open.isEmpty(); visited++) {
            String path = open.removeFirst();
            Container container = Container.ofPath(path);
            if (!container.isNone()) {
                putId(found, root + path, container, ids);
            }
            if (depth(path) < DEPTH_MAX) {
                addChildren(root, path, open);
            }
        }
        return found;
    }

    private static void putId(
            LongMap<Container> found, String directory, Container container, Ids ids) {
        try {
            found.put(ids.of(directory), container);
        } catch (IOException _) {
            // The group ended while we walked; nobody will ask for it.
        }
    }

    private static void addChildren(String root, String path, ArrayDeque<String> open) {
        File[] children = new File(root + path).listFiles(File::isDirectory);
        if (children == null) {
            return;
        }
        for (File child : children) {
            if (open.size() < GROUPS_MAX) {
                open.addLast(path + '/' + child.getName());
            }
        }
    }

    private static int depth(String path) {
        int depth = 0;
        for (int i = 0; i < path.length(); i++) {
            if (path.charAt(i) == '/') {
                depth++;
            }
        }
        return depth;
    }
}
