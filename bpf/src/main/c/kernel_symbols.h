/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's symbols where /proc/kallsyms hides their addresses. */
#ifndef EMBERSCOPE_KERNEL_SYMBOLS_H
#define EMBERSCOPE_KERNEL_SYMBOLS_H

#include <stddef.h>

#include "failure.h"

/*
 * A descriptor to read them from as text, once from the beginning to the end, or -errno. What is
 * in the kernel goes when it is closed.
 */
int kernel_symbols_open(const void *object, size_t object_bytes, struct failure *failure);

#endif
