/// Tables that number distinct texts and sequences, for dictionaries and trees. They hold up under
/// content that was chosen to collide.
@NullMarked
package io.emberscope.profile.intern;

import org.jspecify.annotations.NullMarked;
