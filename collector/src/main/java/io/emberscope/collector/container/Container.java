package io.emberscope.collector.container;

/// The container, and the pod if it is one of Kubernetes, that a process runs in.
///
/// @param id 64 hexadecimal digits, or empty
/// @param podUid with hyphens as Kubernetes writes it, or empty
public record Container(String id, String podUid) {
    /// Not in a container.
    public static final Container NONE = new Container("", "");

    private static final int ID_LENGTH = 64;
    private static final int UID_LENGTH = 36;
    private static final int STATIC_UID_LENGTH = 32;
    private static final int PATH_LENGTH_MAX = 4096;

    /// Reads the path of a control group as Docker, containerd, CRI-O, podman and the kubelet make
    /// it, with either of their drivers (`cgroupfs`, `systemd`).
    ///
    /// The innermost container and pod count, so that a cluster in a container shows its own pods.
    /// The path is scanned once from left to right: a hostile one costs no more than its length.
    ///
    /// @param path of the group in its hierarchy; what is longer than 4,096 characters is no
    ///   container
    public static Container ofPath(String path) {
        if (path.length() > PATH_LENGTH_MAX) {
            return NONE;
        }
        String id = "";
        String podUid = "";
        int from = 0;
        while (from < path.length()) {
            int end = path.indexOf('/', from);
            if (end < 0) {
                end = path.length();
            }
            String foundPod = podUid(path, from, end);
            if (!foundPod.isEmpty()) {
                podUid = foundPod;
            }
            String foundId = id(path, from, end);
            if (!foundId.isEmpty()) {
                id = foundId;
            }
            from = end + 1;
        }
        return id.isEmpty() && podUid.isEmpty() ? NONE : new Container(id, podUid);
    }

    /// Whether nothing is known.
    public boolean isNone() {
        return id.isEmpty() && podUid.isEmpty();
    }

    /// `ID`, `docker-ID.scope`, `cri-containerd-ID.scope`, `crio-ID`, `slice:cri-containerd:ID`: a
    /// run of exactly 64 hexadecimal digits. The monitor beside a CRI-O container is not in it.
    private static String id(String path, int from, int end) {
        int start = from;
        while (start < end) {
            int stop = start;
            while (stop < end && isHex(path.charAt(stop))) {
                stop++;
            }
            boolean wholeWord =
                    (start == from || isSeparator(path.charAt(start - 1)))
                            && (stop == end || isSeparator(path.charAt(stop)));
            if (stop - start == ID_LENGTH && wholeWord) {
                return path.startsWith("crio-conmon-", from) ? "" : path.substring(start, stop);
            }
            start = stop + 1;
        }
        return "";
    }

    /// `pod` and a uid: behind the start of the segment (`cgroupfs`), or behind a hyphen and with
    /// underscores for the uid's own hyphens (`systemd`). The uid of a pod from a file on the node
    /// has 32 digits and no hyphens.
    private static String podUid(String path, int from, int end) {
        for (int at = path.indexOf("pod", from, end);
                at >= 0 && at + 3 + STATIC_UID_LENGTH <= end;
                at = path.indexOf("pod", at + 1, end)) {
            if (at == from || path.charAt(at - 1) == '-') {
                String uid = uid(path, at + 3, end);
                if (!uid.isEmpty()) {
                    return uid;
                }
            }
        }
        return "";
    }

    private static String uid(String path, int from, int end) {
        if (isUid(path, from, end)) {
            return path.substring(from, from + UID_LENGTH).replace('_', '-');
        }
        int stop = from;
        while (stop < end && isHex(path.charAt(stop))) {
            stop++;
        }
        boolean wholeWord = stop == end || isSeparator(path.charAt(stop));
        return stop - from == STATIC_UID_LENGTH && wholeWord ? path.substring(from, stop) : "";
    }

    private static boolean isUid(String path, int from, int end) {
        if (from + UID_LENGTH > end) {
            return false;
        }
        for (int i = 0; i < UID_LENGTH; i++) {
            char c = path.charAt(from + i);
            boolean hyphen = i == 8 || i == 13 || i == 18 || i == 23;
            if (hyphen ? c != '-' && c != '_' : !isHex(c)) {
                return false;
            }
        }
        return from + UID_LENGTH == end || isSeparator(path.charAt(from + UID_LENGTH));
    }

    private static boolean isSeparator(char c) {
        return c == '-' || c == '.' || c == ':' || c == '_';
    }

    private static boolean isHex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
}
