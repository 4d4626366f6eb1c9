import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.tree.FlameTree;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// Prints `flamegraph.json`: what the server's encoder makes of a profile with odd names, inlining,
/// recursion, hidden nodes and values that no double holds. From the root of the repository:
///
/// ```
/// mvn -q -pl profile -am package -DskipTests
/// java -cp base/target/classes:profile/target/classes \
///     web/packages/flame-core/test/golden/WriteGolden.java \
///     > web/packages/flame-core/test/golden/flamegraph.json
/// ```
final class WriteGolden {
    public static void main(String[] arguments) {
        List<Frame> frames =
                List.of(
                        frame(FrameKind.NATIVE, "aa", "/usr/bin/app", 0x10, Line.named("main")),
                        frame(
                                FrameKind.NATIVE,
                                "aa",
                                "/usr/bin/app",
                                0x20,
                                new Line("inlined<\"a\" & 'b'>", "", "a.cc", 7),
                                new Line("outer", "", "a.cc", 42)),
                        frame(
                                FrameKind.NATIVE,
                                "aa",
                                "/usr/bin/app",
                                0x24,
                                new Line("outer", "", "a.cc", 49)),
                        frame(
                                FrameKind.KERNEL,
                                "bb",
                                "[kernel]",
                                0x30,
                                Line.named("do_syscall_64")),
                        frame(FrameKind.NATIVE, "cc", "/lib/libc.so.6", 0x1234),
                        frame(
                                FrameKind.UNKNOWN,
                                "",
                                "",
                                0,
                                Line.named("<script>читать🔥</script>")));
        List<int[]> stacks = new ArrayList<>();
        List<Long> values = new ArrayList<>();
        add(stacks, values, Long.MAX_VALUE / 2, 1, 0);
        add(stacks, values, 4, 2, 0);
        add(stacks, values, 300, 3, 1, 0);
        add(stacks, values, 200, 0, 0, 0);
        add(stacks, values, 1_000_000_007L, 4, 5);
        add(stacks, values, 5, 3, 5);
        add(stacks, values, 3, 0, 5);
        MergedProfile profile =
                new MergedProfile(
                        ProfileType.CPU,
                        1_767_225_600_123_456_789L,
                        10_000_000_000L,
                        frames,
                        stacks,
                        values.stream().mapToLong(Long::longValue).toArray());
        FlameTree tree = FlameTree.of(profile, 8);
        System.out.println("{");
        String bytes = Base64.getEncoder().encodeToString(tree.encode());
        System.out.println("  \"bytes\": \"" + bytes + "\",");
        System.out.println("  \"nodes\": [");
        for (int i = 0; i < tree.size(); i++) {
            String name =
                    tree.isHidden(i) ? "" : tree.functions().get(tree.function(i)).name();
            System.out.printf(
                    "    { \"level\": %d, \"name\": %s, \"total\": \"%d\", "
                            + "\"self\": \"%d\", \"hidden\": %d, \"source\": %s, "
                            + "\"inlining\": %d }%s%n",
                    tree.level(i),
                    quoted(name),
                    tree.total(i),
                    tree.self(i),
                    tree.hidden(i),
                    quoted(
                            tree.files().get(tree.file(i))
                                    + ":"
                                    + tree.line(i)
                                    + "-"
                                    + tree.lastLine(i)),
                    tree.inlining(i).code(),
                    i + 1 < tree.size() ? "," : "");
        }
        System.out.println("  ]");
        System.out.println("}");
    }

    private static Frame frame(
            FrameKind kind, String buildId, String binary, long offset, Line... lines) {
        return new Frame(kind, buildId, binary, offset, List.of(lines));
    }

    private static void add(List<int[]> stacks, List<Long> values, long value, int... leafFirst) {
        stacks.add(leafFirst);
        values.add(value);
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
