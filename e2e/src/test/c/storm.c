// Starts short-lived processes at a steady rate.
//
//   storm RATE SECONDS MICROS
//
// RATE times a second for SECONDS, forks a child that executes this program again under the name
// "shortlife", which burns MICROS microseconds of CPU time and ends.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t nanos(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static __attribute__((noinline, noclone)) void burn_briefly(int64_t until)
{
	volatile uint64_t sink = 0;

	__asm__ volatile("" : : "r"(__builtin_frame_address(0)));
	while (nanos(CLOCK_PROCESS_CPUTIME_ID) < until)
		for (int i = 0; i < 20000; i++)
			sink = sink * 6364136223846793005ULL + i;
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		burn_briefly(atoll(argv[1]) * 1000);
		return 0;
	}
	if (argc != 4)
		return 2;

	// The name that execve gives a process is that of the file.
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length <= 0)
		return 1;
	path[length] = 0;
	strcpy(strrchr(path, '/') + 1, "shortlife");

	int64_t rate = atoll(argv[1]), end = atoll(argv[2]) * rate;
	int64_t start = nanos(CLOCK_MONOTONIC), started = 0;

	signal(SIGCHLD, SIG_IGN);
	for (int64_t i = 0; i < end; i++) {
		int64_t wait = start + i * 1000000000LL / rate - nanos(CLOCK_MONOTONIC);

		if (wait > 0) {
			struct timespec pause = {wait / 1000000000LL, wait % 1000000000LL};

			nanosleep(&pause, NULL);
		}
		pid_t child = fork();

		if (child == 0) {
			execl(path, "shortlife", argv[3], (char *)NULL);
			_exit(127);
		}
		started += child > 0;
	}
	printf("started %lld\n", (long long)started);
	return 0;
}
