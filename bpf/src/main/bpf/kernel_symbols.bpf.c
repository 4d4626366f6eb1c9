/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Writes the kernel's symbols as /proc/kallsyms does, with their addresses also where that shows
 * none (kernel.kptr_restrict at 2). Since Linux 6.0 (647cafa22349).
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "kernel.h"

#define UPPER_CASE 0x20 /* the bit that it is without */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("iter/ksym")
int kernel_symbols(struct bpf_iter__ksym *context)
{
	struct seq_file *seq = context->meta->seq;
	struct kallsym_iter *symbol = context->ksym;
	int type;

	if (!symbol)
		return 0;
	type = symbol->type;
	if (!symbol->module_name[0]) {
		BPF_SEQ_PRINTF(seq, "%llx %c %s\n", (__u64)symbol->value, type, symbol->name);
		return 0;
	}
	/* Of modules the case says what is exported, as in the text. */
	type = symbol->exported ? type & ~UPPER_CASE : type | UPPER_CASE;
	BPF_SEQ_PRINTF(seq, "%llx %c %s\t[%s]\n", (__u64)symbol->value, type, symbol->name,
		       symbol->module_name);
	return 0;
}
