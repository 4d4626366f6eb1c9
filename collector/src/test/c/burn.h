/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that use a known amount of their thread's CPU time. */
#ifndef BURN_H
#define BURN_H

#include <stdlib.h>
#include <time.h>

static inline long cpu_nanos(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

/* Defines a function that burns and returns how much it burnt. */
#define BURNER(name)                                                                              \
	__attribute__((noinline)) long name(long nanos)                                          \
	{                                                                                        \
		long start = cpu_nanos();                                                        \
                                                                                                 \
		while (cpu_nanos() - start < nanos)                                              \
			for (volatile int i = 0; i < 200000; i++)                                 \
				;                                                                \
		return cpu_nanos() - start;                                                      \
	}

static inline long millis(const char *text)
{
	return atol(text) * 1000000L;
}

#endif
