/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The walk of a user stack inside the kernel: its maps, its memory, and the loop. x86-64 only. */
#ifndef EMBERSCOPE_USER_STACK_H
#define EMBERSCOPE_USER_STACK_H

#if defined(__TARGET_ARCH_x86)

/* Tables and mappings. User space adds a chunk when it needs one, and reads and writes it mapped. */
struct chunk {
	__u32 words[CHUNK_WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, CHUNKS_MAX);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(map_flags, BPF_F_MMAPABLE);
		__uint(max_entries, 1);
		__uint(key_size, sizeof(__u32));
		__uint(value_size, sizeof(struct chunk));
	});
} chunks SEC(".maps");

struct slots {
	struct unwind_slot of[TABLES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slots);
} tables SEC(".maps");

/* By process id. Before Linux 6.1 a perf event's program may use no other kind than preallocated. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROCESSES_MAX);
	__type(key, __u32);
	__type(value, struct unwind_process);
} processes SEC(".maps");

/* Verified on its own, whoever calls it. */
#define UNWIND_FUNCTION __attribute__((noinline))
#include "unwind.h"

#define CPU_OF(walk_) \
	((struct cpu_state *)((void *)(walk_) - offsetof(struct cpu_state, walk)))

static __always_inline const __u32 *unwind_chunk(__u32 place)
{
	__u32 number = place >> CHUNK_SHIFT, only = 0;
	struct chunk *chunk;
	void *map;

	map = bpf_map_lookup_elem(&chunks, &number);
	if (!map)
		return NULL;
	chunk = bpf_map_lookup_elem(map, &only);
	return chunk ? chunk->words : NULL;
}

static __always_inline __u32 unwind_table(struct walk *walk, __u32 number)
{
	__u32 only = 0;
	struct slots *slots = bpf_map_lookup_elem(&tables, &only);
	struct unwind_slot *slot;

	if (!slots)
		return TABLE_NONE;
	slot = &slots->of[number & (TABLES_MAX - 1)];
	/* Read mostly, so that CPUs do not take it from each other. */
	if (slot->used != walk->clock)
		slot->used = walk->clock;
	return slot->state;
}

/* Puts the window where the address is first. */
UNWIND_FUNCTION int window_move(__u64 address)
{
	struct cpu_state *cpu = this_cpu();
	__u32 bytes;

	if (!cpu)
		return -1;
	cpu->window_start = address;
	cpu->window_last = WINDOW_BYTES - 8;
	if (!bpf_probe_read_user(cpu->window, WINDOW_BYTES, (void *)address))
		return 0;
	/* Nothing may lie above the page. */
	bytes = 4096 - (address & 4095);
	if (bytes >= 8 && bytes < WINDOW_BYTES) {
		cpu->window_last = bytes - 8;
		if (!bpf_probe_read_user(cpu->window, bytes, (void *)address))
			return 0;
	}
	cpu->window_start = 1; /* no word begins there */
	cpu->window_last = 0;
	return -1;
}

static __always_inline int unwind_read(struct walk *walk, __u64 address, __u64 *value)
{
	struct cpu_state *cpu = CPU_OF(walk);
	__u64 at = address - cpu->window_start;

	if (address & 7)
		return -1;
	if (at > cpu->window_last) {
		if (window_move(address))
			return -1;
		at = 0;
	}
	*value = *(__u64 *)(cpu->window + (at & (WINDOW_BYTES - 8)));
	return 0;
}

static __always_inline int unwind_code(struct walk *walk, __u64 address, __u64 *code)
{
	(void)walk;
	return bpf_probe_read_user(code, sizeof(*code), (void *)address);
}

static __always_inline void unwind_note(struct walk *walk, __u64 frame)
{
	struct cpu_state *cpu = CPU_OF(walk);
	__u32 at = walk->frames_at;

	barrier_var(at);
	if (at <= BODY_BYTES - 8)
		*(__u64 *)(cpu->body + at) = frame;
	walk->frames_at = at + 8;
	walk->frames++;
}

static __always_inline void unwind_renote(struct walk *walk, __u64 frame)
{
	struct cpu_state *cpu = CPU_OF(walk);
	__u32 at = walk->frames_at - 8;

	barrier_var(at);
	if (at <= BODY_BYTES - 8)
		*(__u64 *)(cpu->body + at) = frame;
}

#define STEP_GOES_ON 0
#define STEP_ENDS 1

UNWIND_FUNCTION int walk_step(void)
{
	struct cpu_state *cpu = this_cpu();

	return cpu ? unwind_step(&cpu->walk) : STEP_ENDS;
}

#ifdef BOUNDED_LOOP
static __always_inline void walk_on(void)
{
	int i;

	for (i = 0; i < USER_FRAMES_MAX; i++)
		if (walk_step())
			break;
}
#else
static long walk_step_of_loop(__u32 index, void *context)
{
	(void)index;
	(void)context;
	return walk_step() ? 1 : 0;
}

static __always_inline void walk_on(void)
{
	bpf_loop(USER_FRAMES_MAX, walk_step_of_loop, NULL, 0);
}
#endif

/*
 * Names an address space and what is executable in it: another program, another process with the
 * same id, and code mapped or unmapped since all have another name. Memory maps that are copies of
 * each other (fork) differ in where they are kept.
 */
static __always_inline __u64 space_of(struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 space;

	if (!mm)
		return 0;
	space = (__u64)mm;
	space = space * 31 + BPF_CORE_READ(mm, start_stack);
	space = space * 31 + BPF_CORE_READ(mm, exec_vm);
	return space ? space : 1;
}

/* Notes the registers user code has; false if it is none of 64 bits. */
static __always_inline int walk_begin(struct walk *walk, struct task_struct *task)
{
	struct user_registers user;
	__u64 *registers = walk->registers;

	if (bpf_probe_read_kernel(&user, sizeof(user), user_registers_of(task)) ||
	    user.cs != CODE_SEGMENT_64)
		return 0;
	registers[REGISTER_RAX] = user.rax;
	registers[REGISTER_RDX] = user.rdx;
	registers[REGISTER_RCX] = user.rcx;
	registers[REGISTER_RBX] = user.rbx;
	registers[REGISTER_RSI] = user.rsi;
	registers[REGISTER_RDI] = user.rdi;
	registers[REGISTER_RBP] = user.rbp;
	registers[REGISTER_RSP] = user.rsp;
	registers[REGISTER_R8] = user.r8;
	registers[REGISTER_R8 + 1] = user.r9;
	registers[REGISTER_R8 + 2] = user.r10;
	registers[REGISTER_R8 + 3] = user.r11;
	registers[REGISTER_R8 + 4] = user.r12;
	registers[REGISTER_R8 + 5] = user.r13;
	registers[REGISTER_R8 + 6] = user.r14;
	registers[REGISTER_R15] = user.r15;
	registers[REGISTER_RIP] = user.rip;
	walk->known = REGISTERS_ALL;
	walk->exact = 1;
	walk->end = WALK_TRUNCATED; /* unless a step ends it */
	walk->frames = 0;
	walk->by_pointer = 0;
	walk->bytes = 0; /* no mapping yet */
	walk->block = TABLE_NONE;
	walk->settled = 0;
	return 1;
}

/*
 * Walks the user stack of the task, frames going to the body from there on; false if that is not
 * for us to do.
 */
static __always_inline int walk_user_stack(struct cpu_state *cpu, struct task_struct *task,
					   __u32 at)
{
	struct walk *walk = &cpu->walk;
	struct unwind_process *process;
	__u32 pid = cpu->header.pid;

	if (!config.unwind || !walk_begin(walk, task))
		return 0;
	walk->frames_at = at;
	walk->clock = cpu->header.time_nanos >> SLOT_CLOCK_SHIFT;
	cpu->window_start = 1; /* no word begins there */
	cpu->window_last = 0;
	cpu->header.space = space_of(task);
	process = bpf_map_lookup_elem(&processes, &pid);
	/* Whatever it maps or executes meanwhile: user space tries again, and copies would be in vain. */
	if (process && !process->mappings) {
		walk->settled = 1;
		walk->end = WALK_MAPPINGS_NO_ROOM;
		return 1;
	}
	if (!process || process->space != cpu->header.space) {
		walk->end = WALK_PROCESS_UNKNOWN;
		return 1;
	}
	walk->mappings = process->mappings;
	walk->mapping_count = process->count & ~PROCESS_SETTLED;
	walk->settled = process->count & PROCESS_SETTLED;
	cpu->header.mappings = process->mappings;
	walk_on();
	return 1;
}

static __always_inline void note_place(struct cpu_state *cpu)
{
	unwind_note(&cpu->walk, cpu->walk.registers[REGISTER_RIP] | FRAME_EXACT);
}

#define COPY_PIECE_BYTES 4096
#define COPY_PIECES_MAX 8
#define COPY_PIECES_FEW 2
/* What is this near to the bottom of the first thread's stack is taken for a part of it. */
#define MAIN_STACK_BYTES_MAX (64 << 20)
/* Below rsp, what a function has just taken off the stack is still there (psABI: the red zone). */
#define RED_ZONE_BYTES 128

/* Notes where the walk stopped, and from where on the stack is to be copied. */
static __always_inline void resumption_begin(struct walk *walk, struct resumption *resumption)
{
	__u64 rsp = walk->registers[REGISTER_RSP] & ~7ULL, word;

	__builtin_memcpy(resumption->registers, walk->registers, sizeof(resumption->registers));
	resumption->known = walk->known;
	resumption->exact = walk->exact;
	resumption->unread = 0;
	resumption->code = 0;
	resumption->stack_start = rsp - RED_ZONE_BYTES;
	/* Where a stack has only begun to be used there may be nothing below. */
	if (bpf_probe_read_user(&word, sizeof(word), (void *)resumption->stack_start))
		resumption->stack_start = rsp;
	unwind_code(walk, walk->registers[REGISTER_RIP] - UNWIND_CODE_BEFORE(walk->exact),
		    &resumption->code);
}

/* Whether there is more of the first thread's stack from the address on, touched or not. */
static __always_inline int is_cut(struct task_struct *task, __u64 rsp, __u64 address)
{
	__u64 bottom = BPF_CORE_READ(task, mm, start_stack);

	return address < bottom && bottom - rsp < MAIN_STACK_BYTES_MAX;
}

/* The fewer, the more waits in the ring, so that copies leave room for what has none. */
static __always_inline __u32 pieces_wanted(__u64 waiting)
{
	if (waiting > config.ring_bytes / 4 * 3)
		return 0;
	return waiting > config.ring_bytes / 2 ? COPY_PIECES_FEW : COPY_PIECES_MAX;
}

/*
 * Copies the stack from the address on to body + to, in at most so many of pieces_max pieces, each up
 * to the end of its page, as nothing may lie above it. Notes in copied where it ended: as
 * SAMPLE_COPY_CUT for want of room, or as SAMPLE_COPY_UNREAD because nothing could be read there.
 * In memory, so that the verifier goes on from one state, not from one for each piece.
 */
static __always_inline void copy_pieces(volatile struct copied *copied, __u8 *body, __u32 room,
					__u32 pieces_max, __u32 pieces, __u32 to, __u64 address)
{
	__u32 i, bytes;

	copied->ended = SAMPLE_COPY_CUT;
	for (i = 0; i < pieces_max; i++) {
		bytes = COPY_PIECE_BYTES - (address & (COPY_PIECE_BYTES - 1));
		barrier_var(bytes);
		barrier_var(to);
		if (i >= pieces || bytes > COPY_PIECE_BYTES || to > room - COPY_PIECE_BYTES)
			break;
		if (bpf_probe_read_user(body + to, bytes, (void *)address)) {
			copied->ended = SAMPLE_COPY_UNREAD;
			break;
		}
		to += bytes;
		address += bytes;
	}
	copied->to = to;
	copied->address = address;
}

/* How a copy ended that stopped at the address: where the first thread's stack goes on it is cut. */
static __always_inline __u32 copy_flags(struct cpu_state *cpu, struct task_struct *task,
					__u64 address, __u32 ended)
{
	return is_cut(task, cpu->walk.registers[REGISTER_RSP], address) ?
		ended | SAMPLE_COPY_CUT :
		ended;
}

/*
 * Puts what user space needs to take the walk up again into the body, from there on, and returns its
 * size in bytes, a multiple of eight.
 */
static __always_inline __u32 copy_stack(struct cpu_state *cpu, struct task_struct *task, __u32 at,
					__u64 waiting)
{
	volatile struct copied *copied = &cpu->copied;
	struct resumption *resumption;

	barrier_var(at);
	if (at > BODY_BYTES - sizeof(*resumption))
		return 0;
	/* Not by way of our stack: with that, and what we call, it would be too deep for Linux 6.1. */
	resumption = (void *)(cpu->body + at);
	resumption_begin(&cpu->walk, resumption);
	copy_pieces(copied, cpu->body, BODY_BYTES, COPY_PIECES_MAX, pieces_wanted(waiting),
		    at + sizeof(*resumption), resumption->stack_start);
	cpu->header.flags |= copy_flags(cpu, task, copied->address, copied->ended);
	return copied->to - at;
}

#define DEEP_PIECES_MAX ((DEEP_STACK_BYTES - BODY_BYTES) / COPY_PIECE_BYTES + 1)

/*
 * Sends a sample whose stack is deeper than what a CPU has room for, straight from the ring. The body
 * has so many bytes that are its beginning. False if that cannot be, and nothing has changed.
 */
static __always_inline int send_deep(struct cpu_state *cpu, struct task_struct *task, __u32 begun,
				     __u64 wakeup)
{
	volatile struct copied *copied = &cpu->copied;
	struct deep_sample *deep;

	barrier_var(begun);
	if (copied->ended != SAMPLE_COPY_CUT || begun > BODY_BYTES)
		return 0;
	/* Now, as other CPUs may have taken room meanwhile, each as much. */
	if (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= config.ring_bytes / 4)
		return 0;
	deep = bpf_ringbuf_reserve(&ring, sizeof(*deep), 0);
	if (!deep)
		return 0;
	if (bpf_probe_read_kernel(deep->body, begun, cpu->body)) {
		bpf_ringbuf_discard(deep, BPF_RB_NO_WAKEUP);
		return 0;
	}
	copy_pieces(copied, deep->body, DEEP_BODY_BYTES, DEEP_PIECES_MAX, DEEP_PIECES_MAX, begun,
		    copied->address);
	deep->header = cpu->header;
	deep->header.flags &= ~SAMPLE_COPY_CUT;
	deep->header.flags |= copy_flags(cpu, task, copied->address, copied->ended);
	deep->header.resumption_words += (copied->to - begun) / sizeof(__u64);
	bpf_ringbuf_submit(deep, wakeup);
	return 1;
}

#else

static __always_inline void note_place(struct cpu_state *cpu)
{
	(void)cpu;
}

static __always_inline int walk_user_stack(struct cpu_state *cpu, struct task_struct *task,
					   __u32 at)
{
	(void)cpu;
	(void)task;
	(void)at;
	return 0;
}

static __always_inline __u32 copy_stack(struct cpu_state *cpu, struct task_struct *task, __u32 at,
					__u64 waiting)
{
	(void)cpu;
	(void)task;
	(void)at;
	(void)waiting;
	return 0;
}

static __always_inline int send_deep(struct cpu_state *cpu, struct task_struct *task, __u32 begun,
				     __u64 wakeup)
{
	(void)cpu;
	(void)task;
	(void)begun;
	(void)wakeup;
	return 0;
}

#endif

#if defined(__TARGET_ARCH_x86) && !defined(BOUNDED_LOOP)
#include "deferred.h"
#else
/* No stack is walked, or by kernels that cannot run a program in a task. */
static __always_inline int defer(struct cpu_state *cpu, struct task_struct *task, __u32 kernel)
{
	(void)cpu;
	(void)task;
	(void)kernel;
	return 0;
}
#endif

#endif
