/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sampler without what it does: what is left is what the kernel takes to run any program. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "sample.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct sampler_config config = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_state);
} state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

SEC("perf_event")
int sample(void *context)
{
	(void)context;
	return config.weight_nanos == 0;
}
