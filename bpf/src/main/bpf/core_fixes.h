/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where kernels differ, and nowhere else: each difference is one function that says which commit or
 * build option makes it.
 */
#ifndef EMBERSCOPE_CORE_FIXES_H
#define EMBERSCOPE_CORE_FIXES_H

#include "kernel.h"
#include "sample.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * The place of a v1 controller in css_set.subsys, or -1. Controllers are numbered without gaps by
 * those the kernel was built with (include/linux/cgroup_subsys.h), so each build has its own.
 */
static __always_inline int cgroup_subsystem(__u32 source)
{
	switch (source) {
	case CGROUP_V1_MEMORY:
		if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
			return bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
		return -1;
	case CGROUP_V1_PIDS:
		if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
			return bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
		return -1;
	case CGROUP_V1_CPU:
		if (bpf_core_enum_value_exists(enum cgroup_subsys_id, cpu_cgrp_id))
			return bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id);
		return -1;
	default:
		return -1;
	}
}

/* The control group of a task, in the hierarchy that we go by; NULL if there is none. */
static __always_inline struct cgroup *cgroup_of(struct task_struct *task, __u32 source)
{
	struct cgroup_subsys_state *state = NULL;
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	int subsystem;

	if (source == CGROUP_UNIFIED)
		return BPF_CORE_READ(set, dfl_cgrp);
	subsystem = cgroup_subsystem(source);
	if (subsystem < 0 ||
	    bpf_probe_read_kernel(&state, sizeof(state), &set->subsys[0] + subsystem))
		return NULL;
	return BPF_CORE_READ(state, cgroup);
}

static __always_inline __u64 cgroup_id(struct cgroup *group)
{
	return BPF_CORE_READ(group, kn, id);
}

/*
 * The id of the control group around one, or itself, at a level that is not below its own. The
 * kernel keeps pointers to them since 6.1 (7f203bc89eb6), ids before.
 */
static __always_inline __u64 cgroup_ancestor_id(struct cgroup *group, int level)
{
	struct cgroup *ancestor = NULL;
	__u64 id = 0;

	if (bpf_core_field_exists(group->ancestors)) {
		bpf_probe_read_kernel(&ancestor, sizeof(ancestor), &group->ancestors[0] + level);
		return cgroup_id(ancestor);
	}
	bpf_probe_read_kernel(&id, sizeof(id),
			      &((struct cgroup___with_ids *)group)->ancestor_ids[0] + level);
	return id;
}

/*
 * Where the registers lie that user code had when it last entered the kernel. Linux 5.15 has a
 * helper for it (dd6e10fbd9fb). Before, the stack is taken to have the usual size, four pages: with
 * KASAN it is larger, and the registers read are none.
 */
static __always_inline const void *user_registers_of(struct task_struct *task)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (const void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return BPF_CORE_READ(task, stack) + 4 * 4096 - 168;
}

/* The tracepoint of a switch (include/trace/events/sched.h). */
struct switch_arguments {
	__u64 preempt;
	struct task_struct *prev;
	struct task_struct *next;
	__u64 prev_state;
};

/* How the kernel's type descriptions name its parameters. */
typedef void (*btf_trace_sched_switch)(void *, _Bool, struct task_struct *, struct task_struct *,
				       unsigned int);

/*
 * The state of the thread that leaves the CPU; 0 if it goes on as soon as one is free. The
 * tracepoint has it since Linux 5.18 (9c2136be0878). Before, another CPU may be about to wake the
 * thread already: then it does not wait. The field is `state` before 5.14 (2f064a59a11f).
 */
static __always_inline __u32 state_of_leaving(struct switch_arguments *arguments)
{
	struct task_struct *prev = arguments->prev;
	__u32 state;

	if (arguments->preempt)
		return 0;
	if (bpf_core_type_exists(btf_trace_sched_switch))
		return arguments->prev_state;
	state = bpf_core_field_exists(prev->__state) ?
		prev->__state :
		(__u32)((struct task_struct___with_state *)prev)->state;
	return state & TASK_WAKING ? 0 : state;
}

#endif
