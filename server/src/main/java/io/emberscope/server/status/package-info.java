/// Says how the server is: ready or not and why, numbers for Prometheus, numbers for people.
@NullMarked
package io.emberscope.server.status;

import org.jspecify.annotations.NullMarked;
