/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the walk of user stacks goes by, as user space writes it and the sampler's program reads it;
 * and the same walk over a stack that was copied. Nothing of Java here.
 */
#ifndef EMBERSCOPE_UNWIND_MEMORY_H
#define EMBERSCOPE_UNWIND_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bpf/sample.h"
#include "failure.h"

/* The maps; -1 for each in memory that no program reads. */
struct unwind_maps {
	int chunks;
	int tables;
	int processes;
};

struct unwind_memory {
	struct unwind_maps maps;
	struct unwind_slot *slots;
	uint32_t *chunks[CHUNKS_MAX]; /* NULL where there is none */
};

/* Takes over the maps. Memory without them serves walks over copies alone. */
int unwind_memory_open(struct unwind_memory *memory, const struct unwind_maps *maps,
		       struct failure *failure);
void unwind_memory_close(struct unwind_memory *memory);

/* The number of a chunk that was added, all zero; or -errno, -ENOSPC if there can be no more. */
int unwind_memory_add_chunk(struct unwind_memory *memory, struct failure *failure);

/* Gives a chunk back. Nothing must have led to it for as long as a walk may last. */
int unwind_memory_remove_chunk(struct unwind_memory *memory, uint32_t number,
			       struct failure *failure);

/* Where that many words are, or NULL if they are not in one chunk. */
uint32_t *unwind_memory_words(const struct unwind_memory *memory, uint32_t place, uint32_t count);

/* The table that a walk by these mappings takes for an address, and the bias; false if none. */
bool unwind_memory_find(const struct unwind_memory *memory, uint32_t place, uint32_t count,
			uint64_t address, uint32_t *table, uint64_t *bias);

/* All that was written before is there for whoever finds the new state. */
void unwind_memory_set_table(struct unwind_memory *memory, uint32_t number, uint32_t state);

int unwind_memory_set_process(const struct unwind_memory *memory, uint32_t pid,
			      const struct unwind_process *process, struct failure *failure);
int unwind_memory_remove_process(const struct unwind_memory *memory, uint32_t pid,
				 struct failure *failure);

/*
 * Goes on with a walk, and returns how many frames it found. After them comes the address where it
 * ended, so there must be room for one more than frames_max.
 *
 * stack: what was copied from resumption->stack_start on
 * process: the mappings to go by; its space is not looked at
 */
uint32_t unwind_memory_walk(const struct unwind_memory *memory,
			    const struct resumption *resumption, const uint8_t *stack,
			    size_t stack_bytes, const struct unwind_process *process,
			    uint64_t *frames, uint32_t frames_max, enum walk_end *end);

#endif
