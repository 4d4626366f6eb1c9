/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loads where bpf_loop works, and does nothing else. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static long step(__u32 index, void *context)
{
	__u64 *sum = context;

	*sum += index;
	return 0;
}

SEC("perf_event")
int loop(void *context)
{
	__u64 sum = 0;

	(void)context;
	bpf_loop(8, step, &sum, 0);
	return 0;
}
