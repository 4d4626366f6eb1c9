package io.emberscope.storage.query;

import io.emberscope.base.fuzz.FuzzRun;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SelectorFuzzIT {
    @Test
    void textsAreReadOrRefusedWhateverTheyAre() throws Exception {
        List<byte[]> seeds =
                Stream.of(
                                "{}",
                                "{a=\"web-1\"}",
                                "{a!=\"b\",pod=~\"a+|b\",service_name!~`check.*`,}",
                                "{ \"a\" = 'x\\n\\x41\\u0041\\101' }",
                                "{a=~\"(a|b){2,5}[[:alpha:]]\\\\pL(?i:x)\\\\Qab\\\\E$\"}")
                        .map(text -> text.getBytes(StandardCharsets.UTF_8))
                        .toList();
        FuzzRun.of(SelectorFuzzTarget.class, "io.emberscope.storage.query", 512, seeds);
    }
}
