/// Protobuf's wire format, written and read without generated classes.
@NullMarked
package io.emberscope.profile.protobuf;

import org.jspecify.annotations.NullMarked;
