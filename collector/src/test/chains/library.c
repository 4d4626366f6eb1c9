/* SPDX-License-Identifier: Apache-2.0 */
/* A shared library. NAMES is what its functions' names begin with, FRAME the bytes of their frames. */
#define CHAINS_OF_HOST
#include "chains.h"

#ifndef NAMES
#define NAMES lib
#endif
#ifndef FRAME
#define FRAME 24
#endif

#define JOIN(names, name) names##_##name
#define JOINED(names, name) JOIN(names, name)
#define NAME(name) JOINED(NAMES, name)
#define TEXT(name) #name
#define TEXT_OF(name) TEXT(name)

extern long NAME(tiny)(long value);
extern long NAME(tiny_often)(long value, long times);
extern void NAME(outer)(void (*called)(long), long nanos);
extern void NAME(inner)(void (*called)(long), long nanos);

FUNCTION long NAME(tiny)(long value)
{
	return value + 1;
}

/* Calls by its own stub, as the function can be replaced. */
FUNCTION long NAME(tiny_often)(long value, long times)
{
	while (times-- > 0)
		value += NAME(tiny)(value);
	return value;
}

FUNCTION void NAME(inner)(void (*called)(long), long nanos)
{
	char some[FRAME];

	__asm__ volatile("" : : "r"(some) : "memory");
	ENTER(TEXT_OF(NAME(inner)));
	called(nanos);
	LEAVE();
	__asm__ volatile("" : : "r"(some) : "memory");
}

FUNCTION void NAME(outer)(void (*called)(long), long nanos)
{
	ENTER(TEXT_OF(NAME(outer)));
	NAME(inner)(called, nanos);
	LEAVE();
}
