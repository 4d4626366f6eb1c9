/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The making of a sample, whatever it is a sample of: its memory, its counters, both stacks, and its
 * way into the ring.
 */
#ifndef EMBERSCOPE_RECORD_H
#define EMBERSCOPE_RECORD_H

const volatile struct sampler_config config = {};

/* One entry: 32 KiB for each possible CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_state);
} state SEC(".maps");

/* Sized by user space before it is made: see SamplerOptions.ringBytes. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

static __always_inline struct cpu_state *this_cpu(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&state, &key);
}

#include "user_stack.h"

static __always_inline void drop(struct cpu_state *cpu, enum drop_reason reason, __u64 nanos)
{
	cpu->counters.dropped[reason].samples++;
	cpu->counters.dropped[reason].nanos += nanos;
}

/* Fills in the flags and the size in bytes of a stack from what bpf_get_stack returned. */
static __always_inline __u32 stack_bytes(struct cpu_state *cpu, long found, __u32 failed,
					 __u32 truncated)
{
	if (found < 0) {
		cpu->header.flags |= failed;
		return 0;
	}
	if (found >= (long)KERNEL_BYTES_MAX)
		cpu->header.flags |= truncated;
	return found & KERNEL_BYTES_MASK;
}

/* The user stack as the kernel finds it, by frame pointers. */
static __always_inline __u32 pointer_stack(void *context, struct cpu_state *cpu, __u32 kernel)
{
	cpu->header.user_end = WALK_BY_KERNEL;
	return stack_bytes(cpu,
			   bpf_get_stack(context, cpu->body + kernel, KERNEL_BYTES_MAX,
					 BPF_F_USER_STACK),
			   SAMPLE_USER_STACK_FAILED, SAMPLE_USER_STACK_TRUNCATED);
}

/* Whether user space should look now, so that the kernel can soon walk this process's stacks. */
static __always_inline int is_urgent(struct cpu_state *cpu)
{
	__u64 since = cpu->header.time_nanos - cpu->hurried_nanos;

	if (!cpu->header.resumption_words ||
	    since < (cpu->header.flags & SAMPLE_COPY_CUT ? HURRY_NANOS : NEWS_NANOS))
		return 0;
	cpu->hurried_nanos = cpu->header.time_nanos;
	return 1;
}

/* Notes who runs now. */
static __always_inline void record_begin(struct cpu_state *cpu, struct task_struct *task, __u64 ids,
					 __u64 weight_nanos)
{
	cpu->header.time_nanos = bpf_ktime_get_ns();
	cpu->header.weight_nanos = weight_nanos;
	cpu->header.pid = ids >> 32;
	cpu->header.tid = (__u32)ids;
	cpu->header.cpu = bpf_get_smp_processor_id();
	cpu->header.flags = BPF_CORE_READ(task, flags) & PF_KTHREAD ? SAMPLE_KERNEL_THREAD : 0;
	cpu->header.cgroup_id = config.cgroup_source == CGROUP_UNIFIED ?
		bpf_get_current_cgroup_id() :
		cgroup_id(cgroup_of(task, config.cgroup_source));
	cpu->header.wait_state = 0;
	cpu->header.space = 0;
	cpu->header.mappings = 0;
	bpf_get_current_comm(cpu->header.comm, sizeof(cpu->header.comm));
}

/*
 * Whether the task has no user stack: it has given its memory back, or begins another program whose
 * stack the kernel has not laid out yet, and has the registers of the one before.
 */
static __always_inline int is_between_programs(struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	return !mm || !BPF_CORE_READ(mm, start_stack);
}

/*
 * Whether a part of the user stack is not in memory. Of a copy that cannot go on nothing is known but
 * where the first thread's stack ends: others may well end there.
 */
static __always_inline int is_cold(struct cpu_state *cpu)
{
	__u32 cold = SAMPLE_COPY_CUT | SAMPLE_COPY_UNREAD;

	return cpu->header.user_end == WALK_STACK_UNREADABLE ||
	       (cpu->header.flags & cold) == cold;
}

/*
 * Puts the sample into the ring, or leaves it to its task. Its body has so many bytes, of which the
 * kernel's stack are the first.
 */
static __always_inline void send(struct cpu_state *cpu, struct task_struct *task, __u32 kernel,
				 __u32 bytes, __u64 waiting)
{
	__u64 wakeup;

	if (is_cold(cpu) && defer(cpu, task, kernel))
		return;
	/* Waking costs more than a sample: user space looks by itself, and is woken if late. */
	wakeup = waiting >= config.wakeup_bytes || is_urgent(cpu) ? BPF_RB_FORCE_WAKEUP :
								    BPF_RB_NO_WAKEUP;
	if (cpu->header.resumption_words && send_deep(cpu, task, bytes, wakeup))
		return;
	bytes += sizeof(cpu->header);
	if (bytes > sizeof(cpu->header) + BODY_BYTES)
		bytes = sizeof(cpu->header) + BODY_BYTES; /* never; the verifier cannot know */
	if (bpf_ringbuf_output(&ring, &cpu->header, bytes, wakeup))
		drop(cpu, waiting + bytes + BPF_RINGBUF_HDR_SZ >= config.ring_bytes ?
				  DROP_RING_FULL :
				  DROP_RING_BUSY,
		     cpu->header.weight_nanos);
}

/* Notes both stacks, the kernel's without its innermost frames, and sends the sample. */
static __always_inline void record_finish(void *context, struct cpu_state *cpu,
					  struct task_struct *task, __u64 skipped)
{
	__u32 kernel, user = 0, resumption = 0;
	__u64 waiting;

	kernel = stack_bytes(cpu, bpf_get_stack(context, cpu->body, KERNEL_BYTES_MAX, skipped),
			     SAMPLE_KERNEL_STACK_FAILED, SAMPLE_KERNEL_STACK_TRUNCATED);
	waiting = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	cpu->header.user_end = WALK_NO_STACK;
	if (!(BPF_CORE_READ(task, flags) & (PF_KTHREAD | PF_IO_WORKER)) &&
	    !is_between_programs(task)) {
		if (!walk_user_stack(cpu, task, kernel)) {
			user = pointer_stack(context, cpu, kernel);
		} else {
			/* Where the CPU was is true even if nothing is known of it. */
			if (cpu->walk.settled && !cpu->walk.frames)
				note_place(cpu);
			user = cpu->walk.frames * sizeof(__u64);
			cpu->header.user_end = cpu->walk.end;
			if (cpu->walk.end == WALK_PROCESS_UNKNOWN ||
			    cpu->walk.end == WALK_TABLE_MISSING ||
			    (cpu->walk.end == WALK_NO_MAPPING && !cpu->walk.settled))
				resumption = copy_stack(cpu, task, kernel + user, waiting);
		}
	}
	cpu->header.kernel_frames = kernel / sizeof(__u64);
	cpu->header.user_frames = user / sizeof(__u64);
	cpu->header.resumption_words = resumption / sizeof(__u64);
	send(cpu, task, kernel, kernel + user + resumption, waiting);
	cpu->counters.busy_nanos += bpf_ktime_get_ns() - cpu->header.time_nanos;
}

#endif
