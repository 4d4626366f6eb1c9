/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the sampler's program and user space tell each other. The program, the native library and
 * Sample.java all know these layouts; NativeLibrary.java compares its numbers with these when it
 * loads.
 */
#ifndef EMBERSCOPE_SAMPLE_H
#define EMBERSCOPE_SAMPLE_H

#include <linux/types.h>

/* Frames of a stack at most: the default of the sysctl kernel.perf_event_max_stack. */
#define FRAMES_MAX 127
#define COMM_BYTES_MAX 16

enum sample_flag {
	SAMPLE_KERNEL_THREAD = 1 << 0,
	SAMPLE_KERNEL_STACK_TRUNCATED = 1 << 1,
	SAMPLE_USER_STACK_TRUNCATED = 1 << 2,
	SAMPLE_KERNEL_STACK_FAILED = 1 << 3,
	SAMPLE_USER_STACK_FAILED = 1 << 4,
};

/* DropReason.java has the same, in this order. */
enum drop_reason {
	DROP_RING_FULL,
	DROP_RING_BUSY,
	DROP_REASONS,
};

/* CgroupSource.java has the same. */
enum cgroup_source {
	CGROUP_UNIFIED,
	CGROUP_V1_MEMORY,
	CGROUP_V1_PIDS,
	CGROUP_V1_CPU,
	CGROUP_SOURCES,
};

/* One record of the ring: this, then the kernel's frames, then the user's, innermost first. */
struct sample_header {
	__u64 time_nanos; /* CLOCK_MONOTONIC */
	__u64 cgroup_id;
	__u64 weight_nanos;
	__u32 pid; /* what the kernel calls tgid */
	__u32 tid;
	__u32 cpu;
	__u32 flags;
	__u16 kernel_frames;
	__u16 user_frames;
	__u32 reserved;
	__u8 comm[COMM_BYTES_MAX];
};

_Static_assert(sizeof(struct sample_header) == 64, "Sample.HEADER_BYTES");
_Static_assert(__builtin_offsetof(struct sample_header, pid) == 24, "Sample.IDS");
_Static_assert(__builtin_offsetof(struct sample_header, cpu) == 32, "Sample.CPU_AND_FLAGS");
_Static_assert(__builtin_offsetof(struct sample_header, kernel_frames) == 40, "Sample.COUNTS");
_Static_assert(__builtin_offsetof(struct sample_header, comm) == 48, "Sample.COMM");

/*
 * What became of the hits on one CPU: each is either in the ring or counted as dropped, so
 * hits == records put in the ring + all dropped.
 */
struct cpu_counters {
	__u64 hits;
	__u64 hit_nanos;
	struct {
		__u64 samples;
		__u64 nanos;
	} dropped[DROP_REASONS];
};

#define STACK_BYTES_MAX (FRAMES_MAX * sizeof(__u64))
#define STACK_OFFSET_MASK 0x3ff

/*
 * What a CPU needs in one hit, in one place, since at low rates all of it is cold: its counters and
 * a sample as large as it can get. The program cannot be entered twice on one CPU (the kernel skips
 * it then), so one is enough.
 *
 * The user stack is put right behind the kernel's. Its place is bounded by a mask, which allows for
 * 1,023 bytes of kernel stack where there are at most 1,016: hence the word at the end.
 */
struct cpu_state {
	struct cpu_counters counters;
	struct sample_header header;
	__u64 frames[2 * FRAMES_MAX];
	__u64 slack;
};

_Static_assert(STACK_BYTES_MAX <= STACK_OFFSET_MASK, "the mask must not cut a stack");
_Static_assert(STACK_OFFSET_MASK + STACK_BYTES_MAX <= sizeof(__u64) * (2 * FRAMES_MAX + 1),
	       "the slack must hold what the mask allows");

/* Set before the program is loaded; the verifier then takes them for constants. */
struct sampler_config {
	__u64 weight_nanos; /* CPU time a hit stands for: the period of the event */
	__u64 wakeup_bytes; /* wake the consumer once this much is in the ring */
	__u64 ring_bytes;
	__u32 cgroup_source;
	__u32 reserved;
};

_Static_assert(sizeof(struct sampler_config) == 32, "padding would be left unset");

#endif
