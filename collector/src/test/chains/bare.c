/* SPDX-License-Identifier: Apache-2.0 */
/* A program without any library, whose entry says that there is nothing above it. */
#include <linux/time.h>
#include <sys/syscall.h>

#define FUNCTION __attribute__((noipa))

static long system_call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

static char line[128];
static int length;

static void add(const char *text)
{
	while (*text)
		line[length++] = *text++;
}

static void add_number(long number)
{
	char digits[24];
	int i = sizeof(digits);

	digits[--i] = 0;
	do
		digits[--i] = '0' + number % 10;
	while (number /= 10);
	add(digits + i);
}

static void print(void)
{
	line[length++] = '\n';
	system_call(SYS_write, 1, (long)line, length);
	length = 0;
}

static long nanos_of(int clock)
{
	struct timespec now;

	system_call(SYS_clock_gettime, clock, (long)&now, 0);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

/* Keeps a register of each kind busy. */
FUNCTION long bare_leaf(long value)
{
	long i;

	for (i = 0; i < 20000; i++)
		__asm__ volatile("" : "+r"(value));
	return value;
}

FUNCTION void bare_recursion(int depth, long nanos)
{
	long start = nanos_of(CLOCK_THREAD_CPUTIME_ID);

	if (depth > 0) {
		bare_recursion(depth - 1, nanos);
		__asm__ volatile("");
		return;
	}
	add("burning ");
	add_number(system_call(SYS_gettid, 0, 0, 0));
	add(" ");
	add_number(nanos_of(CLOCK_MONOTONIC) + 1000000);
	print();
	while (nanos_of(CLOCK_THREAD_CPUTIME_ID) - start < nanos)
		bare_leaf(depth);
	add("done ");
	add_number(system_call(SYS_gettid, 0, 0, 0));
	add(" ");
	add_number(nanos_of(CLOCK_MONOTONIC));
	print();
}

/* The arguments as the kernel has laid them out: SCENARIO is not looked at. */
FUNCTION void bare_main(long *arguments)
{
	const char *digit = (const char *)arguments[3];
	long millis = 0;

	if (arguments[0] != 3)
		system_call(SYS_exit_group, 2, 0, 0);
	for (; *digit; digit++)
		millis = millis * 10 + *digit - '0';
	add("library: linked");
	print();
	add("chain: - ^_start;bare_main;bare_recursion;bare_recursion;bare_recursion");
	print();
	add("chain: - ^_start;bare_main;bare_recursion;bare_recursion;bare_recursion;bare_leaf");
	print();
	bare_recursion(2, millis * 1000000);
	system_call(SYS_exit_group, 0, 0, 0);
}

__asm__(".globl _start\n"
	".type _start, @function\n"
	"_start:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined rip\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call bare_main\n"
	"	hlt\n"
	"	.cfi_endproc\n"
	".size _start, . - _start\n");
