/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Running a program in a task before it goes on in user space: kernel/bpf/helpers.c, Linux 6.18. */
#ifndef EMBERSCOPE_TASK_WORK_H
#define EMBERSCOPE_TASK_WORK_H

#include "sample.h"

/* Only to be named: libbpf takes no type that is declared alone for the kernel's. */
struct bpf_map {
	__u32 id;
};

extern int bpf_task_work_schedule_resume_impl(
	struct task_struct *task, struct bpf_task_work *work, void *map__map,
	int (*callback)(struct bpf_map *map, void *key, void *value), void *aux__prog) __ksym __weak;

#endif
