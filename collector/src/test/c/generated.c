/* SPDX-License-Identifier: Apache-2.0 */
/* Puts two functions into memory without a file, as a just-in-time compiler does, burns MILLIS of
 * CPU time in them, three quarters of it in the first, and tells their names, NAME_much and
 * NAME_little, in a perf map file.
 *
 * generated MILLIS NAME MODES, a letter each:
 *   u  as another user
 *   n  no file of names; a test writes it
 *   l  the file is written after half of the time
 *   d  the file is deleted once it was there for a second of CPU time; what is still told then is
 *      NAME_little
 *   z  in memory that is shared with children
 *   m  in a file in memory that is mapped as .NET does it
 * Prints at the start where the functions are: START SIZE START SIZE, in hex; and at the end the
 * nanoseconds in each.
 */
#define _GNU_SOURCE
#include "burn.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define USER 54321
#define BYTES 128
#define UNIT 4000000L

/* Calls nothing and knows no address, so that it runs wherever it is. */
__attribute__((noinline, aligned(64))) long spin(long count)
{
	volatile long i;

	for (i = 0; i < count; i++)
		;
	return i;
}

static char *memory(const char *modes)
{
	int shared = strchr(modes, 'z') != NULL, file = -1;

	if (strchr(modes, 'm')) {
		file = memfd_create("doublemapper", 0);
		if (file < 0 || ftruncate(file, 4096))
			return NULL;
		shared = 1;
	}
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    (shared ? MAP_SHARED : MAP_PRIVATE) | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);
}

static void burn(long (*code)(long), long nanos, long *sum)
{
	long start = cpu_nanos();

	while (cpu_nanos() - start < nanos)
		code(200000);
	*sum += cpu_nanos() - start;
}

int main(int argc, char **argv)
{
	long whole, sums[2] = { 0, 0 };
	const char *modes = argc > 3 ? argv[3] : "";
	int is_told[2] = { 0, 0 };
	FILE *map = NULL;
	char path[64];
	char *code;

	if (argc < 3)
		return 2;
	whole = millis(argv[1]);
	if (strchr(modes, 'u') && (setgid(USER) || setuid(USER)))
		return 3;
	code = memory(modes);
	if (!code || code == MAP_FAILED)
		return 4;
	memcpy(code, (const char *)spin, BYTES);
	memcpy(code + 1024, (const char *)spin, BYTES);
	printf("%lx %x %lx %x\n", (long)code, BYTES, (long)code + 1024, BYTES);
	fflush(stdout);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	while (sums[0] + sums[1] < whole) {
		long burnt = sums[0] + sums[1];
		int is_time = burnt >= (strchr(modes, 'l') ? whole / 2 : 0);
		int is_deleting = strchr(modes, 'd') != NULL;

		if (!strchr(modes, 'n') && is_time && !is_told[0]) {
			map = fopen(path, "w");
			if (!map)
				return 5;
			fprintf(map, "%lx %x %s_much\n", (long)code, BYTES, argv[2]);
			fflush(map);
			is_told[0] = 1;
		}
		if (is_told[0] && !is_told[1] && (!is_deleting || burnt >= 1500 * 1000000L)) {
			if (is_deleting)
				unlink(path);
			fprintf(map, "%lx %x %s_little\n", (long)code + 1024, BYTES, argv[2]);
			fflush(map);
			is_told[1] = 1;
		}
		burn((long (*)(long))(void *)code, 3 * UNIT, &sums[0]);
		burn((long (*)(long))(void *)(code + 1024), UNIT, &sums[1]);
	}
	printf("%ld %ld\n", sums[0], sums[1]);
	return 0;
}
