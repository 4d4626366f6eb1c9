/// The tables of a store as Apache Iceberg tables, for SQL engines to read. Nothing of it is kept:
/// which files a table has, and what is in them, is told from the segments each time it is asked.
@NullMarked
package io.emberscope.storage.iceberg;

import org.jspecify.annotations.NullMarked;
