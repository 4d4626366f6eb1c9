/// What a query is made of: the [Selector] of series, the [TimeRange], the [QueryContext] with its
/// limits, and the answers. Sources of samples implement [SampleSource].
@NullMarked
package io.emberscope.storage.query;

import org.jspecify.annotations.NullMarked;
