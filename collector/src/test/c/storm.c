/* SPDX-License-Identifier: Apache-2.0 */
/* Starts PROGRAM with its arguments RATE times a second for MILLIS: storm RATE MILLIS PROGRAM... */
#include "burn.h"

#include <signal.h>
#include <unistd.h>

static long now_nanos(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

int main(int argc, char **argv)
{
	long start = now_nanos();
	long step, end;

	if (argc < 4)
		return 2;
	step = 1000000000L / atol(argv[1]);
	end = start + millis(argv[2]);
	signal(SIGCHLD, SIG_IGN);
	for (long next = start; next < end; next += step) {
		long wait = next - now_nanos();

		if (wait > 0) {
			struct timespec pause = {wait / 1000000000L, wait % 1000000000L};

			nanosleep(&pause, NULL);
		}
		if (fork() == 0) {
			execv(argv[3], argv + 3);
			_exit(1);
		}
	}
	return 0;
}
