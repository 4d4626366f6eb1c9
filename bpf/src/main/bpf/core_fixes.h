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

/* The id of the current task's cgroup in the hierarchy of a v1 controller, or 0. */
static __always_inline __u64 v1_cgroup_id(struct task_struct *task, int subsystem)
{
	struct cgroup_subsys_state *state = NULL;
	struct css_set *set;

	if (subsystem < 0)
		return 0;
	set = BPF_CORE_READ(task, cgroups);
	if (bpf_probe_read_kernel(&state, sizeof(state), &set->subsys[0] + subsystem))
		return 0;
	return BPF_CORE_READ(state, cgroup, kn, id);
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

#endif
