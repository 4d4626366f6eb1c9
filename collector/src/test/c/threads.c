/* SPDX-License-Identifier: Apache-2.0 */
/* Burns MILLIS of CPU time in each of two threads with a name, after its first thread has ended. */
#define _GNU_SOURCE
#include "burn.h"

#include <pthread.h>

static long nanos;

BURNER(thread_work)

static void *alpha(void *unused)
{
	pthread_setname_np(pthread_self(), "alpha-worker");
	thread_work(nanos);
	return unused;
}

static void *beta(void *unused)
{
	pthread_setname_np(pthread_self(), "beta-worker");
	thread_work(nanos);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t one, two;

	nanos = millis(argv[argc - 1]);
	pthread_create(&one, NULL, alpha, NULL);
	pthread_create(&two, NULL, beta, NULL);
	pthread_exit(NULL);
}
