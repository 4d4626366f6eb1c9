/// Answers questions about stored profiles. Work runs on a small bounded pool with a deadline, and
/// ends when the client goes.
@NullMarked
package io.emberscope.server.query;

import org.jspecify.annotations.NullMarked;
