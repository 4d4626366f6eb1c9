/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the sampler's program and user space tell each other. The program, the native library and
 * Sample.java all know these layouts; NativeLibrary.java compares its numbers with these when it
 * loads.
 */
#ifndef EMBERSCOPE_SAMPLE_H
#define EMBERSCOPE_SAMPLE_H

#include <linux/types.h>

#include "walk.h"

/* Frames of a stack that the kernel walks: the default of kernel.perf_event_max_stack. */
#define KERNEL_FRAMES_MAX 127
#define COMM_BYTES_MAX 16

enum sample_flag {
	SAMPLE_KERNEL_THREAD = 1 << 0,
	SAMPLE_KERNEL_STACK_TRUNCATED = 1 << 1,
	SAMPLE_USER_STACK_TRUNCATED = 1 << 2,
	SAMPLE_KERNEL_STACK_FAILED = 1 << 3,
	SAMPLE_USER_STACK_FAILED = 1 << 4,
	SAMPLE_COPY_CUT = 1 << 5, /* the stack is deeper than what was copied of it */
	SAMPLE_WAIT = 1 << 6, /* the thread did not run until now; the weight is for how long */
	SAMPLE_COPY_UNREAD = 1 << 7, /* what is above the copy is not in memory, or is no stack */
};

/* Why a thread did not run: its state while it waited (include/linux/sched.h). WaitState.java. */
enum wait_state {
	WAIT_INTERRUPTIBLE = 1,
	WAIT_UNINTERRUPTIBLE,
	WAIT_KILLABLE, /* uninterruptible but by a signal that kills */
	WAIT_STOPPED,
	WAIT_TRACED,
	WAIT_OTHER,
};

/* DropReason.java has the same, in this order. */
enum drop_reason {
	DROP_RING_FULL,
	DROP_RING_BUSY,
	DROP_NO_ROOM, /* for noting that a thread waits; how long it did is not known */
	DROP_UNSEEN, /* the end of a wait was, or not in time to read the stack in which it was spent */
	DROP_ABANDONED, /* left to the thread, which did not go on until sampling ended */
	DROP_EXCLUDED, /* from here on: left out on purpose */
	DROP_THINNED, /* by chance; the samples that are kept stand for its time */
	DROP_SHORT, /* waits that are too short to be wanted */
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

/*
 * One record of the ring: this, then the kernel's frames, then the user's, innermost first; then, if
 * the walk of the user stack may be taken up again, a struct resumption and the stack's bytes.
 */
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
	__u16 resumption_words; /* of eight bytes, the stack included; 0 if there is none */
	__u8 user_end; /* enum walk_end */
	__u8 wait_state; /* enum wait_state, or 0 for a sample of the CPU */
	__u8 comm[COMM_BYTES_MAX];
	__u64 space; /* names the address space and what is mapped in it; 0 if nobody asked */
	__u32 mappings; /* the place of those that the walk went by; 0 if there were none */
	__u32 reserved2;
};

_Static_assert(sizeof(struct sample_header) == 80, "Sample.HEADER_BYTES");
_Static_assert(__builtin_offsetof(struct sample_header, pid) == 24, "Sample.IDS");
_Static_assert(__builtin_offsetof(struct sample_header, cpu) == 32, "Sample.CPU_AND_FLAGS");
_Static_assert(__builtin_offsetof(struct sample_header, kernel_frames) == 40, "Sample.COUNTS");
_Static_assert(__builtin_offsetof(struct sample_header, comm) == 48, "Sample.COMM");
_Static_assert(__builtin_offsetof(struct sample_header, space) == 64, "Sample.SPACE");

/* Where a walk stopped, for want of what user space knows or can find out. */
struct resumption {
	__u64 registers[REGISTERS];
	__u32 known;
	__u16 exact;
	__u16 unread; /* SAMPLE_COPY_UNREAD, if nobody has cut the copy since; set by user space */
	__u64 code; /* eight bytes, from UNWIND_CODE_BEFORE() bytes before rip on */
	__u64 stack_start;
};

_Static_assert(sizeof(struct resumption) == 8 * RESUMPTION_WORDS, "Sample.RESUMPTION_WORDS");
_Static_assert(__builtin_offsetof(struct resumption, unread) == 8 * REGISTERS + 6,
	       "Sample.UNREAD");

/*
 * What became of the hits on one CPU: each is either in the ring or counted as dropped, so
 * hits == records put in the ring + all dropped.
 */
struct cpu_counters {
	__u64 hits;
	__u64 hit_nanos;
	__u64 busy_nanos; /* what all this took of the CPU, but for deciding */
	__u64 not_deferred; /* stacks cut because too many samples are left to their threads */
	struct {
		__u64 samples;
		__u64 nanos;
	} dropped[DROP_REASONS];
};

#define KERNEL_BYTES_MAX (KERNEL_FRAMES_MAX * 8)
#define KERNEL_BYTES_MASK 0x3ff
#define USER_BYTES_MAX (USER_FRAMES_MAX * 8)

/* Of the stack a walk goes by, read at once. */
#define WINDOW_BYTES 1024

/* What follows the header of a sample at most. */
#define BODY_BYTES (29 * 1024)

/*
 * User space is not woken more often, by each CPU, to learn of a process, or of one whose stacks
 * only the kernel can walk.
 */
#define NEWS_NANOS 100000000
#define HURRY_NANOS 20000000

/* How far a stack was copied. */
struct copied {
	__u64 address; /* the first that was not */
	__u32 to; /* the first byte that is free where it was copied to */
	__u32 ended; /* SAMPLE_COPY_CUT or SAMPLE_COPY_UNREAD */
};

/*
 * What a CPU needs in one hit, in one place, since at low rates all of it is cold: its counters, a
 * walk and a sample as large as it can get. The program cannot be entered twice on one CPU (the
 * kernel skips it then), so one is enough. The kernel gives a CPU no more than 32 KiB of a map.
 */
struct cpu_state {
	struct cpu_counters counters;
	struct walk walk;
	struct copied copied;
	__u64 hurried_nanos; /* when user space was last woken for a process it should know */
	__u64 window_start;
	__u64 window_last; /* the last word's place in the window */
	__u8 window[WINDOW_BYTES];
	struct sample_header header;
	__u8 body[BODY_BYTES];
};

_Static_assert(sizeof(struct cpu_state) <= 32 * 1024, "PCPU_MIN_UNIT_SIZE");

/* Most that is copied of a stack: 900 frames of little more than registers have some 130 KiB. */
#define DEEP_STACK_BYTES (160 * 1024)
#define DEEP_BODY_BYTES \
	(KERNEL_BYTES_MAX + USER_BYTES_MAX + sizeof(struct resumption) + DEEP_STACK_BYTES)

/* A sample with more of its stack than a CPU has room for. What is behind its words is nothing. */
struct deep_sample {
	struct sample_header header;
	__u8 body[DEEP_BODY_BYTES];
};
_Static_assert(KERNEL_BYTES_MAX <= KERNEL_BYTES_MASK, "the mask must not cut a stack");

/*
 * The chance of a hit to become a sample: of 2^32, where 0 is never and CHANCE_ALWAYS is always; and
 * what its weight is then multiplied by, in 1/65536. Their product is one.
 */
struct choice {
	__u32 chance;
	__u32 factor;
} __attribute__((aligned(8))); /* read and written at once */

#define CHANCE_ALWAYS 0xffffffffU
#define FACTOR_SHIFT 16

/* What a rule can be for; of several that fit, the first kind counts. */
enum rule_kind {
	RULE_PROCESS, /* by its id */
	RULE_COMMAND, /* by the name of its first thread */
	RULE_CGROUP, /* by its id, for those below it too; the innermost counts */
	RULE_KINDS,
};

struct rule {
	__u32 kind;
	__u32 reserved;
	__u64 value[2]; /* the id and nothing, or the name */
};

#define RULES_MAX 256
/* Groups around a thread that are looked for, from the root on. */
#define CGROUP_LEVELS_MAX 16

/* What may change while we sample. */
struct choosing {
	struct choice cpu; /* where no rule is */
	struct choice waits;
	__u64 wait_min_nanos;
	__u32 rules; /* bits: 1 << enum rule_kind of those there are */
	__u32 reserved;
};

_Static_assert(sizeof(struct choosing) == 32, "padding would be left unset");

/* Threads that can wait at once: as many as a large node has. */
#define WAITS_MAX 32768

/* When a thread that waits began to, and how; none if it does not. */
struct wait {
	__u64 since_nanos;
	__u32 factor; /* as in struct choice */
	__u16 state; /* enum wait_state */
	__u16 switches; /* of the thread until then, of which the last was this */
};

/* Samples that can be left to their threads at once, and what is copied of a stack then. */
#define DEFERRED_MAX 8
#define DEFERRED_STACK_BYTES (32 * 1024)

/* The kernel knows it by its name, and keeps what it needs in it. */
struct bpf_task_work {
	__u64 opaque;
};

/* A sample that is left to its thread, as a part of its stack is not in memory. */
struct deferred {
	struct bpf_task_work work;
	__u32 taken;
	__u32 frames_bytes;
	struct resumption resumption;
	struct sample_header header;
	__u8 body[KERNEL_BYTES_MAX + USER_BYTES_MAX + sizeof(struct resumption) +
		  DEFERRED_STACK_BYTES];
};

/* Words of a struct resumption and the longest copy of a stack behind it. */
#define RESUMED_WORDS_MAX (DEEP_BODY_BYTES / 8)
_Static_assert(DEEP_STACK_BYTES >= DEFERRED_STACK_BYTES, "any copy fits");
_Static_assert(RESUMED_WORDS_MAX <= 0xffff, "sample_header.resumption_words");

/* Set before the program is loaded; the verifier then takes them for constants. */
struct sampler_config {
	__u64 weight_nanos; /* CPU time a hit stands for: the period of the event */
	__u64 wakeup_bytes; /* wake the consumer once this much is in the ring */
	__u64 ring_bytes;
	__u32 cgroup_source;
	__u32 unwind; /* walk user stacks ourselves, by tables; else the kernel does by pointers */
	__u32 defer; /* leave samples to their threads where a part of the stack is not in memory */
	__u32 reserved;
};

_Static_assert(sizeof(struct sampler_config) == 40, "padding would be left unset");

#endif
