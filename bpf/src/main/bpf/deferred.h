/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stacks of which a part is not in memory: written to disk, or never touched since the file that it
 * lies in was mapped. A program at a sample cannot wait for it. Linux 6.18 can run another in the
 * task before it goes on in user space, which can; that one sends the sample, and user space takes
 * the walk up again.
 */
#ifndef EMBERSCOPE_DEFERRED_H
#define EMBERSCOPE_DEFERRED_H

#include "task_work.h"

#define DEFERRED_FRAMES_BYTES (KERNEL_BYTES_MAX + USER_BYTES_MAX)
#define DEFERRED_BODY_BYTES (sizeof(((struct deferred *)0)->body))
#define DEFERRED_PIECES_MAX (DEFERRED_STACK_BYTES / COPY_PIECE_BYTES)
/* Of one process, if its other is not in a system call. */
#define DEFERRED_OF_PROCESS_MAX 2
/* What reading a piece takes of the CPU, about, where the thread had to wait for it. */
#define AWAITED_PIECE_NANOS 10000

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFERRED_MAX);
	__type(key, __u32);
	__type(value, struct deferred);
} deferred_samples SEC(".maps");

/* How often the task left the CPU. */
static __always_inline __u64 all_switches_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, nvcsw) + BPF_CORE_READ(task, nivcsw);
}

static int send_deferred(struct bpf_map *map, void *key, void *value)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct deferred *deferred = value;
	__u64 address = deferred->resumption.stack_start;
	__u32 at = deferred->frames_bytes, to, bytes, i;
	__u64 start = bpf_ktime_get_ns(), switches = all_switches_of(task), busy;
	struct cpu_state *cpu;

	(void)map;
	(void)key;
	barrier_var(at);
	if (at > DEFERRED_FRAMES_BYTES)
		return 0; /* never; the verifier cannot know */
	__builtin_memcpy(deferred->body + at, &deferred->resumption, sizeof(deferred->resumption));
	to = at + sizeof(struct resumption);
	/* Another program may have begun meanwhile. */
	if (space_of(task) != deferred->header.space)
		address = 0;
	for (i = 0; i < DEFERRED_PIECES_MAX && address; i++) {
		bytes = COPY_PIECE_BYTES - (address & (COPY_PIECE_BYTES - 1));
		barrier_var(bytes);
		barrier_var(to);
		if (bytes > COPY_PIECE_BYTES || to > DEFERRED_BODY_BYTES - COPY_PIECE_BYTES)
			break;
		if (bpf_copy_from_user(deferred->body + to, bytes, (void *)address)) {
			deferred->header.flags |= SAMPLE_COPY_UNREAD;
			break;
		}
		to += bytes;
		address += bytes;
	}
	if (i == DEFERRED_PIECES_MAX)
		deferred->header.flags |= SAMPLE_COPY_CUT;
	deferred->header.resumption_words = (to - at) / sizeof(__u64);
	bytes = sizeof(deferred->header) + to;
	barrier_var(bytes);
	if (bytes > sizeof(deferred->header) + DEFERRED_BODY_BYTES)
		bytes = sizeof(deferred->header) + DEFERRED_BODY_BYTES;
	busy = bpf_ktime_get_ns() - start;
	/* Time in which it waited for a disk, or for whoever has the memory, is none of the CPU's. */
	if (all_switches_of(task) != switches && busy > (i + 1) * AWAITED_PIECE_NANOS)
		busy = (i + 1) * AWAITED_PIECE_NANOS;
	cpu = this_cpu();
	/* A sample may be taken on this CPU right now. */
	if (cpu)
		__sync_fetch_and_add(&cpu->counters.busy_nanos, busy);
	if (bpf_ringbuf_output(&ring, &deferred->header, bytes, BPF_RB_NO_WAKEUP)) {
		if (cpu) {
			__sync_fetch_and_add(&cpu->counters.dropped[DROP_RING_FULL].samples, 1);
			__sync_fetch_and_add(&cpu->counters.dropped[DROP_RING_FULL].nanos,
					     deferred->header.weight_nanos);
		}
	}
	(void)__sync_lock_test_and_set(&deferred->taken, 0);
	return 0;
}

/*
 * Whether there may be one more of the process: one of each thread is enough, and no process may
 * keep the others from having any, by threads that wait in a system call or for memory that someone
 * holds back.
 */
static __always_inline int may_defer(const struct sample_header *header, __u32 max)
{
	struct deferred *deferred;
	__u32 number, of_process = 0;

	for (number = 0; number < DEFERRED_MAX; number++) {
		deferred = bpf_map_lookup_elem(&deferred_samples, &number);
		if (!deferred || !deferred->taken || deferred->header.pid != header->pid)
			continue;
		of_process++;
		if (deferred->header.tid == header->tid)
			return 0;
	}
	return of_process < max;
}

static __always_inline struct deferred *take_deferred(__u32 first)
{
	struct deferred *deferred;
	__u32 i, number;

	for (i = 0; i < DEFERRED_MAX; i++) {
		number = first + i;
		if (number >= DEFERRED_MAX)
			break;
		deferred = bpf_map_lookup_elem(&deferred_samples, &number);
		if (deferred && !__sync_val_compare_and_swap(&deferred->taken, 0, 1))
			return deferred;
	}
	return NULL;
}

/*
 * Leaves a sample whose walk stopped at a part of the stack that is not in memory to the task
 * itself, or one whose stack could not be copied further for that. False if that cannot be; else
 * the sample is not ours any more.
 */
static __always_inline int defer(struct cpu_state *cpu, struct task_struct *task, __u32 kernel)
{
	__u32 noted = cpu->header.user_end == WALK_STACK_UNREADABLE;
	__u32 bytes = kernel + cpu->header.user_frames * sizeof(__u64);
	struct deferred *deferred = NULL;

	(void)task;
	if (!config.defer || !bpf_core_type_exists(struct bpf_task_work) ||
	    cpu->header.user_frames < noted)
		return 0;
	/* The frame that a walk is at is noted already, and will be again. */
	bytes -= noted * sizeof(__u64);
	barrier_var(bytes);
	if (bytes > DEFERRED_FRAMES_BYTES)
		return 0;
	/* In the kernel a thread may begin to wait: some are kept for those that go on at once. */
	if (may_defer(&cpu->header, kernel ? 1 : DEFERRED_OF_PROCESS_MAX))
		deferred = take_deferred(kernel ? DEFERRED_MAX / 2 : 0);
	if (!deferred) {
		cpu->counters.not_deferred++;
		return 0;
	}
	deferred->header = cpu->header;
	deferred->header.user_frames -= noted;
	deferred->header.flags &= ~(SAMPLE_COPY_CUT | SAMPLE_COPY_UNREAD);
	deferred->frames_bytes = bytes;
	resumption_begin(&cpu->walk, &deferred->resumption);
	if (!bpf_probe_read_kernel(deferred->body, bytes, cpu->body) &&
	    !run_in_task(bpf_get_current_task_btf(), &deferred->work, &deferred_samples,
			 send_deferred))
		return 1;
	deferred->taken = 0;
	return 0;
}

#endif
