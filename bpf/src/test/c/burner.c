/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Burns a given number of milliseconds of thread CPU time on one CPU, in burn(), then prints how
 * much it burnt: nanoseconds of CLOCK_THREAD_CPUTIME_ID from the first line to the last. With a third
 * argument it does not begin until something comes by its standard input.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long spent(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static volatile unsigned long sink;

__attribute__((noinline)) void burn(void)
{
	unsigned long i;

	for (i = 0; i < 200000; i++)
		sink += i;
}

int main(int argc, char **argv)
{
	long long start = spent(), wanted;
	cpu_set_t cpus;

	if (argc != 3 && argc != 4)
		return 2;
	wanted = atoll(argv[1]) * 1000000LL;
	CPU_ZERO(&cpus);
	CPU_SET(atoi(argv[2]), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return 3;
	printf("%p\n", (void *)burn);
	fflush(stdout);
	if (argc == 4)
		getchar();
	while (spent() - start < wanted)
		burn();
	printf("%lld\n", spent() - start);
	return 0;
}
