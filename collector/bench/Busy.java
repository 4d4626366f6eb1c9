import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Keeps a CPU busy the way Java programs do: `java Busy.java PERCENT` (of one CPU; 100 never
/// rests).
final class Busy {
    private Busy() {}

    public static void main(String[] arguments) throws InterruptedException {
        int percent = arguments.length == 1 ? Integer.parseInt(arguments[0]) : 100;
        for (long seed = 1; ; ) {
            long start = System.nanoTime();
            while (System.nanoTime() - start < 10_000_000) {
                seed = countWords(seed) + fibonacci(15) + joined(seed);
            }
            if (percent < 100) {
                Thread.sleep(10L * (100 - percent) / percent);
            }
        }
    }

    private static long countWords(long seed) {
        Map<String, Integer> counts = new HashMap<>();
        long next = seed;
        for (int i = 0; i < 300; i++) {
            next = next * 6364136223846793005L + 1442695040888963407L;
            counts.merge("word-" + (next >>> 55), 1, Integer::sum);
        }
        return next + counts.size();
    }

    private static long fibonacci(int n) {
        return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
    }

    private static long joined(long seed) {
        List<Long> numbers = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            numbers.add(seed ^ i);
        }
        return numbers.stream().sorted().map(String::valueOf).collect(Collectors.joining(","))
                .length();
    }
}
