/* SPDX-License-Identifier: Apache-2.0 */
/* Calls the functions of asm.S. */
#include "chains.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

extern long asm_tiny(void);
extern void asm_push_pop(long rounds);
extern void asm_two_exits(long rounds);
extern void asm_cfa_r10(long rounds);
extern void asm_rbp_in_r11(long rounds);
extern void asm_return_in_rdx(long rounds);
extern void asm_no_cfi_leaf(long rounds);
extern void asm_cfa_rbx(void (*called)(long), long argument);
extern void asm_cfa_rbp_odd(void (*called)(long), long argument);
extern void asm_cfa_stored(void (*called)(long), long argument);
extern void asm_garbage_rbp(void (*called)(long), long argument);
extern void asm_huge_frame(void (*called)(long), long argument);
extern void asm_no_cfi(void (*called)(long), long argument);
extern void asm_no_cfi_no_frame(void (*called)(long), long argument);
extern void asm_no_cfi_garbage_rbp(void (*called)(long), long argument);
extern void asm_no_cfi_no_frame_leaf(long rounds);
extern void (*const asm_nameless)(void (*called)(long), long argument);
extern void (*const asm_nameless_leaf)(long rounds);
extern void asm_moved(void (*called)(long), long argument);
extern void asm_ends_in_call(void (*called)(long), long argument);
extern void asm_faults_at_once(char *bad);

/* Called often, for a few rounds, so that samples fall on each of its instructions. */
#define LOOPS(name, rounds, ...)                                                                  \
	FUNCTION void loops_##name(long nanos)                                                    \
	{                                                                                         \
		ENTER_LEAF("loops_" #name);                                                       \
		REPEAT(nanos, 10000, name(rounds), #name, ##__VA_ARGS__);                         \
		LEAVE();                                                                          \
	}

LOOPS(asm_push_pop, 8, "asm_push_pop;asm_tiny")
LOOPS(asm_two_exits, repeat_i)
LOOPS(asm_cfa_r10, 12)
LOOPS(asm_rbp_in_r11, 12)
LOOPS(asm_return_in_rdx, 12)
/* Long: its prologue cannot be told without unwind information. */
LOOPS(asm_no_cfi_leaf, 20000)
LOOPS(asm_no_cfi_no_frame_leaf, 12)

FUNCTION void loops_asm_nameless_leaf(long nanos)
{
	ENTER_LEAF("loops_asm_nameless_leaf");
	REPEAT(nanos, 10000, asm_nameless_leaf(12), "?");
	LEAVE();
}

FUNCTION void called_back(long nanos)
{
	ENTER("called_back");
	spin(nanos);
	LEAVE();
}

#define CALLS(name)                                                                               \
	FUNCTION void calls_##name(long nanos)                                                    \
	{                                                                                         \
		ENTER("calls_" #name);                                                            \
		ENTER(#name);                                                                     \
		name(called_back, nanos);                                                         \
		LEAVE();                                                                          \
		LEAVE();                                                                          \
	}

CALLS(asm_cfa_rbx)
CALLS(asm_cfa_rbp_odd)
CALLS(asm_cfa_stored)
CALLS(asm_garbage_rbp)
CALLS(asm_huge_frame)
CALLS(asm_no_cfi)
CALLS(asm_no_cfi_no_frame)
CALLS(asm_no_cfi_garbage_rbp)

FUNCTION void calls_asm_nameless(long nanos)
{
	ENTER("calls_asm_nameless");
	ENTER("?");
	asm_nameless(called_back, nanos);
	LEAVE();
	LEAVE();
}

/* All of them on one stack. */
static const struct {
	const char *name;
	void (*function)(void (*called)(long), long argument);
} all_callers[] = {
	{ "asm_no_cfi", asm_no_cfi },         { "asm_garbage_rbp", asm_garbage_rbp },
	{ "asm_cfa_stored", asm_cfa_stored }, { "asm_cfa_rbp_odd", asm_cfa_rbp_odd },
	{ "asm_no_cfi", asm_no_cfi },         { "asm_cfa_rbp_odd", asm_cfa_rbp_odd },
	{ "asm_no_cfi_no_frame", asm_no_cfi_no_frame },
	{ "asm_no_cfi_garbage_rbp", asm_no_cfi_garbage_rbp },
	{ "asm_huge_frame", asm_huge_frame },
};

static size_t next_caller;

FUNCTION void calls_next(long nanos)
{
	size_t next = next_caller++;

	ENTER("calls_next");
	if (next == sizeof(all_callers) / sizeof(*all_callers)) {
		called_back(nanos);
	} else {
		ENTER(all_callers[next].name);
		all_callers[next].function(calls_next, nanos);
		LEAVE();
	}
	LEAVE();
}

/* ---- code that is moved to another address, of which nothing tells ---- */

#define PAGE 4096
/*
 * Longer than between two times that a process's mappings are asked for, and than samples wait for
 * tables: a snapshot is true for what is sampled after it.
 */
#define MOMENT_NANOS 5000000000

typedef void (*caller)(void (*called)(long), long argument);

static caller moved(void)
{
	void *to = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (to == MAP_FAILED)
		chain_fail("mmap");
	to = mremap((void *)asm_moved, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (to == MAP_FAILED)
		chain_fail("mremap");
	return (caller)to;
}

/* Has stacks that nobody looks at. */
FUNCTION void works(long nanos)
{
	long start = cpu_nanos();

	while (cpu_nanos() - start < nanos)
		work(WORK_ROUNDS);
}

/* Is sampled before the code moves, then, after some time, where it is now. */
INLINE void moves(long nanos, long moment)
{
	caller now;

	ENTER("asm_moved");
	asm_moved(called_back, nanos / 2);
	now = moved();
	if (moment)
		now(works, moment);
	now(called_back, nanos / 2);
	LEAVE();
}

FUNCTION void calls_moved(long nanos)
{
	ENTER("calls_moved");
	moves(nanos, 0);
	LEAVE();
}

FUNCTION void calls_moved_before(long nanos)
{
	ENTER("calls_moved_before");
	moves(nanos, MOMENT_NANOS);
	LEAVE();
}

static jmp_buf jump_here;

FUNCTION void never_returns(long nanos)
{
	ENTER("never_returns");
	spin(nanos);
	LEAVE();
	longjmp(jump_here, 1);
}

FUNCTION void calls_asm_ends_in_call(long nanos)
{
	ENTER("calls_asm_ends_in_call");
	if (setjmp(jump_here) == 0) {
		ENTER("asm_ends_in_call");
		asm_ends_in_call(never_returns, nanos);
	}
	LEAVE();
	LEAVE();
}

static long fault_nanos;
static char *bad_page;

FUNCTION void on_fault(int number)
{
	ENTER_FOREIGN();
	ENTER("on_fault");
	spin(fault_nanos);
	LEAVE();
	LEAVE();
	if (mprotect(bad_page, 4096, PROT_READ | PROT_WRITE))
		chain_fail("mprotect");
	(void)number;
}

FUNCTION void calls_asm_faults_at_once(long nanos)
{
	fault_nanos = nanos;
	bad_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bad_page == MAP_FAILED || signal(SIGSEGV, on_fault) == SIG_ERR)
		chain_fail("cannot fault");
	ENTER("calls_asm_faults_at_once");
	ENTER("asm_faults_at_once");
	asm_faults_at_once(bad_page);
	LEAVE();
	LEAVE();
}

static const struct scenario scenarios[] = {
	{ "push-pop", loops_asm_push_pop },
	{ "two-exits", loops_asm_two_exits },
	{ "cfa-r10", loops_asm_cfa_r10 },
	{ "cfa-rbx", calls_asm_cfa_rbx },
	{ "cfa-rbp-odd", calls_asm_cfa_rbp_odd },
	{ "cfa-stored", calls_asm_cfa_stored },
	{ "garbage-rbp", calls_asm_garbage_rbp },
	{ "rbp-in-r11", loops_asm_rbp_in_r11 },
	{ "return-in-rdx", loops_asm_return_in_rdx },
	{ "huge-frame", calls_asm_huge_frame },
	{ "no-cfi", calls_asm_no_cfi },
	{ "no-cfi-leaf", loops_asm_no_cfi_leaf },
	{ "no-cfi-no-frame", calls_asm_no_cfi_no_frame },
	{ "no-cfi-garbage-rbp", calls_asm_no_cfi_garbage_rbp },
	{ "no-cfi-no-frame-leaf", loops_asm_no_cfi_no_frame_leaf },
	{ "nameless", calls_asm_nameless },
	{ "nameless-leaf", loops_asm_nameless_leaf },
	{ "mixed", calls_next },
	{ "moved", calls_moved },
	{ "moved-before", calls_moved_before },
	{ "ends-in-call", calls_asm_ends_in_call },
	{ "faults-at-once", calls_asm_faults_at_once },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return run_scenario(scenarios, argc, argv);
}
