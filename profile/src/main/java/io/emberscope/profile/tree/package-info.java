/// What people look at: [FlameTree] for flame graphs and [TopTable] for tables of functions, both
/// made from a merged profile.
@NullMarked
package io.emberscope.profile.tree;

import org.jspecify.annotations.NullMarked;
