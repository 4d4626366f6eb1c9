/// Lets SQL engines read the store's tables: a read-only Iceberg REST catalog that says which files
/// they have, and the part of S3's protocol with which engines fetch them.
@NullMarked
package io.emberscope.server.catalog;

import org.jspecify.annotations.NullMarked;
