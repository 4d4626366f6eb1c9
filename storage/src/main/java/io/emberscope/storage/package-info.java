/// The store of profiles. [ProfileStore] is the door: batches go in through `append`, answers come
/// out of `merge`, `series` and the label queries.
@NullMarked
package io.emberscope.storage;

import org.jspecify.annotations.NullMarked;
