/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wide SECONDS: burns three calls deep. The frame pointer leads nowhere, and there are functions
 * with so many rules besides that the unwind table takes 2 MB; ID makes each build another one.
 */
#include <stdlib.h>

#include "burn.h"

__asm__(".text\n"
	".rept 60000\n"
	".cfi_startproc\n"
	"push %rbx\n"
	".cfi_adjust_cfa_offset 8\n"
	"push %r12\n"
	".cfi_adjust_cfa_offset 8\n"
	"push %r13\n"
	".cfi_adjust_cfa_offset 8\n"
	"push %r14\n"
	".cfi_adjust_cfa_offset 8\n"
	"pop %r14\n"
	".cfi_adjust_cfa_offset -8\n"
	"pop %r13\n"
	".cfi_adjust_cfa_offset -8\n"
	"pop %r12\n"
	".cfi_adjust_cfa_offset -8\n"
	"pop %rbx\n"
	".cfi_adjust_cfa_offset -8\n"
	"ret\n"
	".cfi_endproc\n"
	".endr\n");

const volatile int id = ID;

__attribute__((noinline)) static void wide_inner(long nanos)
{
	long end = cpu_nanos() + nanos;

	do {
		for (volatile int i = 0; i < 200000; i++)
			__asm__ volatile("mov $12345, %%ebp" ::: "rbp");
	} while (cpu_nanos() < end);
}

__attribute__((noinline)) static void wide_outer(long nanos)
{
	wide_inner(nanos);
	__asm__ volatile("");
}

int main(int count, char **arguments)
{
	wide_outer(count > 1 ? atol(arguments[1]) * 1000000000L : 0);
	return 0;
}
