/* SPDX-License-Identifier: Apache-2.0 */
/* A crowd of COUNT processes: each burns MICROS of CPU time and stays until all have. Prints for how
 * many nanoseconds they burnt together.
 */
#include "burn.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

BURNER(crowd_work)

struct told {
	long nanos;
	long done;
};

int main(int argc, char **argv)
{
	long count, i;
	struct told *told;
	int end[2];
	char byte;

	if (argc != 3)
		return 2;
	count = atol(argv[1]);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED || pipe(end))
		return 1;
	for (i = 0; i < count; i++) {
		pid_t child = fork();

		if (child < 0) {
			perror("fork");
			return 1;
		}
		if (!child) {
			close(end[1]);
			__atomic_add_fetch(&told->nanos, crowd_work(atol(argv[2]) * 1000),
					   __ATOMIC_RELAXED);
			__atomic_add_fetch(&told->done, 1, __ATOMIC_RELEASE);
			/* Until the first one ends. */
			_exit(read(end[0], &byte, 1) != 0);
		}
	}
	while (__atomic_load_n(&told->done, __ATOMIC_ACQUIRE) < count)
		usleep(10000);
	printf("%ld\n", told->nanos);
	return 0;
}
