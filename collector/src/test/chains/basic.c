/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks that plain C makes. It is built in many ways: see ChainPrograms. */
#include "chains.h"

#include <alloca.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#ifdef __GLIBC__
#include <ucontext.h>
#endif

/* Keeps what a pointer points to in memory. */
#define ESCAPE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

/* ---- recursion through frames of different sizes ---- */

void recurse_small(int depth, long nanos);
void recurse_medium(int depth, long nanos);
void recurse_large(int depth, long nanos);
void recurse_registers(int depth, long nanos);

#define LARGE_EVERY 60

INLINE void recurse(int depth, long nanos)
{
	if (depth == 0)
		spin(nanos);
	else if (depth % LARGE_EVERY == 0)
		recurse_large(depth - 1, nanos);
	else if (depth % 3 == 0)
		recurse_medium(depth - 1, nanos);
	else if (depth % 3 == 1)
		recurse_registers(depth - 1, nanos);
	else
		recurse_small(depth - 1, nanos);
}

FUNCTION void recurse_small(int depth, long nanos)
{
	ENTER("recurse_small");
	recurse(depth, nanos);
	LEAVE();
}

FUNCTION void recurse_medium(int depth, long nanos)
{
	char some[72];

	ESCAPE(some);
	ENTER("recurse_medium");
	recurse(depth, nanos);
	LEAVE();
	ESCAPE(some);
}

/* More than a page, and more than a signed 12 bits of offset. */
FUNCTION void recurse_large(int depth, long nanos)
{
	char much[5000];

	memset(much, depth, sizeof(much));
	ESCAPE(much);
	ENTER("recurse_large");
	recurse(depth, nanos);
	LEAVE();
	ESCAPE(much);
}

/* Saves every register that a callee has to save. */
FUNCTION void recurse_registers(int depth, long nanos)
{
	long a = depth, b = nanos + 1, c = nanos + 2, d = nanos + 3, e = nanos + 4;

	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
	ENTER("recurse_registers");
	recurse(depth, nanos);
	LEAVE();
	__asm__ volatile("" : : "r"(a), "r"(b), "r"(c), "r"(d), "r"(e));
}

FUNCTION void recursion_300(long nanos)
{
	ENTER("recursion_300");
	/* main, this, spin and work are in the 300, too. */
	recurse(296, nanos);
	LEAVE();
}

FUNCTION void recursion_900(long nanos)
{
	ENTER("recursion_900");
	recurse(896, nanos);
	LEAVE();
}

/* ---- small functions that are called all the time: samples fall on each of their instructions ---- */

FUNCTION long tiny(long value)
{
	LEAF_FRAME();
	return value + 1;
}

FUNCTION long hot_call(long value)
{
	return tiny(value) + value;
}

FUNCTION long hot_registers(long value)
{
	long a = value, b = value + 1, c = value + 2, d = value + 3;

	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
	return tiny(value) + tiny(a) + a * b * c * d;
}

FUNCTION long hot_large(long value)
{
	char much[6000];

	ESCAPE(much);
	return tiny(value) + much[value & 1023];
}

/* So large that its pages are touched in a loop, where another register finds the frame, or that
 * they are not touched at all, so that there is no memory between its frame and its caller's.
 */
FUNCTION long hot_huge(long value)
{
	char much[65000];

	ESCAPE(much);
	return tiny(value) + much[value & 1023];
}

FUNCTION long hot_alloca(long value)
{
	char *some = (char *)alloca(16 + (value & 63));

	ESCAPE(some);
	return tiny(value) + some[0];
}

FUNCTION long hot_realigned(long value)
{
	char some[64] __attribute__((aligned(64)));

	ESCAPE(some);
	return tiny(value) + some[1];
}

/* Realigned and of unknown size: the address of the arguments needs a register and a slot. */
FUNCTION long hot_drap(long value)
{
	char some[64] __attribute__((aligned(64)));
	char *more = (char *)alloca(16 + (value & 63));

	ESCAPE(some);
	ESCAPE(more);
	return tiny(value) + some[1] + more[0];
}

/* Returns at once in one case, before it has a frame, and in two places in others. */
FUNCTION long hot_shrink_wrapped(long value)
{
	long a = value;

	if ((value & 3) == 0)
		return value;
	__asm__ volatile("" : "+r"(a) : : "rbx", "r12");
	if ((value & 3) == 1)
		return tiny(a) + value;
	return tiny(a) * tiny(value) + a;
}

#define HOT(name)                                                                                 \
	FUNCTION void calls_##name(long nanos)                                                    \
	{                                                                                         \
		long value = nanos;                                                               \
												  \
		ENTER_LEAF("calls_" #name);                                                       \
		REPEAT(nanos, 50000, value += name(value), #name, #name ";tiny");                 \
		LEAVE();                                                                          \
		sink = value;                                                                     \
	}

HOT(hot_call)
HOT(hot_registers)
HOT(hot_large)
HOT(hot_huge)
HOT(hot_alloca)
HOT(hot_realigned)
HOT(hot_drap)
HOT(hot_shrink_wrapped)

FUNCTION void calls_tiny(long nanos)
{
	long value = nanos;

	ENTER_LEAF("calls_tiny");
	REPEAT(nanos, 50000, value = tiny(value), "tiny");
	LEAVE();
	sink = value;
}

/* ---- tail calls: the caller is gone ---- */

#ifdef __clang__
#define TAIL_CALLING FUNCTION
#define TAIL __attribute__((musttail)) return
#else
#define TAIL_CALLING __attribute__((noipa, optimize("O2", "optimize-sibling-calls")))
#define TAIL return
#endif

#define TAIL_ROUNDS 500

TAIL_CALLING long tail_third(long value)
{
	int i;

	LEAF_FRAME();
	for (i = 0; i < TAIL_ROUNDS; i++)
		__asm__ volatile("" : "+r"(value));
	return value;
}

TAIL_CALLING long tail_second(long value)
{
	int i;

	LEAF_FRAME();
	for (i = 0; i < TAIL_ROUNDS; i++)
		__asm__ volatile("" : "+r"(value));
	TAIL tail_third(value + 2);
}

TAIL_CALLING long tail_first(long value)
{
	int i;

	LEAF_FRAME();
	for (i = 0; i < TAIL_ROUNDS; i++)
		__asm__ volatile("" : "+r"(value));
	TAIL tail_second(value + 1);
}

FUNCTION void tail_calls(long nanos)
{
	long value = nanos;

	ENTER_LEAF("tail_calls");
	REPEAT(nanos, 100, value = tail_first(value), "tail_first", "tail_second", "tail_third");
	LEAVE();
	sink = value;
}

/* ---- frames whose size is known at run time only, deep ---- */

FUNCTION void in_alloca(long nanos)
{
	char *some = (char *)alloca(100 + (nanos & 1023));

	ESCAPE(some);
	ENTER("in_alloca");
	spin(nanos);
	LEAVE();
	ESCAPE(some);
}

FUNCTION void in_realigned(long nanos)
{
	char some[256] __attribute__((aligned(128)));

	ESCAPE(some);
	ENTER("in_realigned");
	in_alloca(nanos);
	LEAVE();
	ESCAPE(some);
}

FUNCTION void in_drap(long nanos)
{
	char some[256] __attribute__((aligned(256)));
	char more[100 + (nanos & 1023)];

	ESCAPE(some);
	ESCAPE(more);
	ENTER("in_drap");
	in_realigned(nanos);
	LEAVE();
	ESCAPE(some);
	ESCAPE(more);
}

FUNCTION void odd_frames(long nanos)
{
	ENTER("odd_frames");
	in_drap(nanos);
	LEAVE();
}

/* ---- callbacks through the C library, if its functions have unwind information or symbols ---- */

#if defined(__GLIBC__) || defined(LIBRARY_LINKED)
static long sort_deadline;

/* Each comparison works; the C library's own code has its samples as well. */
FUNCTION int compare(const void *left, const void *right)
{
	work(2000);
	return *(const int *)left - *(const int *)right;
}

FUNCTION void sorts(long nanos)
{
	int numbers[64];
	long start = cpu_nanos();
	int i;

	ENTER_LEAF("sorts");
	chain_also("*");
	chain_also("*;compare");
	chain_also("*;compare;work");
	chain_begin();
	while (cpu_nanos() - start < nanos) {
		for (i = 0; i < 64; i++)
			numbers[i] = (i * 7919) % 263;
		qsort(numbers, 64, sizeof(*numbers), compare);
	}
	chain_end(monotonic_nanos());
	LEAVE();
}

FUNCTION int compare_once(const void *left, const void *right)
{
	ENTER("compare_once");
	spin(sort_deadline);
	LEAVE();
	return *(const int *)left - *(const int *)right;
}

FUNCTION void sorts_two(long nanos)
{
	int numbers[2] = { 2, 1 };

	sort_deadline = nanos;
	ENTER("sorts_two");
	ENTER_FOREIGN();
	qsort(numbers, 2, sizeof(*numbers), compare_once);
	LEAVE();
	LEAVE();
}

FUNCTION void searches(long nanos)
{
	/* By a pointer: the header has an inline one. */
	void *(*volatile search)(const void *, const void *, size_t, size_t,
				 int (*)(const void *, const void *)) = bsearch;
	int numbers[1] = { 1 };
	int key = 1;

	sort_deadline = nanos;
	ENTER("searches");
	ENTER_FOREIGN();
	sink = (long)search(&key, numbers, 1, sizeof(*numbers), compare_once);
	LEAVE();
	LEAVE();
}

/* ---- the vdso, and system calls ---- */

FUNCTION void asks_the_time(long nanos)
{
	struct timespec now;

	ENTER_LEAF("asks_the_time");
	REPEAT(nanos, 1000, clock_gettime(CLOCK_MONOTONIC, &now), "*");
	LEAVE();
}

FUNCTION void calls_system(long nanos)
{
	ENTER_LEAF("calls_system");
	REPEAT(nanos, 1000, sink = getppid(), "*");
	LEAVE();
}

FUNCTION void reads_zeroes(long nanos)
{
	static char zeroes[65536];
	int file = open("/dev/zero", O_RDONLY);

	ENTER_LEAF("reads_zeroes");
	REPEAT(nanos, 10, sink = read(file, zeroes, sizeof(zeroes)), "*");
	LEAVE();
	close(file);
}

/* The C library's own assembly. */
FUNCTION void copies(long nanos)
{
	static char from[16384], to[16384];

	ENTER_LEAF("copies");
	REPEAT(nanos, 100, memcpy(to, from, 256 + (repeat_i * 163 & 8191)); ESCAPE(to), "*", "memcpy@plt");
	LEAVE();
}

#endif

/* ---- threads ---- */

static long thread_nanos;

FUNCTION void *alpha(void *unused)
{
	pthread_setname_np(pthread_self(), "alpha");
	thread_name = "alpha";
	ENTER("alpha");
	recurse(20, thread_nanos);
	LEAVE();
	return unused;
}

FUNCTION void *beta(void *unused)
{
	pthread_setname_np(pthread_self(), "beta");
	thread_name = "beta";
	ENTER("beta");
	in_drap(thread_nanos);
	LEAVE();
	return unused;
}

FUNCTION void threads(long nanos)
{
	pthread_t one, two;

	thread_nanos = nanos / 2;
	if (pthread_create(&one, NULL, alpha, NULL))
		chain_fail("no thread");
	if (pthread_create(&two, NULL, beta, NULL))
		chain_fail("no thread");
	pthread_join(one, NULL);
	pthread_join(two, NULL);
}

/* ---- signals ---- */

static long signal_nanos;

static void on(int number, void (*handler)(int), int flags)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = flags;
	if (sigaction(number, &action, NULL))
		chain_fail("sigaction");
}

/* Sends a signal to this thread. */
INLINE void send(int number)
{
#ifdef __GLIBC__
	raise(number);
#else
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SYS_tgkill), "D"((long)getpid()), "S"(syscall(SYS_gettid)), "d"((long)number)
			 : "rcx", "r11", "memory");
#endif
}

static void alternate_stack(void)
{
	stack_t stack;

	memset(&stack, 0, sizeof(stack));
	stack.ss_size = 256 * 1024;
	stack.ss_sp = malloc(stack.ss_size);
	if (!stack.ss_sp || sigaltstack(&stack, NULL))
		chain_fail("sigaltstack");
}

FUNCTION void on_signal(int number)
{
	ENTER("on_signal");
	recurse(5, signal_nanos);
	LEAVE();
	(void)number;
}

FUNCTION void raises(long nanos)
{
	signal_nanos = nanos;
	ENTER("raises");
	ENTER_FOREIGN();
	send(SIGUSR1);
	LEAVE();
	LEAVE();
}

FUNCTION void signal_same_stack(long nanos)
{
	ENTER("signal_same_stack");
	on(SIGUSR1, on_signal, 0);
	raises(nanos);
	LEAVE();
}

FUNCTION void signal_other_stack(long nanos)
{
	ENTER("signal_other_stack");
	alternate_stack();
	on(SIGUSR1, on_signal, SA_ONSTACK);
	raises(nanos);
	LEAVE();
}

FUNCTION void on_outer_signal(int number)
{
	ENTER("on_outer_signal");
	ENTER_FOREIGN();
	send(SIGUSR1);
	LEAVE();
	LEAVE();
	(void)number;
}

FUNCTION void raises_outer(long nanos)
{
	signal_nanos = nanos;
	ENTER("raises_outer");
	ENTER_FOREIGN();
	send(SIGUSR2);
	LEAVE();
	LEAVE();
}

/* The outer handler on the alternate stack, the inner one where the outer one is. */
FUNCTION void signals_nested(long nanos)
{
	ENTER("signals_nested");
	alternate_stack();
	on(SIGUSR1, on_signal, 0);
	on(SIGUSR2, on_outer_signal, SA_ONSTACK);
	raises_outer(nanos);
	LEAVE();
}

static volatile sig_atomic_t timer_ended;

/* A timer interrupts at any instruction, also of prologues, and the handler works. */
FUNCTION void on_timer(int number)
{
	int i;

	for (i = 0; i < 100; i++)
		work(WORK_ROUNDS);
	timer_ended = 1;
	(void)number;
}

/* In a function of its own: no handler may run before the chains are told. */
FUNCTION void interrupted(long nanos)
{
	/* Each begins when the last was handled: a slow machine would do nothing else. */
	struct itimerval once = { { 0, 0 }, { 0, 7001 } };
	struct itimerval never = { { 0, 0 }, { 0, 0 } };
	long value = nanos, start = cpu_nanos();
	int i;

	ENTER_LEAF("interrupted");
	chain_also("*");
	chain_also("hot_registers");
	chain_also("hot_registers;tiny");
	chain_also("*;on_timer");
	chain_also("hot_registers;*;on_timer");
	chain_also("hot_registers;tiny;*;on_timer");
	chain_also("*;on_timer;work");
	chain_also("hot_registers;*;on_timer;work");
	chain_also("hot_registers;tiny;*;on_timer;work");
	chain_also("hot_registers;*");
	chain_also("hot_registers;tiny;*");
	chain_begin();
	setitimer(ITIMER_REAL, &once, NULL);
	while (cpu_nanos() - start < nanos) {
		for (i = 0; i < 1000; i++)
			value += hot_registers(value);
		if (timer_ended) {
			timer_ended = 0;
			setitimer(ITIMER_REAL, &once, NULL);
		}
	}
	chain_end(monotonic_nanos());
	setitimer(ITIMER_REAL, &never, NULL);
	LEAVE();
	sink = value;
}

FUNCTION void timer_same_stack(long nanos)
{
	ENTER("timer_same_stack");
	on(SIGALRM, on_timer, SA_RESTART);
	interrupted(nanos);
	LEAVE();
}

FUNCTION void timer_other_stack(long nanos)
{
	ENTER("timer_other_stack");
	alternate_stack();
	on(SIGALRM, on_timer, SA_RESTART | SA_ONSTACK);
	interrupted(nanos);
	LEAVE();
}

/* ---- jumps over frames ---- */

static jmp_buf jump_here;

FUNCTION void jumps_from(int depth)
{
	char some[40];

	ESCAPE(some);
	if (depth == 0)
		longjmp(jump_here, 1);
	if (depth > 0)
		jumps_from(depth - 1);
	ESCAPE(some);
}

FUNCTION void jumps(long nanos)
{
	static long spent;

	ENTER("jumps");
	spent = nanos;
	if (setjmp(jump_here) == 0)
		jumps_from(50);
	spin(spent);
	LEAVE();
}

/* ---- children ---- */

static void wait_for(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status != 0)
		chain_fail("the child failed");
}

FUNCTION void child_burns(long nanos)
{
	ENTER("child_burns");
	spin(nanos);
	LEAVE();
}

FUNCTION void forks(long nanos)
{
	pid_t child;

	ENTER("forks");
	child = fork();
	if (child < 0)
		chain_fail("fork");
	if (child == 0) {
		child_burns(nanos / 2);
		_exit(0);
	}
	spin(nanos / 2);
	wait_for(child);
	LEAVE();
}

/* The child borrows its parent's memory and stack until it becomes another program. */
FUNCTION void borrows(long nanos)
{
	static long half;
	pid_t child;

	ENTER("borrows");
	half = nanos / 2;
	child = vfork();
	if (child < 0)
		chain_fail("vfork");
	if (child == 0) {
		child_burns(half);
		execl("/proc/self/exe", "chains", "nothing", (char *)NULL);
		_exit(1);
	}
	spin(half);
	wait_for(child);
	LEAVE();
}

/* ---- after main ---- */

static long exit_nanos;

FUNCTION void at_exit(void)
{
	ENTER("at_exit");
	spin(exit_nanos);
	LEAVE();
}

static void works_at_exit(long nanos)
{
	exit_nanos = nanos;
	if (atexit(at_exit))
		chain_fail("atexit");
}

/* ---- code that is made at run time, in memory without a file, with frame pointers ---- */

typedef void (*generated_code)(void (*called)(long), long argument);

/* push %rbp; mov %rsp,%rbp; push %rbx; push %rbx; mov %rdi,%rax; mov %rsi,%rdi; call *%rax;
 * pop %rbx; pop %rbx; pop %rbp; ret
 */
static const unsigned char calling_code[] = { 0x55, 0x48, 0x89, 0xe5, 0x53, 0x53, 0x48, 0x89,
					      0xf8, 0x48, 0x89, 0xf7, 0xff, 0xd0, 0x5b, 0x5b,
					      0x5d, 0xc3 };

/* push %rbp; mov %rsp,%rbp; sub $64,%rsp; 1: dec %rsi; jnz 1b; leave; ret */
static const unsigned char looping_code[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x40, 0x48,
					      0xff, 0xce, 0x75, 0xfb, 0xc9, 0xc3 };

static generated_code generate(const unsigned char *code, size_t bytes)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		chain_fail("mmap");
	memcpy(memory, code, bytes);
	if (mprotect(memory, 4096, PROT_READ | PROT_EXEC))
		chain_fail("mprotect");
	return (generated_code)memory;
}

static generated_code generated_call;

FUNCTION void called_back(long nanos)
{
	ENTER("called_back");
	recurse(10, nanos);
	LEAVE();
}

FUNCTION void calls_generated_again(long nanos)
{
	ENTER("calls_generated_again");
	chain_enter("*1", PASSING);
	generated_call(called_back, nanos);
	LEAVE();
	LEAVE();
}

FUNCTION void calls_generated(long nanos)
{
	generated_call = generate(calling_code, sizeof(calling_code));
	ENTER("calls_generated");
	chain_enter("*1", PASSING);
	generated_call(calls_generated_again, nanos);
	LEAVE();
	LEAVE();
}

FUNCTION void loops_generated(long nanos)
{
	generated_code loop = generate(looping_code, sizeof(looping_code));

	ENTER_LEAF("loops_generated");
	REPEAT(nanos, 1, loop(NULL, 200000), "*1");
	LEAVE();
}

/* ---- coroutines ---- */

#ifdef __GLIBC__
#define TURNS 10

static ucontext_t main_context, coroutine_contexts[2];
static struct shadow coroutine_shadows[2];
static long turn_nanos;

FUNCTION void coroutine_turns(int self)
{
	int i;

	for (i = 0; i < TURNS; i++) {
		current_shadow = &coroutine_shadows[self];
		ENTER("coroutine_turns");
		if (self)
			in_realigned(turn_nanos);
		else
			recurse(30, turn_nanos);
		LEAVE();
		swapcontext(&coroutine_contexts[self],
			    self ? &main_context : &coroutine_contexts[1]);
	}
}

FUNCTION void coroutine(int self)
{
	current_shadow = &coroutine_shadows[self];
	ENTER("coroutine");
	coroutine_turns(self);
	LEAVE();
}

FUNCTION void coroutines(long nanos)
{
	volatile int i;

	turn_nanos = nanos / TURNS / 3;
	for (i = 0; i < 2; i++) {
		ucontext_t *made = &coroutine_contexts[i];

		if (getcontext(made))
			chain_fail("getcontext");
		made->uc_stack.ss_size = 256 * 1024;
		made->uc_stack.ss_sp = malloc(made->uc_stack.ss_size);
		made->uc_link = &main_context;
		makecontext(made, (void (*)(void))coroutine, 1, i);
	}
	ENTER("coroutines");
	for (i = 0; i < TURNS; i++) {
		swapcontext(&main_context, &coroutine_contexts[0]);
		current_shadow = &own_shadow;
		spin(turn_nanos);
	}
	LEAVE();
}

/* Switches all the time: samples fall into the switch itself. */
FUNCTION void switcher(void)
{
	for (;;)
		swapcontext(&coroutine_contexts[0], &main_context);
}

FUNCTION void switches(long nanos)
{
	ucontext_t *made = &coroutine_contexts[0];

	if (getcontext(made))
		chain_fail("getcontext");
	made->uc_stack.ss_size = 256 * 1024;
	made->uc_stack.ss_sp = malloc(made->uc_stack.ss_size);
	makecontext(made, (void (*)(void))switcher, 0);
	current_shadow = &coroutine_shadows[0];
	ENTER("switcher");
	chain_also("*");
	chain_also(NULL);
	current_shadow = &own_shadow;
	ENTER_LEAF("switches");
	REPEAT(nanos, 100, swapcontext(&main_context, made), "*");
	LEAVE();
}
#endif

static const struct scenario scenarios[] = {
	{ "recursion-300", recursion_300 },
	{ "recursion-900", recursion_900 },
	{ "hot-tiny", calls_tiny },
	{ "hot-call", calls_hot_call },
	{ "hot-registers", calls_hot_registers },
	{ "hot-large", calls_hot_large },
	{ "hot-huge", calls_hot_huge },
	{ "hot-alloca", calls_hot_alloca },
	{ "hot-realigned", calls_hot_realigned },
	{ "hot-drap", calls_hot_drap },
	{ "hot-shrink-wrapped", calls_hot_shrink_wrapped },
	{ "tail-calls", tail_calls },
	{ "odd-frames", odd_frames },
#if defined(__GLIBC__) || defined(LIBRARY_LINKED)
	{ "sort-often", sorts },
	{ "sort-once", sorts_two },
	{ "search", searches },
	{ "vdso", asks_the_time },
	{ "system-call", calls_system },
	{ "read", reads_zeroes },
	{ "copy", copies },
#endif
	{ "threads", threads },
	{ "signal", signal_same_stack },
	{ "signal-other-stack", signal_other_stack },
	{ "signals-nested", signals_nested },
	{ "timer", timer_same_stack },
	{ "timer-other-stack", timer_other_stack },
	{ "long-jump", jumps },
	{ "fork", forks },
	{ "vfork", borrows },
	{ "at-exit", works_at_exit },
	{ "generated-calls", calls_generated },
	{ "generated-leaf", loops_generated },
#ifdef __GLIBC__
	{ "coroutines", coroutines },
	{ "context-switches", switches },
#endif
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return run_scenario(scenarios, argc, argv);
}
