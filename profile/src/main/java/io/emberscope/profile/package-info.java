/// The nouns of profiling, and their content hashes.
///
/// A [ProfileBatch] is what travels: frames and stacks once, and the [Profile]s that refer to them.
/// A [MergedProfile] is what a query returns before it is drawn. Codecs live in packages below.
@NullMarked
package io.emberscope.profile;

import org.jspecify.annotations.NullMarked;
