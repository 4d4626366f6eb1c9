// Burns CPU time in named functions, and knows how much in each.
//
//   truth SECONDS THREADS
//
// Each thread goes round until it has used SECONDS of CPU time; then a line per function says how
// many nanoseconds of thread CPU time all threads spent in it, and "process" what the kernel counted
// for all of them. Build with frame pointers.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

enum { UNIT = 400000, DEPTH = 40, BYTES = 1 << 20, READS = 60 };
enum { SIXTY, THIRTY, TEN, RECURSION, SYSTEM_CALLS, FUNCTIONS };

static const char *const NAMES[FUNCTIONS] = {"burn_sixty", "burn_thirty", "burn_ten", "recurse",
					     "in_system_calls"};

struct thread {
	pthread_t id;
	int64_t nanos[FUNCTIONS];
	char *target;
	int zero;
	volatile uint64_t sink;
};

static int64_t seconds;

static int64_t cpu_nanos(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

// GCC leaves the frame pointer out of a function that calls nothing unless its frame is asked for.
#define KEEP_FRAME() __asm__ volatile("" : : "r"(__builtin_frame_address(0)))

// Written out in each function, so that all of its time is its own.
#define BURN(units)                                                                                \
	for (uint64_t i = 0, end = (uint64_t)(units)*UNIT; i < end; i++)                           \
		t->sink = t->sink * 6364136223846793005ULL + i

static NOINLINE void burn_sixty(struct thread *t)
{
	KEEP_FRAME();
	BURN(6);
}

static NOINLINE void burn_thirty(struct thread *t)
{
	KEEP_FRAME();
	BURN(3);
}

static NOINLINE void burn_ten(struct thread *t)
{
	KEEP_FRAME();
	BURN(1);
}

static NOINLINE void recurse(struct thread *t, int depth)
{
	KEEP_FRAME();
	if (depth > 1)
		recurse(t, depth - 1);
	else
		BURN(2);
	// Not a tail call: the frame has to stay.
	__asm__ volatile("" ::: "memory");
}

// The system call itself, as libc's wrapper has no frame.
static NOINLINE void in_system_calls(struct thread *t)
{
	for (int i = 0; i < READS; i++) {
#if defined(__x86_64__)
		long result = SYS_read;

		__asm__ volatile("syscall"
				 : "+a"(result)
				 : "D"((long)t->zero), "S"(t->target), "d"((long)BYTES)
				 : "rcx", "r11", "memory");
#elif defined(__aarch64__)
		register long number __asm__("x8") = SYS_read;
		register long result __asm__("x0") = t->zero;
		register char *target __asm__("x1") = t->target;
		register long bytes __asm__("x2") = BYTES;

		__asm__ volatile("svc 0"
				 : "+r"(result)
				 : "r"(number), "r"(target), "r"(bytes)
				 : "memory");
#endif
		if (result != BYTES)
			abort();
	}
}

static void *run(void *argument)
{
	struct thread *t = argument;
	int64_t end = seconds * 1000000000LL;

	while (cpu_nanos(CLOCK_THREAD_CPUTIME_ID) < end) {
		int64_t at[FUNCTIONS + 1];

		at[0] = cpu_nanos(CLOCK_THREAD_CPUTIME_ID);
		burn_sixty(t);
		at[1] = cpu_nanos(CLOCK_THREAD_CPUTIME_ID);
		burn_thirty(t);
		at[2] = cpu_nanos(CLOCK_THREAD_CPUTIME_ID);
		burn_ten(t);
		at[3] = cpu_nanos(CLOCK_THREAD_CPUTIME_ID);
		recurse(t, DEPTH);
		at[4] = cpu_nanos(CLOCK_THREAD_CPUTIME_ID);
		in_system_calls(t);
		at[5] = cpu_nanos(CLOCK_THREAD_CPUTIME_ID);
		for (int f = 0; f < FUNCTIONS; f++)
			t->nanos[f] += at[f + 1] - at[f];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	seconds = atoi(argv[1]);

	int count = atoi(argv[2]);
	struct thread *threads = calloc(count, sizeof(*threads));

	for (int i = 0; i < count; i++) {
		threads[i].target = malloc(BYTES);
		threads[i].zero = open("/dev/zero", O_RDONLY);
		if (pthread_create(&threads[i].id, NULL, run, &threads[i]))
			return 1;
	}
	for (int i = 0; i < count; i++)
		pthread_join(threads[i].id, NULL);
	for (int f = 0; f < FUNCTIONS; f++) {
		int64_t sum = 0;

		for (int i = 0; i < count; i++)
			sum += threads[i].nanos[f];
		printf("%s %lld\n", NAMES[f], (long long)sum);
	}
	printf("process %lld\n", (long long)cpu_nanos(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}
