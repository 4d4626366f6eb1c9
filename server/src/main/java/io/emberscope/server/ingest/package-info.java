/// Takes profiles over OTLP/HTTP. Refuses early and cheaply: headers, then declared length, then
/// decompressed length, then shape; and acknowledges only what the store made durable.
@NullMarked
package io.emberscope.server.ingest;

import org.jspecify.annotations.NullMarked;
