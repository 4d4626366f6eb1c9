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
	int level;
	struct cgroup *ancestors[]; /* by their level; since Linux 6.1 */
};

/* Before, it had their ids. */
struct cgroup___with_ids {
	int level;
	__u64 ancestor_ids[];
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	/* As long as the kernel has controllers; only its start is asked for. */
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp; /* of version 2 */
};

struct mm_struct {
	unsigned long exec_vm;
	unsigned long start_stack;
};

struct task_struct {
	unsigned int flags;
	unsigned int __state; /* since Linux 5.14 */
	int pid;
	int tgid;
	unsigned long nvcsw; /* switches away from it: to wait, */
	unsigned long nivcsw; /* and others */
	struct css_set *cgroups;
	struct mm_struct *mm;
	void *stack;
	struct task_struct *group_leader;
	char comm[16];
};

/* Before, its state had another name. */
struct task_struct___with_state {
	long state;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

/* A symbol, as an iterator's program is told of it; since Linux 6.0. */
struct kallsym_iter {
	unsigned long value;
	char type;
	char name[512];
	char module_name[56];
	int exported;
};

struct bpf_iter__ksym {
	struct bpf_iter_meta *meta;
	struct kallsym_iter *ksym;
};

#pragma clang attribute pop

/*
 * The registers of user space as they lie at the top of a task's kernel stack (x86-64; the layout
 * is part of the ABI: uapi/asm/ptrace.h).
 */
struct user_registers {
	__u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	__u64 rax, rcx, rdx, rsi, rdi, orig_rax, rip;
	__u16 cs;
	__u16 cs_rest[3];
	__u64 flags, rsp;
};

/* The code segment of 64-bit programs (__USER_CS); 32-bit ones have another. */
#define CODE_SEGMENT_64 0x33

/* Numbers differ by what the kernel was built with; libbpf finds them by name too. */
enum cgroup_subsys_id {
	cpu_cgrp_id,
	memory_cgrp_id,
	pids_cgrp_id,
};

/* Bits of the state a thread is in when it leaves the CPU (include/linux/sched.h). */
#define TASK_INTERRUPTIBLE 0x0001
#define TASK_UNINTERRUPTIBLE 0x0002
#define TASK_STOPPED 0x0004
#define TASK_TRACED 0x0008
#define TASK_DEAD 0x0080
#define TASK_WAKEKILL 0x0100
#define TASK_WAKING 0x0200
#define TASK_NOLOAD 0x0400

/* Bits of task_struct.flags: threads without a user stack. */
#define PF_KTHREAD 0x00200000
#define PF_IO_WORKER 0x00000010 /* since Linux 5.12 */

#endif
