/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From one frame of a user stack to the one that called it (x86-64), by the tables that user space
 * made from binaries, or else by frame pointers. The same code runs in the kernel, inside the
 * sampler, and in user space, over stacks that were copied.
 *
 * Whoever includes this says how memory is reached, by six functions:
 *   unwind_chunk()  the tables and mappings, which lie in chunks of words
 *   unwind_table()  the place where the table of that number is, or one of enum unwind_table_state
 *   unwind_read()   a word of the stack that is walked
 *   unwind_code()   eight bytes of code
 *   unwind_note()   keeps a frame
 *   unwind_renote() keeps another frame in place of the last
 */
#ifndef EMBERSCOPE_UNWIND_H
#define EMBERSCOPE_UNWIND_H

#include "walk.h"

/* Keeps the compiler from forgetting what was checked, which the verifier would then not see. */
#ifndef barrier_var
#define barrier_var(value) asm volatile("" : "+r"(value))
#endif

static inline const __u32 *unwind_chunk(__u32 place);
static inline __u32 unwind_table(struct walk *walk, __u32 number);
static inline int unwind_read(struct walk *walk, __u64 address, __u64 *value);
static inline int unwind_code(struct walk *walk, __u64 address, __u64 *code);
static inline void unwind_note(struct walk *walk, __u64 frame);
static inline void unwind_renote(struct walk *walk, __u64 frame);

/*
 * All ones if a < b, else 0, for numbers that differ by less than half of what they can hold.
 * Searches go by it instead of branching: the verifier would have to try every way.
 */
#define BELOW(type, a, b) ((type)((a) - (b)) >> (sizeof(type) * 8 - 1))

/* The rule for the code at that offset of the file. Called by its own name, so verified once. */
UNWIND_FUNCTION __u32 unwind_rule(__u32 block, __u64 offset)
{
	const __u32 *words = unwind_chunk(block);
	__u64 page = offset >> UNWIND_PAGE_SHIFT;
	__u32 low = offset & 0xffff, pages, from, count, rows, i;

	if (!words)
		return RULE_NONE;
	pages = words[(block + UNWIND_PAGES) & CHUNK_MASK];
	page -= words[(block + UNWIND_FIRST_PAGE) & CHUNK_MASK];
	if (page >= pages)
		return RULE_NONE;
	from = words[(block + UNWIND_HEADER + (__u32)page) & CHUNK_MASK];
	count = words[(block + UNWIND_HEADER + (__u32)page + 1) & CHUNK_MASK] - from;
	rows = block + ((UNWIND_HEADER + pages + 1 + 3) & ~3U) +
	       LONG_RULE_WORDS * words[(block + UNWIND_LONG_RULES) & CHUNK_MASK];
	/* The row before those of the page is a candidate too: it holds where theirs begin. */
	if (from) {
		from--;
		count++;
	}
	for (i = 0; i < UNWIND_ROW_STEPS && count > 1; i++) {
		__u32 half = count >> 1;
		__u32 row = words[(rows + from + half) & CHUNK_MASK] & 0xffff;

		from += half & ~BELOW(__s32, low, row);
		count -= half;
	}
	return words[(rows + from) & CHUNK_MASK] >> 16;
}

/* The number of the last mapping that starts at or before the address; some number if none does. */
UNWIND_FUNCTION __u32 unwind_find_mapping(__u32 mappings, __u32 count, __u64 address)
{
	const __u32 *words = unwind_chunk(mappings);
	__u32 from = 0, i;

	if (!words)
		return 0;
	for (i = 0; i < UNWIND_MAPPING_STEPS && count > 1; i++) {
		__u32 half = count >> 1;
		const struct unwind_mapping *mapping =
			(const void *)&words[(mappings + 8 * (from + half)) & CHUNK_MASK & ~7U];

		from += half & ~(__u32)BELOW(__s64, address, mapping->start);
		count -= half;
	}
	return from;
}

/* Notes the mapping that the address is in; false if there is none. */
static inline int unwind_enter_mapping(struct walk *walk, __u64 address)
{
	const struct unwind_mapping *mapping;
	const __u32 *words;
	__u32 number;

	number = unwind_find_mapping(walk->mappings, walk->mapping_count, address);
	words = unwind_chunk(walk->mappings);
	if (!words)
		return 0;
	mapping = (const void *)&words[(walk->mappings + 8 * number) & CHUNK_MASK & ~7U];
	if (address < mapping->start || address >= mapping->end)
		return 0;
	walk->start = mapping->start;
	walk->bytes = mapping->end - mapping->start;
	walk->bias = mapping->bias;
	walk->block = unwind_table(walk, mapping->table);
	return 1;
}

/* Ends the walk; for returning from a step. */
static inline int unwind_end(struct walk *walk, enum walk_end end)
{
	walk->end = end;
	return 1;
}

/* Goes on to the caller. Of its other registers only those in kept are known, as bits. */
static inline int unwind_to_with(struct walk *walk, __u64 rip, __u64 rsp, __u64 rbp, __u32 kept)
{
	walk->registers[REGISTER_RIP] = rip;
	walk->registers[REGISTER_RSP] = rsp;
	walk->registers[REGISTER_RBP] = rbp;
	walk->exact = 0;
	/* Where nobody saved it, rbp stays lost. */
	walk->known &= REGISTERS_OF_CALLER | kept;
	return rip ? 0 : unwind_end(walk, WALK_COMPLETE);
}

static inline int unwind_to(struct walk *walk, __u64 rip, __u64 rsp, __u64 rbp)
{
	return unwind_to_with(walk, rip, rsp, rbp, 0);
}

/*
 * Where a function without a table was interrupted before it had set up its frame, or after it had
 * taken it down: how many words lie above the return address, or -1. The first of the eight bytes
 * of code is the one before rip.
 */
static inline int unwind_words_before_return(__u64 code)
{
	__u32 next = code >> 8;

	if ((next & 0xff) == 0x55 || next == 0xfa1e0ff3) /* push %rbp; endbr64 */
		return 0;
	if ((next & 0xff) == 0xc3 || (next & 0xff) == 0xc2) /* ret */
		return 0;
	/* A stub that leads to another binary, or a tail call to it: jmp *x(%rip), bnd jmp *x(%rip) */
	if ((next & 0xffff) == 0x25ff || (next & 0xffffff) == 0x25fff2)
		return 0;
	if ((code & 0xff) == 0x55 &&
	    ((next & 0xffffff) == 0xe58948 || (next & 0xffffff) == 0xec8b48)) /* mov %rsp,%rbp */
		return 1;
	return -1;
}

/* Where eight bytes of code begin that tell what there is to know about the place in rip. */
#define UNWIND_CODE_BEFORE(exact) ((exact) ? 1 : 8)

/*
 * Whether a call ends right before rip, as far as the code can be read: one of those that compilers
 * use for functions that do not return, call x and call *x(%rip).
 */
static inline int unwind_is_after_call(struct walk *walk, __u64 rip)
{
	__u64 code;

	if (unwind_code(walk, rip - UNWIND_CODE_BEFORE(0), &code))
		return 0;
	return (code >> 24 & 0xff) == 0xe8 || (code >> 16 & 0xffff) == 0x15ff;
}

/* The value of a register by its number in a rule; false if it is not known. */
static inline int unwind_register(struct walk *walk, __u32 number, __u64 *value)
{
	barrier_var(number);
	if (number >= REGISTERS || !(walk->known >> number & 1))
		return 0;
	*value = walk->registers[number];
	return 1;
}

/* Why there is no caller where no table says anything: for want of a table, or of room for it. */
static inline int unwind_no_rule(struct walk *walk, enum walk_end end)
{
	return unwind_end(walk, walk->block == TABLE_NO_ROOM ? WALK_TABLE_NO_ROOM : end);
}

/* The step where no table says anything. */
static inline int unwind_by_pointer(struct walk *walk)
{
	__u64 rbp = walk->registers[REGISTER_RBP], rsp = walk->registers[REGISTER_RSP];
	__u64 rip, caller_rbp, code;

	walk->by_pointer++;
	if (walk->exact && !unwind_code(walk, walk->registers[REGISTER_RIP] - 1, &code)) {
		int words = unwind_words_before_return(code);

		if (words >= 0) {
			if (unwind_read(walk, rsp + 8 * (__u32)words, &rip))
				return unwind_end(walk, WALK_STACK_UNREADABLE);
			if (words && unwind_read(walk, rsp, &rbp))
				return unwind_end(walk, WALK_STACK_UNREADABLE);
			return unwind_to(walk, rip, rsp + 8 * (__u32)words + 8, rbp);
		}
	}
	if (!(walk->known & 1U << REGISTER_RBP))
		return unwind_no_rule(walk, WALK_REGISTER_LOST);
	/* The ABI's mark of the outermost frame. In what was interrupted it may be any number. */
	if (!rbp)
		return walk->exact ? unwind_no_rule(walk, WALK_NO_RULE) :
				     unwind_end(walk, WALK_COMPLETE);
	if (rbp & 7)
		return unwind_no_rule(walk, WALK_NO_RULE);
	/* It may well lie below: some frames are on another stack than those they call. */
	if (unwind_read(walk, rbp, &caller_rbp) || unwind_read(walk, rbp + 8, &rip))
		return unwind_no_rule(walk, WALK_NO_RULE);
	if (caller_rbp == rbp)
		return unwind_no_rule(walk, WALK_NO_RULE);
	return unwind_to(walk, rip, rbp + 16, caller_rbp);
}

/*
 * A signal frame has all registers, in a struct sigcontext (asm/sigcontext.h). A handler returns to
 * the first byte of the code that ends it, which nobody called: a byte less is another function.
 */
#define SIGCONTEXT_RSP 15

static inline int unwind_signal(struct walk *walk, __s32 rsp_at)
{
	__u64 first = walk->registers[REGISTER_RSP] + rsp_at - 8 * SIGCONTEXT_RSP;
	__u64 *registers = walk->registers, rsp, rip;
	int failed = 0;

	/* r8 to r15 come first there, too. */
	failed |= unwind_read(walk, first, &registers[REGISTER_R8]);
	failed |= unwind_read(walk, first + 8, &registers[REGISTER_R8 + 1]);
	failed |= unwind_read(walk, first + 16, &registers[REGISTER_R8 + 2]);
	failed |= unwind_read(walk, first + 24, &registers[REGISTER_R8 + 3]);
	failed |= unwind_read(walk, first + 32, &registers[REGISTER_R8 + 4]);
	failed |= unwind_read(walk, first + 40, &registers[REGISTER_R8 + 5]);
	failed |= unwind_read(walk, first + 48, &registers[REGISTER_R8 + 6]);
	failed |= unwind_read(walk, first + 56, &registers[REGISTER_R15]);
	failed |= unwind_read(walk, first + 64, &registers[REGISTER_RDI]);
	failed |= unwind_read(walk, first + 72, &registers[REGISTER_RSI]);
	failed |= unwind_read(walk, first + 80, &registers[REGISTER_RBP]);
	failed |= unwind_read(walk, first + 88, &registers[REGISTER_RBX]);
	failed |= unwind_read(walk, first + 96, &registers[REGISTER_RDX]);
	failed |= unwind_read(walk, first + 104, &registers[REGISTER_RAX]);
	failed |= unwind_read(walk, first + 112, &registers[REGISTER_RCX]);
	failed |= unwind_read(walk, first + 120, &rsp);
	failed |= unwind_read(walk, first + 128, &rip);
	unwind_renote(walk, registers[REGISTER_RIP] | FRAME_EXACT);
	if (failed)
		return unwind_end(walk, WALK_STACK_UNREADABLE);
	registers[REGISTER_RSP] = rsp;
	registers[REGISTER_RIP] = rip;
	walk->known = REGISTERS_ALL;
	walk->exact = 1;
	return 0;
}

static inline int unwind_short(struct walk *walk, __u32 rule)
{
	__u64 rsp = walk->registers[REGISTER_RSP], rbp = walk->registers[REGISTER_RBP];
	__u32 slot = rule >> RULE_RBP_SHIFT;
	__u64 cfa = rsp, rip;

	if (rule & RULE_CFA_OF_RBP) {
		if (!(walk->known & 1U << REGISTER_RBP))
			return unwind_end(walk, WALK_REGISTER_LOST);
		cfa = rbp;
	}
	cfa += 8 * (rule & RULE_CFA_WORDS);
	if (cfa <= rsp)
		return unwind_end(walk, WALK_NOT_GROWING);
	/* The lower one first: what is read of the stack at once begins there. */
	if (slot) {
		if (unwind_read(walk, cfa - 8 * slot, &rbp))
			return unwind_end(walk, WALK_STACK_UNREADABLE);
		walk->known |= 1U << REGISTER_RBP;
	}
	if (unwind_read(walk, cfa - 8, &rip))
		return unwind_end(walk, WALK_STACK_UNREADABLE);
	return unwind_to(walk, rip, cfa, rbp);
}

static inline int unwind_long(struct walk *walk, __u32 number)
{
	const __u32 *words = unwind_chunk(walk->block);
	__u64 rsp = walk->registers[REGISTER_RSP], rbp = walk->registers[REGISTER_RBP];
	__u64 rip = walk->registers[REGISTER_RIP], rbx = walk->registers[REGISTER_RBX], cfa;
	__u32 at, what, offsets, kept = 0, known = walk->known;
	__s32 a, b;

	if (!words)
		return unwind_by_pointer(walk);
	at = walk->block +
	     ((UNWIND_HEADER + words[(walk->block + UNWIND_PAGES) & CHUNK_MASK] + 1 + 3) & ~3U) +
	     LONG_RULE_WORDS * number;
	what = words[at & CHUNK_MASK];
	a = words[(at + 1) & CHUNK_MASK];
	b = words[(at + 2) & CHUNK_MASK];
	offsets = words[(at + 3) & CHUNK_MASK];

	switch (what & 0xff) {
	case KIND_END:
		return unwind_end(walk, WALK_COMPLETE);
	case KIND_SIGNAL:
		return unwind_signal(walk, a);
	case KIND_PLT:
		cfa = rsp + a + ((rip & 15) >= (__u32)b ? 8 : 0);
		break;
	case KIND_REGISTER:
	case KIND_DEREF:
		if (!unwind_register(walk, what >> 8 & 0xff, &cfa))
			return unwind_end(walk, WALK_REGISTER_LOST);
		cfa += a;
		if ((what & 0xff) == KIND_REGISTER)
			break;
		if (unwind_read(walk, cfa, &cfa))
			return unwind_end(walk, WALK_STACK_UNREADABLE);
		cfa += b;
		break;
	default:
		return unwind_by_pointer(walk);
	}
	/* A function that took its return address off the stack has its caller's frame. */
	if (cfa < rsp || (cfa == rsp && what >> 24 != RETURN_IN_REGISTER))
		return unwind_end(walk, WALK_NOT_GROWING);

	switch (what >> 16 & 0xff) {
	case RBP_SAME:
		break;
	case RBP_IN_REGISTER:
		if (unwind_register(walk, offsets & 0xffff, &rbp)) {
			known |= 1U << REGISTER_RBP;
			break;
		}
		known &= ~(1U << REGISTER_RBP);
		break;
	case RBP_UNDEFINED:
		known &= ~(1U << REGISTER_RBP);
		break;
	default: {
		__u64 base = cfa, saved;

		if ((what >> 16 & 0xff) == RBP_AT_RBP)
			base = rbp;
		else if ((what >> 16 & 0xff) == RBP_AT_RSP)
			base = rsp;
		if (!unwind_read(walk, base + (__s16)(offsets & 0xffff), &saved)) {
			rbp = saved;
			known |= 1U << REGISTER_RBP;
			break;
		}
		/*
		 * Tables of realigned frames say until the end that rbp is stored where it points to, also
		 * when the caller's is back already: if that points nowhere, it is.
		 */
		if (!walk->exact || (what >> 16 & 0xff) != RBP_AT_RBP)
			return unwind_end(walk, WALK_STACK_UNREADABLE);
	}
	}

	if ((what & 0xff) == KIND_REGISTER && b) {
		kept = 1U << REGISTER_RBX;
		if (b != RBX_SAME) {
			if (unwind_read(walk, cfa + b, &rbx))
				return unwind_end(walk, WALK_STACK_UNREADABLE);
			known |= kept;
		}
	}

	if (what >> 24 == RETURN_IN_REGISTER) {
		if (!unwind_register(walk, offsets >> 16, &rip))
			return unwind_end(walk, WALK_REGISTER_LOST);
	} else if (unwind_read(walk, cfa + (__s16)(offsets >> 16), &rip)) {
		return unwind_end(walk, WALK_STACK_UNREADABLE);
	}
	/* Only now: until here the step can be tried again. */
	walk->registers[REGISTER_RBX] = rbx;
	walk->known = known;
	return unwind_to_with(walk, rip, cfa, rbp, kept);
}

/*
 * Notes the frame that the walk is at, through unwind_note(), and goes on to its caller. Returns
 * whether the walk has ended; if for want of a mapping or a table, the frame is not noted, so that
 * the walk can be taken up again.
 */
static inline int unwind_step(struct walk *walk)
{
	__u64 rip = walk->registers[REGISTER_RIP];
	__u64 address = rip - !walk->exact;
	int is_first;
	__u32 rule;

	if (address - walk->start >= walk->bytes && !unwind_enter_mapping(walk, address))
		return unwind_no_rule(walk, WALK_NO_MAPPING);
	if (walk->block == TABLE_MISSING)
		return unwind_end(walk, WALK_TABLE_MISSING);
	rule = walk->block < TABLE_PLACES ? RULE_NONE :
					    unwind_rule(walk->block, address - walk->bias);
	/*
	 * No call returns to the first byte of a function unless it ends the one before. What does
	 * was put there by hand, like makecontext(3)'s trampoline, and nobody called it. Only the
	 * kernel can read the code on most of a stack; where nobody can, it is taken for that too.
	 */
	is_first = rule == RULE_NONE && !walk->exact && walk->block >= TABLE_PLACES &&
		   unwind_rule(walk->block, rip - walk->bias) != RULE_NONE &&
		   !unwind_is_after_call(walk, rip);
	unwind_note(walk, walk->exact || is_first ? rip | FRAME_EXACT : rip);
	if (walk->block < TABLE_PLACES)
		return unwind_by_pointer(walk);
	if (!(rule & RULE_LONG))
		return unwind_short(walk, rule);
	if (is_first)
		return unwind_end(walk, WALK_COMPLETE);
	return unwind_long(walk, rule & ~RULE_LONG);
}

#endif
