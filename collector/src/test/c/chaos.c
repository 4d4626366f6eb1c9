/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is hard on who watches processes.
 *
 * chaos steady SECONDS: burns in steady_work() for so long, and prints how many milliseconds of CPU
 *   time it got
 * chaos storm RATE SECONDS: starts so many processes a second, or as many as can be, which end at
 *   once, and prints how many it started
 * chaos execs SECONDS: executes itself again and again
 * chaos maps COUNT SECONDS: maps a page of its own code at COUNT places, and burns in the first and
 *   in the last of them, in mapped_work()
 * chaos threads SECONDS: starts and ends threads, and renames them
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "burn.h"

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

BURNER(steady_work)
BURNER(brief_work)

static void steady(double until)
{
	while (now() < until)
		steady_work(10000000);
	printf("%ld\n", cpu_nanos() / 1000000);
}

static void storm(int rate, double until)
{
	double start = now();
	long started = 0;

	signal(SIGCHLD, SIG_IGN);
	while (now() < until) {
		struct timespec pause = { 0, 2000000 };

		for (; now() < until && started < (long)((now() - start) * rate); started++)
			if (!fork()) {
				execl("/proc/self/exe", "brief", "brief", NULL);
				_exit(1);
			}
		nanosleep(&pause, NULL);
	}
	printf("%ld\n", started);
}

/* On a page of its own, and the same wherever it is. */
__attribute__((noinline, noclone, aligned(4096))) void mapped_work(long rounds)
{
	for (volatile long i = 0; i < rounds; i++)
		;
}

extern const char __executable_start;

static void maps(int count, double until)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), i;
	long page = (const char *)(uintptr_t)mapped_work - &__executable_start;
	void (*first)(long), (*last)(long);

	/* Gaps between them, so that none are joined. */
	char *room = mmap(NULL, 8192UL * (size_t)count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Each gap would be a mapping too. */
	munmap(room, 8192UL * (size_t)count);
	for (i = 0; i < count; i++)
		if (mmap(room + 8192UL * (size_t)i, 4096, PROT_READ | PROT_EXEC,
			 MAP_PRIVATE | MAP_FIXED, self, page) == MAP_FAILED) {
			perror("mmap");
			exit(1);
		}
	first = (void (*)(long))(uintptr_t)room;
	last = (void (*)(long))(uintptr_t)(room + 8192UL * (size_t)(count - 1));
	while (now() < until) {
		first(2000000);
		last(2000000);
	}
}

static void *renamed(void *number)
{
	char name[16];

	snprintf(name, sizeof(name), "t%ld", (long)number);
	prctl(PR_SET_NAME, name);
	brief_work(200000);
	return NULL;
}

static void threads(double until)
{
	long number = 0;

	while (now() < until) {
		pthread_t some[8];

		for (int i = 0; i < 8; i++)
			pthread_create(&some[i], NULL, renamed, (void *)number++);
		for (int i = 0; i < 8; i++)
			pthread_join(some[i], NULL);
	}
}

int main(int count, char **arguments)
{
	const char *what = count > 1 ? arguments[1] : "";

	if (!strcmp(what, "steady")) {
		steady(now() + atof(arguments[2]));
	} else if (!strcmp(what, "storm")) {
		storm(atoi(arguments[2]), now() + atof(arguments[3]));
	} else if (!strcmp(what, "execs")) {
		char end[32];

		snprintf(end, sizeof(end), "%f", now() + atof(arguments[2]));
		execl("/proc/self/exe", "chaos", "execs-until", end, NULL);
		return 1;
	} else if (!strcmp(what, "execs-until")) {
		brief_work(300000);
		if (now() < atof(arguments[2]))
			execl("/proc/self/exe", "chaos", "execs-until", arguments[2], NULL);
	} else if (!strcmp(what, "maps")) {
		maps(atoi(arguments[2]), now() + atof(arguments[3]));
	} else if (!strcmp(what, "threads")) {
		threads(now() + atof(arguments[2]));
	} else if (!strcmp(what, "brief")) {
		brief_work(100000);
	} else {
		return 2;
	}
	return 0;
}
