/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coldstack DEPTH ROUNDS [swap]: a thread whose stack lies in a file recurses DEPTH times, ROOM bytes and
 * more each, and at the bottom again and again lets go of all pages of the stack but the last few, and
 * then burns some milliseconds in burn_cold().
 *
 * With "swap", the stack is ordinary memory, which is written to swap instead. Prints which share of the
 * stack's pages was not in memory when it burnt, in percent.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES (16UL << 20)
#define KEPT_BYTES 8192UL

#ifndef ROOM
#define ROOM 512
#endif

static char *stack;
static long pages, missing;
static int rounds, to_swap;

static uint64_t spent(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

__attribute__((noinline, noclone)) void burn_cold(void)
{
	static volatile uint64_t sink;
	uint64_t end = spent() + 5000000;

	while (spent() < end)
		for (int i = 0; i < 10000; i++)
			sink += (uint64_t)i;
}

__attribute__((noinline, noclone)) static void let_go(void)
{
	char here;
	uintptr_t from = ((uintptr_t)&here + KEPT_BYTES) & ~4095UL;

	/* What is in the file is kept; only this process has to ask for it again. */
	if (madvise((void *)from, (uintptr_t)stack + STACK_BYTES - from,
		    to_swap ? MADV_PAGEOUT : MADV_DONTNEED))
		exit(1);
}

/* Counts what of the stack above is not in memory. */
__attribute__((noinline, noclone)) static void look(void)
{
	unsigned char there[STACK_BYTES / 4096];
	char here;
	uintptr_t from = ((uintptr_t)&here + KEPT_BYTES) & ~4095UL;
	size_t count = ((uintptr_t)stack + STACK_BYTES - from) / 4096, i;

	if (mincore((void *)from, count * 4096, there))
		exit(1);
	for (i = 0; i < count; i++)
		missing += !(there[i] & 1);
	pages += (long)count;
}

__attribute__((noinline, noclone)) void descend(int depth)
{
	volatile char room[ROOM];

	memset((void *)room, depth, sizeof(room));
	if (depth > 1) {
		descend(depth - 1);
	} else {
		for (int i = 0; i < rounds; i++) {
			let_go();
			look();
			burn_cold();
		}
	}
	if (room[17] != (char)depth)
		abort();
}

static void *run(void *depth)
{
	descend(*(int *)depth);
	return NULL;
}

int main(int count, char **arguments)
{
	int depth = count > 1 ? atoi(arguments[1]) : 100;
	pthread_attr_t attributes;
	pthread_t thread;
	FILE *file = tmpfile();

	rounds = count > 2 ? atoi(arguments[2]) : 100;
	to_swap = count > 3;
	if (!file || ftruncate(fileno(file), STACK_BYTES))
		return 1;
	stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		     to_swap ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, to_swap ? -1 : fileno(file), 0);
	if (stack == MAP_FAILED)
		return 1;
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, STACK_BYTES);
	if (pthread_create(&thread, &attributes, run, &depth))
		return 1;
	pthread_join(thread, NULL);
	if (to_swap)
		printf("%ld\n", 100 * missing / pages);
	return 0;
}
