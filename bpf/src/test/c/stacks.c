/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Burns thread CPU time in known stacks, and prints the addresses that tell them.
 *
 * stacks deep FRAMES MILLIS: descend() calls itself FRAMES times, then leaf() burns
 * stacks kernel MILLIS: large reads of /dev/zero from reader()
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;

static long long spent(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Burns in itself: a function that calls none gets no frame, whatever the compiler is told. */
__attribute__((noinline)) void leaf(long long until)
{
	unsigned long i;

	while (spent() < until)
		for (i = 0; i < 200000; i++)
			sink += i;
}

__attribute__((noinline)) void descend(int frames, long long until)
{
	if (frames > 1)
		descend(frames - 1, until);
	else
		leaf(until);
	sink++;
}

__attribute__((noinline)) void reader(long long until)
{
	static char buffer[1 << 20];
	int zero = open("/dev/zero", O_RDONLY);

	while (spent() < until)
		sink += (unsigned long)read(zero, buffer, sizeof(buffer));
	close(zero);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "deep")) {
		printf("%p %p\n", (void *)descend, (void *)leaf);
		fflush(stdout);
		descend(atoi(argv[2]), spent() + atoll(argv[3]) * 1000000);
	} else if (argc == 3 && !strcmp(argv[1], "kernel")) {
		printf("%p %p\n", (void *)reader, (void *)main);
		fflush(stdout);
		reader(spent() + atoll(argv[2]) * 1000000);
	} else {
		return 2;
	}
	printf("%lld\n", spent());
	return 0;
}
