/// What the functions of a profile are called when it is shown.
@NullMarked
package io.emberscope.server.symbols;

import org.jspecify.annotations.NullMarked;
