/// Segments: directories of Parquet files that do not change. `docs/formats/segment.md` describes
/// them.
@NullMarked
package io.emberscope.storage.segment;

import org.jspecify.annotations.NullMarked;
