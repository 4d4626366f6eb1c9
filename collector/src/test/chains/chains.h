/* SPDX-License-Identifier: Apache-2.0 */
/* What every program here is made of: a shadow stack, which each function of a chain enters and
 * leaves, the lines that tell the chains, and the work at their end.
 *
 * A program prints, by write(2) alone, so that it can in a signal handler too:
 *
 *     library: linked           its C library is in the program itself
 *     entry: f                  stacks may end at f, or with * in any foreign function: what is above
 *                               has neither unwind information nor a frame pointer
 *     chain: THREAD a;b;c       a true stack, outermost function first; THREAD is a thread's name
 *                               or - for any
 *     burning TID NANOS         from this time (CLOCK_MONOTONIC) on, thread TID has only such stacks
 *     done TID NANOS            until this time
 *
 * In a chain, `*` is one or more frames of other binaries, `*3` exactly three, `f@plt` the linker's
 * stub for f, `?` a function that has no name, and `^f` one above which there is nothing.
 */
#ifndef CHAINS_H
#define CHAINS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
#define EXTERN_C extern "C"
#else
#define EXTERN_C
#endif

/* A function that stays itself: neither inlined nor cloned nor called in a way of its own. */
#ifdef __clang__
#define FUNCTION __attribute__((noinline))
#else
#define FUNCTION __attribute__((noipa))
#endif
#define INLINE static inline __attribute__((always_inline))

/* In a leaf: GCC gives a leaf that does not use the stack no frame, whatever it is told, and where
 * there is no unwind information its caller is then lost to everyone.
 */
#ifdef LEAVES_WITH_FRAMES
#define LEAF_FRAME()                                                                              \
	do {                                                                                      \
		char leaf_frame[8];                                                               \
												  \
		__asm__ volatile("" : : "r"(leaf_frame) : "memory");                              \
	} while (0)
#else
#define LEAF_FRAME() ((void)0)
#endif

#define DEPTH_MAX 1024
#define LINE_MAX_BYTES 32768

/* A function of the shadow stack; a sample may end in it, or only passes through it. */
struct entered {
	const char *name;
	int leaf;
};

struct shadow {
	int depth;
	struct entered functions[DEPTH_MAX];
};

#define PASSING 0
#define LEAF 1
#define ENTER(name) chain_enter(name, PASSING)
#define ENTER_LEAF(name) chain_enter(name, LEAF)
/* Foreign code is entered: what it calls comes after frames of other binaries. */
#define ENTER_FOREIGN() chain_enter("*", PASSING)
/* Leaves the function; for the compiler it is work left to do, so no call before it is a tail call. */
#define LEAVE() chain_leave()

/* The functions of a chain's end, which a shared object takes from its host. */
EXTERN_C void chain_enter(const char *name, int leaf);
EXTERN_C void chain_leave(void);
EXTERN_C void spin(long nanos);

/* By a system call of our own where the C library, musl, has no unwind information. */
INLINE long nanos_of(clockid_t clock)
{
	struct timespec now;
#ifdef __GLIBC__
	clock_gettime(clock, &now);
#else
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SYS_clock_gettime), "D"(clock), "S"(&now)
			 : "rcx", "r11", "memory");
#endif
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

INLINE long cpu_nanos(void)
{
	return nanos_of(CLOCK_THREAD_CPUTIME_ID);
}

#ifndef CHAINS_OF_HOST

static __thread struct shadow own_shadow;
static __thread struct shadow *current_shadow;
static __thread const char *thread_name;
static __thread char line[LINE_MAX_BYTES];

INLINE struct shadow *shadow(void)
{
	if (!current_shadow)
		current_shadow = &own_shadow;
	return current_shadow;
}

EXTERN_C FUNCTION void chain_fail(const char *why)
{
	fprintf(stderr, "chains: %s\n", why);
	_exit(3);
}

FUNCTION void chain_enter(const char *name, int leaf)
{
	struct shadow *stack = shadow();

	if (stack->depth == DEPTH_MAX)
		chain_fail("the shadow stack is full");
	stack->functions[stack->depth].name = name;
	stack->functions[stack->depth++].leaf = leaf;
}

FUNCTION void chain_leave(void)
{
	if (shadow()->depth-- == 0)
		chain_fail("left more than entered");
}

/* The line is printed at once, so that lines of several threads stay whole. */
static void print_line(size_t length)
{
	line[length++] = '\n';
	if (length >= LINE_MAX_BYTES || write(1, line, length) != (ssize_t)length)
		chain_fail("cannot print");
}

/* Prints the chain of the outermost `depth` functions, and of what is called by them. */
static void print_chain(int depth, const char *also)
{
	struct shadow *stack = shadow();
	size_t length = 0;
	int i;

	length += snprintf(line, LINE_MAX_BYTES, "chain: %s ", thread_name ? thread_name : "-");
	for (i = 0; i < depth; i++)
		length += snprintf(line + length, LINE_MAX_BYTES - length, "%s%s", i ? ";" : "",
				   stack->functions[i].name);
	length += snprintf(line + length, LINE_MAX_BYTES - length, "%s%s", also ? ";" : "",
			   also ? also : "");
	print_line(length);
}

/* Tells that stacks may also end in functions called from here. */
EXTERN_C FUNCTION void chain_also(const char *names)
{
	print_chain(shadow()->depth, names);
}

INLINE long monotonic_nanos(void)
{
	return nanos_of(CLOCK_MONOTONIC);
}

/* Tells the true chains at this moment; the caller is on top of the shadow stack. */
EXTERN_C FUNCTION void chain_begin(void)
{
	struct shadow *stack = shadow();
	int i;

	for (i = 0; i < stack->depth; i++)
		if (stack->functions[i].leaf)
			print_chain(i + 1, NULL);
	/* From when this has returned for certain, unless the machine is busy with others. */
	print_line(snprintf(line, LINE_MAX_BYTES, "burning %ld %ld", syscall(SYS_gettid),
			    monotonic_nanos() + 1000000));
}

EXTERN_C FUNCTION void chain_end(long nanos)
{
	print_line(snprintf(line, LINE_MAX_BYTES, "done %ld %ld", syscall(SYS_gettid), nanos));
}

static volatile long sink;

/* The leaf: computes for some ten microseconds. */
EXTERN_C FUNCTION void work(long rounds)
{
	long value = rounds;

	LEAF_FRAME();
	while (rounds-- > 0) {
		value = value * 6364136223846793005L + 1442695040888963407L;
		__asm__ volatile("" : "+r"(value));
	}
	sink = value;
}

#define WORK_ROUNDS 20000

/* The usual end of a chain: works for a time. */
FUNCTION void spin(long nanos)
{
	long start = cpu_nanos();

	ENTER_LEAF("spin");
	chain_also("work");
	chain_also("*");
	chain_begin();
	while (cpu_nanos() - start < nanos)
		work(WORK_ROUNDS);
	chain_end(monotonic_nanos());
	LEAVE();
}

/* Repeats a statement for a time in a function that is on top of the shadow stack and calls the
 * clock; `names` are a list of chains called from it.
 */
#define REPEAT(nanos, times, statement, ...)                                                      \
	do {                                                                                      \
		static const char *const repeated[] = { "*", __VA_ARGS__ };                       \
		long repeat_start = cpu_nanos();                                                  \
		unsigned int repeat_i;                                                            \
												  \
		for (repeat_i = 0; repeat_i < sizeof(repeated) / sizeof(*repeated); repeat_i++)   \
			chain_also(repeated[repeat_i]);                                           \
		chain_begin();                                                                    \
		while (cpu_nanos() - repeat_start < (nanos))                                      \
			for (repeat_i = 0; repeat_i < (times); repeat_i++)                        \
				statement;                                                        \
		chain_end(monotonic_nanos());                                                     \
	} while (0)

struct scenario {
	const char *name;
	void (*run)(long nanos);
};

/* Runs the scenario that was asked for. */
INLINE int run_scenario(const struct scenario *scenarios, int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "nothing") == 0)
		return 0;
	if (argc == 2 && strcmp(argv[1], "scenarios") == 0) {
		for (; scenarios->name; scenarios++)
			puts(scenarios->name);
		return 0;
	}
	if (argc != 3) {
		fprintf(stderr, "usage: %s SCENARIO MILLIS\n", argv[0]);
		return 2;
	}
#ifdef LIBRARY_LINKED
	print_line(snprintf(line, LINE_MAX_BYTES, "library: linked"));
#endif
#ifndef __GLIBC__
	print_line(snprintf(line, LINE_MAX_BYTES, "entry: *"));
#endif
	for (; scenarios->name; scenarios++)
		if (strcmp(scenarios->name, argv[1]) == 0) {
			ENTER("main");
			scenarios->run(atol(argv[2]) * 1000000);
			LEAVE();
			return shadow()->depth == 0 ? 0 : 3;
		}
	fprintf(stderr, "%s: no such scenario\n", argv[1]);
	return 2;
}

#endif /* CHAINS_OF_HOST */
#endif
