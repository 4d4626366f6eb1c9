/// What this kernel and these privileges allow, and what is lost without the rest.
@NullMarked
package io.emberscope.collector.doctor;

import org.jspecify.annotations.NullMarked;
