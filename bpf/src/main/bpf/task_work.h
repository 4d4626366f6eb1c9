/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Running a program in a task before it goes on in user space: kernel/bpf/helpers.c, Linux 6.18. */
#ifndef EMBERSCOPE_TASK_WORK_H
#define EMBERSCOPE_TASK_WORK_H

#include "sample.h"

/* Only to be named: libbpf takes no type that is declared alone for the kernel's. */
struct bpf_map {
	__u32 id;
};

#define TASK_WORK_ARGUMENTS                                                                        \
	struct task_struct *task, struct bpf_task_work *work, void *map__map,                      \
		int (*callback)(struct bpf_map *map, void *key, void *value)

/*
 * Linux 7 leaves the last argument to the verifier, under a new name. The old one is still there,
 * with a type for which libbpf refuses an object that only names it: so there are two builds.
 */
#ifdef LINUX_7
extern int bpf_task_work_schedule_resume(TASK_WORK_ARGUMENTS) __ksym __weak;
#else
extern int bpf_task_work_schedule_resume_impl(TASK_WORK_ARGUMENTS, void *aux__prog) __ksym __weak;
#endif

/* Has the callback run in the task before it goes on in user space. */
static __always_inline int run_in_task(TASK_WORK_ARGUMENTS)
{
#ifdef LINUX_7
	return bpf_task_work_schedule_resume(task, work, map__map, callback);
#else
	return bpf_task_work_schedule_resume_impl(task, work, map__map, callback, NULL);
#endif
}

#endif
