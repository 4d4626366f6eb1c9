/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Samples of time in which a thread did not run because it waited. When it begins to, only that is
 * noted; what it waited for is walked when it runs again, in its own context, and only if the wait
 * was long enough. Ring, tables and rules are the sampler's own maps.
 */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "core_fixes.h"
#include "kernel.h"
#include "sample.h"

#include "record.h"

#include "choose.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * Frames of a stack that tell nothing: those of tracing itself, whose number depends on who else
 * traces, then __schedule and schedule, in which all wait. What called them tells for what.
 */
#define FRAMES_LOOKED_AT 8
#define SCHEDULE_INNER_BYTES 16384
#define SCHEDULE_BYTES 512

extern const void __schedule __ksym __weak;
extern const void schedule __ksym __weak;

static __always_inline __u64 frames_of_waiting(void *context)
{
	__u64 frames[FRAMES_LOOKED_AT] = {}, inner = (__u64)&__schedule, outer = (__u64)&schedule;
	__u32 i;

	if (!inner || !outer || bpf_get_stack(context, frames, sizeof(frames), 0) < 0)
		return 0;
	for (i = 0; i < FRAMES_LOOKED_AT - 1; i++)
		if (frames[i] - inner < SCHEDULE_INNER_BYTES && frames[i] != inner)
			return frames[i + 1] - outer < SCHEDULE_BYTES ? i + 2 : i + 1;
	return 0;
}

/* What noting a wait and finding it again takes, about: to measure it would take as long. */
#define WAIT_NANOS 300

/* By thread. Not a storage of tasks: that would take memory while the run queue is locked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WAITS_MAX);
	__type(key, __u32);
	__type(value, struct wait);
} waits SEC(".maps");

/* As enum wait_state; 0 if the thread does not wait: it goes on as soon as a CPU is free, or ends. */
static __always_inline __u32 wait_state_of(__u32 state, int is_kernel)
{
	if (state & TASK_DEAD)
		return 0;
	/* Kernel threads at rest wait for work, and are told from those that wait for a device. */
	if (is_kernel && (!(state & TASK_UNINTERRUPTIBLE) || state & TASK_NOLOAD))
		return 0;
	if (state & TASK_INTERRUPTIBLE)
		return WAIT_INTERRUPTIBLE;
	if (state & TASK_UNINTERRUPTIBLE)
		return state & TASK_WAKEKILL ? WAIT_KILLABLE : WAIT_UNINTERRUPTIBLE;
	if (state & TASK_STOPPED)
		return WAIT_STOPPED;
	if (state & TASK_TRACED)
		return WAIT_TRACED;
	return state ? WAIT_OTHER : 0;
}

/* As include/trace/events/sched.h has them; prev_state since Linux 5.18. */
struct switch_arguments {
	__u64 preempt;
	struct task_struct *prev;
	struct task_struct *next;
	__u64 prev_state;
};

struct exit_arguments {
	__u64 is_switch;
};

SEC("tp_btf/sched_switch")
int wait_begins(struct switch_arguments *arguments)
{
	struct task_struct *prev = arguments->prev;
	struct choosing *choosing;
	enum drop_reason reason = DROP_THINNED;
	struct cpu_state *cpu;
	struct wait wait;
	__u32 tid;

	if (arguments->preempt || !arguments->prev_state)
		return 0;
	wait.state = wait_state_of(arguments->prev_state, prev->flags & PF_KTHREAD);
	choosing = choosing_now();
	if (!wait.state || !choosing)
		return 0;
	if (chosen(choosing->waits.chance)) {
		tid = prev->pid;
		wait.since_nanos = bpf_ktime_get_ns();
		wait.factor = choosing->waits.factor;
		if (!bpf_map_update_elem(&waits, &tid, &wait, BPF_ANY))
			return 0;
		reason = DROP_NO_ROOM;
	}
	cpu = this_cpu();
	if (!cpu)
		return 0;
	cpu->counters.hits++;
	cpu->counters.busy_nanos += WAIT_NANOS;
	drop(cpu, reason, 0);
	return 0;
}

SEC("tp_btf/sched_exit_tp")
int wait_ends(struct exit_arguments *arguments)
{
	__u64 ids, nanos, weight;
	struct choosing *choosing;
	struct task_struct *task;
	struct cpu_state *cpu;
	struct choice choice;
	struct wait *wait;
	__u32 tid, state;

	if (!arguments->is_switch)
		return 0;
	ids = bpf_get_current_pid_tgid();
	tid = (__u32)ids;
	wait = bpf_map_lookup_elem(&waits, &tid);
	if (!wait)
		return 0;
	nanos = bpf_ktime_get_ns() - wait->since_nanos;
	weight = scaled(nanos, wait->factor);
	state = wait->state;
	bpf_map_delete_elem(&waits, &tid);
	cpu = this_cpu();
	choosing = choosing_now();
	if (!cpu || !choosing)
		return 0;
	cpu->counters.hits++;
	cpu->counters.hit_nanos += weight;
	cpu->counters.busy_nanos += WAIT_NANOS;
	if (nanos < choosing->wait_min_nanos) {
		drop(cpu, DROP_SHORT, weight);
		return 0;
	}
	task = (struct task_struct *)bpf_get_current_task();
	choice = (struct choice){ CHANCE_ALWAYS, 1 << FACTOR_SHIFT };
	if (choosing->rules)
		choose_by_rule(choosing, task, ids >> 32, &choice);
	if (!choice.chance) {
		drop(cpu, DROP_EXCLUDED, weight);
		return 0;
	}
	record_begin(cpu, task, ids, weight);
	cpu->header.flags |= SAMPLE_WAIT;
	cpu->header.wait_state = state;
	record_finish(arguments, cpu, task, frames_of_waiting(arguments));
	return 0;
}
