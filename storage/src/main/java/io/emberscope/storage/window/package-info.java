/// The newest samples, in memory: what was acknowledged and is not in a segment yet.
@NullMarked
package io.emberscope.storage.window;

import org.jspecify.annotations.NullMarked;
