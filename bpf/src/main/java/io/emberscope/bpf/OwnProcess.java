package io.emberscope.bpf;

import java.util.ArrayList;
import java.util.List;

/// What this process may change and ask about itself.
public final class OwnProcess {
    /// The capabilities that matter to a profiler, by their bit in the kernel's set.
    public enum Capability {
        DAC_READ_SEARCH(2),
        IPC_LOCK(14),
        SYS_PTRACE(19),
        SYS_ADMIN(21),
        SYS_NICE(23),
        SYS_RESOURCE(24),
        SYSLOG(34),
        PERFMON(38),
        BPF(39),
        CHECKPOINT_RESTORE(40);

        private final int bit;

        Capability(int bit) {
            this.bit = bit;
        }
    }

    private OwnProcess() {}

    /// Sets the nice value of every thread of this process, including the JVM's own; threads made
    /// later inherit it from their maker.
    ///
    /// @param nice -20 (most CPU) to 19; below the current one needs CAP_SYS_NICE
    /// @return how many threads were changed
    public static int setPriority(int nice) throws BpfException {
        if (nice < -20 || nice > 19) {
            throw new IllegalArgumentException("nice: " + nice + " (expected: -20..19)");
        }
        NativeLibrary.load();
        return Natives.setPriority(nice);
    }

    /// The capabilities in effect for the calling thread, of those that matter here.
    public static List<Capability> capabilities() throws BpfException {
        NativeLibrary.load();
        long bits = Natives.capabilities();
        List<Capability> found = new ArrayList<>();
        for (Capability capability : Capability.values()) {
            if ((bits >>> capability.bit & 1) != 0) {
                found.add(capability);
            }
        }
        return List.copyOf(found);
    }
}
