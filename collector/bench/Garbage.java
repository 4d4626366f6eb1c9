import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Makes garbage that lives for a while, so that the JVM's own threads have much to do: mark, copy
/// and, as the code changes between phases, compile.
final class Garbage {
    private static final int KEPT_MAX = 40_000;

    private Garbage() {}

    public static void main(String[] arguments) {
        for (int i = 0; i < 2; i++) {
            Thread.ofPlatform().name("garbage-" + i).start(Garbage::litter);
        }
    }

    private static void litter() {
        Map<Integer, List<String>> kept = new HashMap<>();
        for (int i = 0; ; i++) {
            List<String> words = new ArrayList<>();
            for (int j = 0; j < 20; j++) {
                words.add("word " + i + " of " + j);
            }
            // Old objects point at young ones, and die in no order.
            kept.put((int) (i * 2654435761L % KEPT_MAX), words);
        }
    }
}
