package io.emberscope.bpf;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/// The kernel's symbols as text, in the form of `/proc/kallsyms`, told by a BPF program: with their
/// addresses also where that file hides them from everybody (`kernel.kptr_restrict` at 2). Needs
/// Linux 6.0 and what sampling needs. Nothing is left in the kernel when it is closed.
///
/// For one thread.
public final class KernelSymbolStream extends InputStream {
    static final String OBJECT = "kernel_symbols.bpf.o";

    private final NativeHandle handle;

    private KernelSymbolStream(NativeHandle handle) {
        this.handle = handle;
    }

    /// Begins at the first symbol.
    ///
    /// @throws BpfException if this kernel, or what we may do, is not enough; the message says what
    ///   is missing
    public static KernelSymbolStream open() throws BpfException {
        NativeLibrary.load();
        long handle = Natives.symbolsOpen(NativeLibrary.object(OBJECT));
        return new KernelSymbolStream(new NativeHandle(handle, "kernel symbols"));
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        int count = Natives.symbolsRead(handle.value(), target, offset, length);
        return count == 0 ? -1 : count;
    }

    @Override
    public void close() {
        handle.close();
    }
}
