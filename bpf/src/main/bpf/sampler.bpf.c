/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sampler: at each hit of a perf event it notes who runs on this CPU, and both stacks. */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "core_fixes.h"
#include "kernel.h"
#include "sample.h"

#include "record.h"

#include "choose.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("perf_event")
int sample(struct bpf_perf_event_data *context)
{
	__u64 ids = bpf_get_current_pid_tgid(), weight;
	struct choosing *choosing = choosing_now();
	struct task_struct *task;
	struct cpu_state *cpu;
	struct choice choice;

	/* The idle task of each CPU. Events leave it out if they can; hardware ones cannot. */
	if (!ids)
		return 0;

	cpu = this_cpu();
	if (!cpu || !choosing)
		return 0; /* An array always has its entries; the verifier wants it considered. */
	cpu->counters.hits++;

	task = (struct task_struct *)bpf_get_current_task();
	choice = choosing->cpu;
	if (choosing->rules)
		choose_by_rule(choosing, task, ids >> 32, &choice);
	weight = scaled(config.weight_nanos, choice.factor);
	if (!choice.chance) {
		cpu->counters.hit_nanos += config.weight_nanos;
		drop(cpu, DROP_EXCLUDED, config.weight_nanos);
		return 0;
	}
	if (!chosen(choice.chance)) {
		drop(cpu, DROP_THINNED, 0);
		return 0;
	}
	cpu->counters.hit_nanos += weight;
	record_begin(cpu, task, ids, weight);
	record_finish(context, cpu, task, 0);
	return 0;
}
