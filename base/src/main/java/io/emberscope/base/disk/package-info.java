/// Files behind an interface, so that a test can lose, tear, fill and fail them.
@NullMarked
package io.emberscope.base.disk;

import org.jspecify.annotations.NullMarked;
