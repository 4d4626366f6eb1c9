package io.emberscope.symbolizer.demangle;

import io.emberscope.base.fuzz.FuzzRun;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DemanglerFuzzIT {
    @Test
    void anyNameIsReadOrStaysAsItIs() throws Exception {
        List<byte[]> seeds =
                Stream.concat(NameTable.cpp(), RustNamesTest.names())
                        .map(name -> name.mangled().getBytes(StandardCharsets.UTF_8))
                        .toList();
        FuzzRun.of(DemanglerFuzzTarget.class, "io.emberscope.symbolizer.demangle", 4 * 1024, seeds);
    }
}
