/// OTLP profiles (`opentelemetry.proto.profiles.v1development`, proto release 1.11) in and out:
/// [OtlpEncoder] and [OtlpDecoder]. `docs/formats/otlp.md` says how the two models meet.
@NullMarked
package io.emberscope.profile.otlp;

import org.jspecify.annotations.NullMarked;
