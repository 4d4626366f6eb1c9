/// Serves the page and its scripts from the class path, where the web module's jar puts them.
@NullMarked
package io.emberscope.server.web;

import org.jspecify.annotations.NullMarked;
