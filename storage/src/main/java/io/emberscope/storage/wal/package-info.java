/// The write-ahead log: batches on disk, in order, before they are acknowledged and until a segment
/// holds them. `docs/formats/wal.md` describes the bytes.
@NullMarked
package io.emberscope.storage.wal;

import org.jspecify.annotations.NullMarked;
