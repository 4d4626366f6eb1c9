/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder DEPTH COUNT: recurses DEPTH times, and at the bottom calls small functions. A timer interrupts
 * it there at any instruction, COUNT times; each time its registers and its stack are written down, as
 * they were. Prints its executable mappings as /proc/self/maps has them, then for each time a line
 *   stack: REGISTERS START WORDS...
 * all in hexadecimal: rax rdx rcx rbx rsi rdi rbp rsp r8..r15 rip, the eight bytes of code from the one
 * before rip on, where the words begin, and they, up to main's caller and some more.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

#define FUNCTION __attribute__((noinline, noclone))
#define WORDS_MAX 8192
#define REGISTERS 17
#define RED_ZONE_BYTES 128

static uint64_t (*records)[REGISTERS + 3 + WORDS_MAX];
static volatile int taken, wanted;
static uintptr_t top;

static void note(int number, siginfo_t *info, void *context)
{
	static const int order[REGISTERS] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
					      REG_RBP, REG_RSP, REG_R8,	 REG_R9,  REG_R10, REG_R11,
					      REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };
	const greg_t *found = ((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t *record = records[taken], start, count;
	int i;

	(void)number;
	(void)info;
	if (taken == wanted)
		return;
	for (i = 0; i < REGISTERS; i++)
		record[i] = (uint64_t)found[order[i]];
	memcpy(&record[REGISTERS], (const void *)(found[REG_RIP] - 1), 8);
	start = ((uint64_t)found[REG_RSP] & ~7ULL) - RED_ZONE_BYTES;
	count = (top - start) / 8;
	if (count > WORDS_MAX)
		abort();
	record[REGISTERS + 1] = start;
	record[REGISTERS + 2] = count;
	memcpy(&record[REGISTERS + 3], (const void *)start, 8 * count);
	taken++;
}

FUNCTION long small(long value)
{
	asm volatile("" : "+r"(value));
	return value * 3 + 1;
}

/* Has all registers that a callee saves to save. */
FUNCTION long large(long value)
{
	long a = small(value), b = small(a), c = small(b), d = small(c), e = small(d), f = small(e);

	return small(a ^ f) + small(b ^ e) + small(c ^ d) + a + b + c + d + e + f;
}

FUNCTION long bottom(void)
{
	struct itimerval every = { { 0, 997 }, { 0, 997 } }, never = { { 0, 0 }, { 0, 0 } };
	long sum = 0;

	setitimer(ITIMER_PROF, &every, NULL);
	while (taken < wanted)
		sum += large(sum) + small(sum);
	setitimer(ITIMER_PROF, &never, NULL);
	return sum;
}

FUNCTION long descend(int depth)
{
	volatile long room[4] = { depth };

	return (depth > 1 ? descend(depth - 1) : bottom()) + room[0];
}

static void print(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	uint64_t i;
	int number;

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, " r-xp "))
			fputs(line, stdout);
	for (number = 0; number < taken; number++) {
		uint64_t *record = records[number];

		printf("stack:");
		for (i = 0; i < REGISTERS + 2; i++)
			printf(" %lx", record[i]);
		for (i = 0; i < record[REGISTERS + 2]; i++)
			printf(" %lx", record[REGISTERS + 3 + i]);
		putchar('\n');
	}
}

int main(int count, char **arguments)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART };

	wanted = count > 2 ? atoi(arguments[2]) : 1;
	records = calloc((size_t)wanted, sizeof(*records));
	/* Above the frame of _start lie the arguments. */
	top = (uintptr_t)arguments;
	if (!records || sigaction(SIGPROF, &action, NULL))
		return 1;
	descend(count > 1 ? atoi(arguments[1]) : 1);
	print();
	return 0;
}
