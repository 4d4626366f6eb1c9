/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pingpong SECONDS: on each CPU two threads wake each other as fast as they can, each waiting for the
 * other meanwhile. Prints how many waits there were a second, on all CPUs together.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/eventfd.h>

#define CPUS_MAX 1024

struct player {
	int in, out, cpu;
	volatile uint64_t waits;
};

static void *play(void *argument)
{
	struct player *player = argument;
	uint64_t ball = 1;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(player->cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	for (;;) {
		if (write(player->out, &ball, sizeof(ball)) != sizeof(ball) ||
		    read(player->in, &ball, sizeof(ball)) != sizeof(ball))
			exit(1);
		player->waits++;
	}
	return NULL;
}

int main(int count, char **arguments)
{
	static struct player players[CPUS_MAX][2];
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), cpu, side;
	unsigned seconds = count > 1 ? (unsigned)atoi(arguments[1]) : 1;
	uint64_t waits = 0;
	pthread_t thread;

	for (cpu = 0; cpu < cpus && cpu < CPUS_MAX; cpu++) {
		int here = eventfd(0, 0), there = eventfd(0, 0);

		players[cpu][0] = (struct player){ here, there, cpu, 0 };
		players[cpu][1] = (struct player){ there, here, cpu, 0 };
		for (side = 0; side < 2; side++)
			pthread_create(&thread, NULL, play, &players[cpu][side]);
	}
	sleep(seconds);
	for (cpu = 0; cpu < cpus && cpu < CPUS_MAX; cpu++)
		waits += players[cpu][0].waits + players[cpu][1].waits;
	printf("%.0f\n", (double)waits / seconds);
	return 0;
}
