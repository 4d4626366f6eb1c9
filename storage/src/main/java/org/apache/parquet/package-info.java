/// One class of ours in Parquet's own package: the only way to its read options that does not load
/// Hadoop's classes.
@NullMarked
package org.apache.parquet;

import org.jspecify.annotations.NullMarked;
