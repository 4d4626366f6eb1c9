/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Samples of time in which a thread did not run because it waited. When it begins to, only that is
 * noted; what it waited for is walked when it runs again, in its own context, and only if the wait
 * was long enough. There it is brought by a tracepoint since Linux 6.16, and before by an interrupt
 * that the CPU sends itself. Ring, tables and rules are the sampler's own maps.
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
 * traces, of an interrupt, then __schedule and schedule, in which all wait. What called them tells
 * for what.
 */
#define FRAMES_OF_TRACING 8
#define FRAMES_OF_INTERRUPT 16
#define SCHEDULE_INNER_BYTES 16384
#define SCHEDULE_BYTES 512

extern const void __schedule __ksym __weak;
extern const void schedule __ksym __weak;

/* How many they are, looking at so many; 0 if the scheduler is not among them. */
static __always_inline __u64 frames_of_waiting(void *context, __u32 looked_at)
{
	__u64 frames[FRAMES_OF_INTERRUPT] = {}, inner = (__u64)&__schedule;
	__u64 outer = (__u64)&schedule;
	__u32 i;

	if (!inner || !outer || bpf_get_stack(context, frames, looked_at * sizeof(__u64), 0) < 0)
		return 0;
	for (i = 0; i < looked_at - 1; i++)
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

/* As enum wait_state; 0 if the thread does not wait: it goes on as soon as a CPU is free. */
static __always_inline __u32 wait_state_of(__u32 state, int is_kernel)
{
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

static __always_inline __u16 switches_of(const struct task_struct *task)
{
	return task->nvcsw + task->nivcsw;
}

struct exit_arguments {
	__u64 is_switch;
};

static __always_inline void count(struct cpu_state *cpu, __u64 weight_nanos)
{
	cpu->counters.hits++;
	cpu->counters.hit_nanos += weight_nanos;
}

/* Counts a wait that is no sample. */
static __always_inline void count_drop(enum drop_reason reason, __u64 weight_nanos)
{
	struct cpu_state *cpu = this_cpu();

	if (!cpu)
		return;
	cpu->counters.busy_nanos += WAIT_NANOS;
	count(cpu, weight_nanos);
	drop(cpu, reason, weight_nanos);
}

/*
 * Notes that the thread which leaves the CPU waits, if it does and chance wants it. A wait that is
 * noted already has ended and nothing was seen of that.
 */
static __always_inline void begin(struct switch_arguments *arguments)
{
	struct task_struct *prev = arguments->prev;
	__u32 tid, left = state_of_leaving(arguments);
	enum drop_reason reason = DROP_THINNED;
	struct choosing *choosing;
	struct wait wait;

	if (!left)
		return;
	tid = prev->pid;
	if (left & TASK_DEAD) {
		if (!bpf_map_delete_elem(&waits, &tid))
			count_drop(DROP_UNSEEN, 0);
		return;
	}
	wait.state = wait_state_of(left, prev->flags & PF_KTHREAD);
	choosing = choosing_now();
	if (!wait.state || !choosing)
		return;
	if (chosen(choosing->waits.chance)) {
		wait.since_nanos = bpf_ktime_get_ns();
		wait.factor = choosing->waits.factor;
		wait.switches = switches_of(prev);
		if (!bpf_map_update_elem(&waits, &tid, &wait, BPF_NOEXIST))
			return;
		reason = bpf_map_update_elem(&waits, &tid, &wait, BPF_EXIST) ? DROP_NO_ROOM :
									       DROP_UNSEEN;
	}
	count_drop(reason, 0);
}

/* A wait that is over. */
struct over {
	__u64 since_nanos; /* it has been */
	__u64 weight_nanos;
	__u64 state; /* enum wait_state; 0 if there is none */
};

/*
 * Ends the wait of a thread that gets the CPU; false if there was none, or it is not to be a sample
 * and was counted. Else it is not counted yet.
 */
static __always_inline int end(struct task_struct *task, __u32 pid, __u32 tid, struct over *over)
{
	struct wait *wait = bpf_map_lookup_elem(&waits, &tid);
	enum drop_reason reason = DROP_SHORT;
	struct choosing *choosing;
	struct choice choice;
	__u64 nanos;
	int seen;

	if (!wait)
		return 0;
	choosing = choosing_now();
	if (!choosing)
		return 0;
	over->since_nanos = bpf_ktime_get_ns();
	nanos = over->since_nanos - wait->since_nanos;
	over->weight_nanos = scaled(nanos, wait->factor);
	over->state = wait->state;
	seen = wait->switches == switches_of(task);
	bpf_map_delete_elem(&waits, &tid);
	if (!seen) {
		/* It has run meanwhile, or had this id after another: how long it waited is not known. */
		over->weight_nanos = 0;
		reason = DROP_UNSEEN;
	} else if (nanos >= choosing->wait_min_nanos) {
		choice = (struct choice){ CHANCE_ALWAYS, 1 << FACTOR_SHIFT };
		if (choosing->rules)
			choose_by_rule(choosing, task, pid, &choice);
		if (choice.chance)
			return 1;
		reason = DROP_EXCLUDED;
	}
	count_drop(reason, over->weight_nanos);
	return 0;
}

/* Makes a sample of the wait of the thread that runs, whose stack has so many frames of waiting. */
static __always_inline void record(void *context, __u64 ids, const struct over *over, __u64 frames)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cpu_state *cpu = this_cpu();

	if (!cpu)
		return;
	cpu->counters.busy_nanos += WAIT_NANOS;
	count(cpu, over->weight_nanos);
	record_begin(cpu, task, ids, over->weight_nanos);
	cpu->header.flags |= SAMPLE_WAIT;
	cpu->header.wait_state = over->state;
	record_finish(context, cpu, task, frames);
}

SEC("tp_btf/sched_switch")
int wait_begins(struct switch_arguments *arguments)
{
	begin(arguments);
	return 0;
}

/* At the end of __schedule, in the thread that got the CPU. */
SEC("tp_btf/sched_exit_tp")
int wait_ends(struct exit_arguments *arguments)
{
	__u64 ids = bpf_get_current_pid_tgid();
	struct over over;

	if (arguments->is_switch &&
	    end(bpf_get_current_task_btf(), ids >> 32, (__u32)ids, &over))
		record(arguments, ids, &over, frames_of_waiting(arguments, FRAMES_OF_TRACING));
	return 0;
}

/*
 * Without that tracepoint: the wait of the thread that has just got this CPU. Interrupts are off
 * from the tracepoint of the switch until the thread is there, so one that is sent in between comes
 * first of all in the thread.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct over);
} ended SEC(".maps");

/* Events of which the kernel tells user space by interrupting its own CPU; nobody reads them. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} bells SEC(".maps");

static __always_inline struct over *ended_now(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&ended, &only);
}

/* Counts a wait whose interrupt did not come while its thread was where it waited. */
static __always_inline void missed(struct over *over)
{
	over->state = 0;
	count_drop(DROP_UNSEEN, over->weight_nanos);
}

SEC("tp_btf/sched_switch")
int waits_change(struct switch_arguments *arguments)
{
	struct task_struct *next = arguments->next;
	struct over *over = ended_now(), found;

	if (!over)
		return 0;
	if (over->state)
		missed(over);
	begin(arguments);
	if (!end(next, next->tgid, next->pid, &found))
		return 0;
	*over = found;
	if (bpf_perf_event_output(arguments, &bells, BPF_F_CURRENT_CPU, &found, 0))
		missed(over);
	return 0;
}

SEC("tp_btf/irq_work_entry")
int wait_interrupted(void *arguments)
{
	struct over *over = ended_now(), found;
	struct cpu_state *cpu = this_cpu();
	__u64 frames;

	if (!over || !over->state || !cpu)
		return 0;
	cpu->counters.busy_nanos += bpf_ktime_get_ns() - over->since_nanos;
	frames = frames_of_waiting(arguments, FRAMES_OF_INTERRUPT);
	if (!frames && &__schedule && &schedule) {
		missed(over);
		return 0;
	}
	found = *over;
	over->state = 0;
	record(arguments, bpf_get_current_pid_tgid(), &found, frames);
	return 0;
}
