/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that waits in known ways and for times it measures itself.
 *
 * waiter KIND COUNT MICROSECONDS: its first thread waits COUNT times for about that long each, and
 * prints for how many nanoseconds it waited altogether. What it waits besides, until there is
 * something to wait for, it does not count.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long nanos;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int to_partner[2], to_us[2];

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

__attribute__((noinline)) static void pause_for(long time)
{
	struct timespec left = { time / 1000000000, time % 1000000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static void byte_to(int pipe)
{
	if (write(pipe, "x", 1) != 1)
		exit(1);
}

static void byte_from(int pipe)
{
	char byte;

	if (read(pipe, &byte, 1) != 1)
		exit(1);
}

/* Takes the lock, says so, and keeps it for a while. */
static void *hold_lock(void *unused)
{
	for (;;) {
		byte_from(to_partner[0]);
		pthread_mutex_lock(&lock);
		byte_to(to_us[1]);
		pause_for(nanos);
		pthread_mutex_unlock(&lock);
	}
	return unused;
}

static void *answer(void *unused)
{
	for (;;) {
		byte_from(to_partner[0]);
		pause_for(nanos);
		byte_to(to_us[1]);
	}
	return unused;
}

__attribute__((noinline, noclone)) static void prepare(const char *kind)
{
	if (!strcmp(kind, "lock")) {
		byte_to(to_partner[1]);
		byte_from(to_us[0]);
	}
}

__attribute__((noinline, noclone)) static uint64_t wait_once(const char *kind)
{
	uint64_t start = now();

	if (!strcmp(kind, "sleep")) {
		pause_for(nanos);
	} else if (!strcmp(kind, "lock")) {
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
	} else if (!strcmp(kind, "pipe")) {
		byte_to(to_partner[1]);
		byte_from(to_us[0]);
	} else {
		/* A parent waits for the child of vfork() whatever signals come, but for SIGKILL. */
		pid_t child = vfork();

		if (!child) {
			struct timespec left = { 0, nanos };

			syscall(SYS_nanosleep, &left, NULL);
			_exit(0);
		}
		start = now() - start;
		waitpid(child, NULL, 0);
		return start;
	}
	return now() - start;
}

int main(int count, char **arguments)
{
	const char *kind = arguments[1];
	long waits = atol(arguments[2]), i;
	uint64_t total = 0;
	pthread_t partner;

	(void)count;
	nanos = atol(arguments[3]) * 1000;
	/* Not to be kept from a CPU while it measures, if that may be. */
	sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 });
	if (pipe(to_partner) || pipe(to_us))
		return 1;
	if (!strcmp(kind, "lock"))
		pthread_create(&partner, NULL, hold_lock, NULL);
	if (!strcmp(kind, "pipe"))
		pthread_create(&partner, NULL, answer, NULL);
	for (i = 0; i < waits; i++) {
		prepare(kind);
		total += wait_once(kind);
	}
	printf("%llu\n", (unsigned long long)total);
	return 0;
}
