/// The pprof format (`perftools.profiles.Profile`) in and out: [PprofWriter] and [PprofReader].
@NullMarked
package io.emberscope.profile.pprof;

import org.jspecify.annotations.NullMarked;
