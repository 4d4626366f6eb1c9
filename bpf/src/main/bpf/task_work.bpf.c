/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loads where a program can be run in a task before it goes on in user space; does nothing else. */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#include "kernel.h"
#include "task_work.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct place {
	struct bpf_task_work work;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct place);
} places SEC(".maps");

static int run(struct bpf_map *map, void *key, void *value)
{
	(void)map;
	(void)key;
	(void)value;
	return 0;
}

SEC("perf_event")
int task_work(void *context)
{
	__u32 only = 0;
	struct place *place = bpf_map_lookup_elem(&places, &only);

	(void)context;
	if (place)
		run_in_task(bpf_get_current_task_btf(), &place->work, &places, run);
	return 0;
}
