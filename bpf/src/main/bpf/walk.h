/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walk of a user stack and what it goes by: mappings of processes and tables of binaries, which
 * user space writes and the kernel reads.
 */
#ifndef EMBERSCOPE_WALK_H
#define EMBERSCOPE_WALK_H

#include <linux/types.h>

/* Frames of a user stack at most. */
#define USER_FRAMES_MAX 1024
/* Set in a frame that is the instruction that was interrupted, not one that a call returns to. */
#define FRAME_EXACT (1ULL << 63)

/* A place in the chunks: the number of a word. 0 is nowhere. */
#define CHUNK_SHIFT 18
#define CHUNK_WORDS (1 << CHUNK_SHIFT)
#define CHUNK_MASK (CHUNK_WORDS - 1)
#define CHUNKS_MAX 256
#define CHUNK_BYTES (CHUNK_WORDS * 4)

#define TABLES_MAX 8192
/* Of one process; a chunk has room for twice as many. */
#define MAPPINGS_MAX 16384

/* What unwind_table() says instead of a place. */
enum unwind_table_state {
	TABLE_MISSING, /* nobody has looked yet */
	TABLE_NONE, /* there is none: go by frame pointers */
	TABLE_NO_ROOM, /* the memory budget has no room for it: the same, and say so */
	TABLE_PLACES, /* places of tables begin here */
};

/* One executable mapping of a process; those of a process lie sorted by start. 32 bytes. */
struct unwind_mapping {
	__u64 start;
	__u64 end;
	__u64 bias; /* address - bias is the offset in the file */
	__u32 table;
	__u32 reserved;
};

/* Numbers of registers as DWARF has them (System V psABI for AMD64, figure 3.36). */
enum unwind_register {
	REGISTER_RAX,
	REGISTER_RDX,
	REGISTER_RCX,
	REGISTER_RBX,
	REGISTER_RSI,
	REGISTER_RDI,
	REGISTER_RBP,
	REGISTER_RSP,
	REGISTER_R8,
	REGISTER_R15 = 15,
	REGISTER_RIP,
	REGISTERS,
};

#define REGISTERS_ALL ((1U << REGISTERS) - 1)
#define REGISTERS_OF_CALLER (1U << REGISTER_RBP | 1U << REGISTER_RSP | 1U << REGISTER_RIP)

/*
 * A table: UNWIND_HEADER words, then for each page of code the number of its first row and at the
 * end the number of rows, then long rules, then rows. docs/formats/unwind-table.md says it all.
 */
enum unwind_header {
	UNWIND_FIRST_PAGE,
	UNWIND_PAGES,
	UNWIND_LONG_RULES,
	UNWIND_ROWS,
	UNWIND_HEADER,
};

#define UNWIND_PAGE_SHIFT 10
/* Rows of a page and the one before it take so many halvings. */
#define UNWIND_ROW_STEPS 11
#define UNWIND_MAPPING_STEPS 15

#define RULE_LONG 0x8000
#define RULE_NONE 0x8000 /* the first long rule of every table */

/* Parts of a short rule. */
#define RULE_CFA_WORDS 0x1ff
#define RULE_CFA_OF_RBP 0x200
#define RULE_RBP_SHIFT 10

#define LONG_RULE_WORDS 4

enum unwind_kind {
	KIND_NONE,
	KIND_END,
	KIND_REGISTER,
	KIND_DEREF,
	KIND_PLT,
	KIND_SIGNAL,
};

enum unwind_rbp {
	RBP_SAME,
	RBP_AT_CFA,
	RBP_AT_RBP,
	RBP_UNDEFINED,
	RBP_AT_RSP,
	RBP_IN_REGISTER,
};

/*
 * In the third word of a long rule of KIND_REGISTER, in tables of binaries that have CFAs on rbx:
 * the caller's rbx is as it was; a negative number means that it is at the CFA plus that.
 */
#define RBX_SAME 1

enum unwind_return {
	RETURN_AT_CFA,
	RETURN_IN_REGISTER,
};

/* Why a walk ended. StackEnd.java has the same, in this order. */
enum walk_end {
	WALK_COMPLETE, /* at the outermost frame */
	WALK_NO_STACK, /* a thread of the kernel, or one that ends or begins another program */
	WALK_TRUNCATED, /* more than USER_FRAMES_MAX frames */
	WALK_STACK_UNREADABLE, /* a part of the stack is not in memory, or is none */
	WALK_NO_MAPPING, /* a return address that is in no executable mapping */
	WALK_NO_RULE, /* code without a table, and no frame pointer */
	WALK_REGISTER_LOST, /* the rule needs a register that nobody saved */
	WALK_NOT_GROWING, /* the caller's frame would lie below */
	WALK_PROCESS_UNKNOWN, /* its mappings are not known yet */
	WALK_TABLE_MISSING, /* the binary's table is not loaded yet */
	WALK_COPY_CUT, /* the stack is deeper than what was copied of it */
	WALK_BY_KERNEL, /* 32-bit code: the kernel's own walk, by frame pointers */
	WALK_MAPPINGS_CHANGED, /* it went by mappings that were no longer true; said by user space */
	WALK_TABLE_NO_ROOM, /* no frame pointer, and no room for the binary's table */
	WALK_MAPPINGS_NO_ROOM, /* no room for the process's mappings: nothing but the leaf */
	WALK_ENDS,
};

struct walk {
	__u64 registers[REGISTERS];
	__u32 known; /* registers that have their values, as bits */
	__u32 exact; /* rip is about to run, not returned to */
	__u32 end; /* enum walk_end, once it has ended */
	__u32 frames;
	__u32 frames_at; /* where the next one goes */
	__u32 by_pointer; /* frames found by frame pointers */

	/* The mapping of the last frame. */
	__u32 block; /* its table's place, or one of enum unwind_table_state */
	__u64 start;
	__u64 bytes;
	__u64 bias;

	/* Those of the process. */
	__u32 mappings; /* a place */
	__u32 mapping_count;
	__u32 settled; /* whether to ask user space about code in none of them is in vain */

	__u32 clock; /* what struct unwind_slot counts in */
};

/* Of struct resumption, in words of eight bytes. */
#define RESUMPTION_WORDS (REGISTERS + 3)

/* The mappings of a process, as the kernel looks them up by its id. */
struct unwind_process {
	__u64 space; /* what sample_header.space must say for them to be right */
	__u32 mappings; /* a place; 0 if the memory budget has no room for them */
	__u32 count; /* and PROCESS_SETTLED */
};

/* Code in none of the mappings is nothing that user space could tell more of. */
#define PROCESS_SETTLED 0x80000000U

/* What is known of the table with some number. */
struct unwind_slot {
	__u32 state; /* a place, or one of enum unwind_table_state */
	__u32 used; /* when it was used last, in units of 2^30 ns of CLOCK_MONOTONIC */
};

#define SLOT_CLOCK_SHIFT 30

/* Processes whose mappings the kernel knows at once. */
#define PROCESSES_MAX 8192

#endif
