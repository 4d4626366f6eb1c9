package io.emberscope.symbolizer.unwind;

/// Follows any bytes as code, and checks what must be true of whatever is claimed.
public final class StackDepthsFuzzTarget {
    private StackDepthsFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        StackDepths depths = new StackDepths();
        if (bytes.length == 0 || !depths.read(bytes, bytes.length)) {
            return;
        }
        Instruction instruction = new Instruction();
        for (int at = 0; at < bytes.length; at++) {
            long state = depths.state(at);
            if (state == 0) {
                continue;
            }
            int rsp = StackDepths.rsp(state);
            int slot = StackDepths.slot(state);
            if (!instruction.read(bytes, at, bytes.length)
                    || instruction.length < 1
                    || instruction.length > 15) {
                throw new AssertionError("instruction at " + at);
            }
            if (slot == 1 || (slot != StackDepths.LOST && rsp != 0 && slot > rsp)) {
                throw new AssertionError("rbp at " + at + ": word " + slot + " of " + rsp);
            }
            if (StackDepths.Flow.of(instruction) == StackDepths.Flow.RETURN && rsp > 1) {
                throw new AssertionError("return at " + at);
            }
        }
    }
}
