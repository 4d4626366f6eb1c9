/// What every request passes before a feature sees it, and every answer on its way out: limits, the
/// check of the Host header, memory budgets and the one form that errors have.
@NullMarked
package io.emberscope.server.edge;

import org.jspecify.annotations.NullMarked;
