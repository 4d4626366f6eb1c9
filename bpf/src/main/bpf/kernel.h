/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's types, as far as our programs look into them. libbpf finds each field by its name in
 * the running kernel's BTF and moves every access to where it is there (CO-RE), so neither order
 * nor size here matters, only names.
 */
#ifndef EMBERSCOPE_KERNEL_H
#define EMBERSCOPE_KERNEL_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	/* As long as the kernel has controllers; only its start is asked for. */
	struct cgroup_subsys_state *subsys[16];
};

struct task_struct {
	unsigned int flags;
	struct css_set *cgroups;
};

#pragma clang attribute pop

/* Numbers differ by what the kernel was built with; libbpf finds them by name too. */
enum cgroup_subsys_id {
	cpu_cgrp_id,
	memory_cgrp_id,
	pids_cgrp_id,
};

/* Bits of task_struct.flags, unchanged since Linux 2.6. */
#define PF_KTHREAD 0x00200000

#endif
