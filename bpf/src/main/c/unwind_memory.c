/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "unwind_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

/* A walk over a copy of the stack. */
struct copied_walk {
	struct walk walk;
	const struct unwind_memory *memory;
	const uint8_t *stack;
	size_t stack_bytes;
	uint64_t stack_start;
	uint64_t code_address;
	uint64_t code;
	uint64_t *frames;
	uint32_t frames_max;
	bool past_copy; /* a word above the copy was wanted */
};

#define COPIED(walk_) ((struct copied_walk *)(walk_))

/*
 * The step reaches chunks by a place alone, as it does in the kernel; here the memory must be known
 * too. Walks over copies are made by one thread at a time each.
 */
static __thread const struct unwind_memory *walked;

#define UNWIND_FUNCTION static
#include "../bpf/unwind.h"

static inline const uint32_t *unwind_chunk(uint32_t place)
{
	uint32_t number = place >> CHUNK_SHIFT;

	return number < CHUNKS_MAX ? walked->chunks[number] : NULL;
}

static inline uint32_t unwind_table(struct walk *walk, uint32_t number)
{
	struct unwind_slot *slot = &COPIED(walk)->memory->slots[number & (TABLES_MAX - 1)];

	slot->used = walk->clock;
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

static inline int unwind_read(struct walk *walk, __u64 address, __u64 *value)
{
	struct copied_walk *copied = COPIED(walk);
	uint64_t at = address - copied->stack_start;

	if (address & 7)
		return -1;
	if (copied->stack_bytes < 8 || at > copied->stack_bytes - 8) {
		copied->past_copy = copied->stack_bytes && address >= copied->stack_start;
		return -1;
	}
	memcpy(value, copied->stack + at, sizeof(*value));
	return 0;
}

static inline int unwind_code(struct walk *walk, __u64 address, __u64 *code)
{
	*code = COPIED(walk)->code;
	return address == COPIED(walk)->code_address ? 0 : -1;
}

static inline void unwind_note(struct walk *walk, __u64 frame)
{
	if (walk->frames < COPIED(walk)->frames_max)
		COPIED(walk)->frames[walk->frames++] = frame;
}

static inline void unwind_renote(struct walk *walk, __u64 frame)
{
	if (walk->frames)
		COPIED(walk)->frames[walk->frames - 1] = frame;
}

uint32_t unwind_memory_walk(const struct unwind_memory *memory,
			    const struct resumption *resumption, const uint8_t *stack,
			    size_t stack_bytes, const struct unwind_process *process,
			    uint64_t *frames, uint32_t frames_max, enum walk_end *end)
{
	struct copied_walk copied = {
		.memory = memory,
		.stack = stack,
		.stack_bytes = stack_bytes,
		.stack_start = resumption->stack_start,
		.code_address = resumption->registers[REGISTER_RIP] -
				UNWIND_CODE_BEFORE(resumption->exact),
		.code = resumption->code,
		.frames = frames,
		.frames_max = frames_max,
	};
	struct walk *walk = &copied.walk;
	uint32_t step;

	memcpy(walk->registers, resumption->registers, sizeof(walk->registers));
	walk->known = resumption->known & REGISTERS_ALL;
	walk->exact = resumption->exact != 0;
	walk->end = WALK_TRUNCATED;
	walk->mappings = process->mappings;
	walk->mapping_count = process->count & ~PROCESS_SETTLED;
	walked = memory;
	for (step = 0; step < frames_max; step++)
		if (unwind_step(walk))
			break;
	frames[walk->frames] = walk->registers[REGISTER_RIP];
	*end = walk->end;
	if (copied.past_copy && !resumption->unread &&
	    (*end == WALK_STACK_UNREADABLE || *end == WALK_NO_RULE))
		*end = WALK_COPY_CUT;
	return walk->frames;
}

static void *map_value(int map, size_t bytes)
{
	void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

	return mapped == MAP_FAILED ? NULL : mapped;
}

/* Memory of the kernel's map, or of our own if there is none. */
static void *memory_of(int map, size_t bytes)
{
	return map < 0 ? calloc(1, bytes) : map_value(map, bytes);
}

static void give_back(int map, void *memory, size_t bytes)
{
	if (!memory)
		return;
	if (map < 0)
		free(memory);
	else
		munmap(memory, bytes);
}

#define SLOTS_BYTES (TABLES_MAX * sizeof(struct unwind_slot))

int unwind_memory_open(struct unwind_memory *memory, const struct unwind_maps *maps,
		       struct failure *failure)
{
	memory->maps = *maps;
	memory->slots = memory_of(maps->tables, SLOTS_BYTES);
	if (!memory->slots)
		return fail(failure, errno, "mapping the numbers of unwind tables");
	return 0;
}

void unwind_memory_close(struct unwind_memory *memory)
{
	int number;

	for (number = 0; number < CHUNKS_MAX; number++)
		give_back(memory->maps.chunks, memory->chunks[number], CHUNK_BYTES);
	give_back(memory->maps.tables, memory->slots, SLOTS_BYTES);
	if (memory->maps.chunks >= 0)
		close(memory->maps.chunks);
	if (memory->maps.tables >= 0)
		close(memory->maps.tables);
	if (memory->maps.processes >= 0)
		close(memory->maps.processes);
}

/* A chunk the program can read; NULL and a failure if there is none to be had. */
static uint32_t *new_chunk(const struct unwind_memory *memory, uint32_t number,
			   struct failure *failure)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	uint32_t *words;
	int map, error;

	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "emberscope_unwind", sizeof(uint32_t), CHUNK_BYTES,
			     1, &options);
	if (map < 0) {
		fail(failure, -map, "making room for unwind tables");
		return NULL;
	}
	words = map_value(map, CHUNK_BYTES);
	error = words ? 0 : errno;
	if (!error && bpf_map_update_elem(memory->maps.chunks, &number, &map, BPF_ANY)) {
		error = errno;
		munmap(words, CHUNK_BYTES);
	}
	/* The map of maps, and the mapping, keep it. */
	close(map);
	if (error) {
		fail(failure, error, "making room for unwind tables");
		return NULL;
	}
	return words;
}

int unwind_memory_add_chunk(struct unwind_memory *memory, struct failure *failure)
{
	uint32_t number;
	uint32_t *words;

	for (number = 0; number < CHUNKS_MAX; number++)
		if (!memory->chunks[number])
			break;
	if (number == CHUNKS_MAX)
		return fail(failure, ENOSPC, "making room for unwind tables: more than %d chunks",
			    CHUNKS_MAX);
	if (memory->maps.chunks >= 0) {
		words = new_chunk(memory, number, failure);
	} else {
		words = calloc(1, CHUNK_BYTES);
		if (!words)
			fail(failure, ENOMEM, "making room for unwind tables");
	}
	if (!words)
		return -failure->error;
	memory->chunks[number] = words;
	return (int)number;
}

int unwind_memory_remove_chunk(struct unwind_memory *memory, uint32_t number,
			       struct failure *failure)
{
	uint32_t *words = number < CHUNKS_MAX ? memory->chunks[number] : NULL;

	if (!words)
		return fail(failure, EINVAL, "chunk: %u (expected: one that was added)", number);
	if (memory->maps.chunks >= 0 && bpf_map_delete_elem(memory->maps.chunks, &number))
		return fail(failure, errno, "giving room for unwind tables back");
	give_back(memory->maps.chunks, words, CHUNK_BYTES);
	memory->chunks[number] = NULL;
	return 0;
}

uint32_t *unwind_memory_words(const struct unwind_memory *memory, uint32_t place, uint32_t count)
{
	uint32_t number = place >> CHUNK_SHIFT, first = place & CHUNK_MASK;

	if (number >= CHUNKS_MAX || !memory->chunks[number] || count > CHUNK_WORDS - first)
		return NULL;
	return memory->chunks[number] + first;
}

bool unwind_memory_find(const struct unwind_memory *memory, uint32_t place, uint32_t count,
			uint64_t address, uint32_t *table, uint64_t *bias)
{
	const struct unwind_mapping *mapping;
	uint32_t number;

	if (!count || !unwind_memory_words(memory, place, 8 * count))
		return false;
	walked = memory;
	number = unwind_find_mapping(place, count, address);
	mapping = (const void *)unwind_memory_words(memory, place + 8 * number, 8);
	if (!mapping || address < mapping->start || address >= mapping->end)
		return false;
	*table = mapping->table;
	*bias = mapping->bias;
	return true;
}

void unwind_memory_set_table(struct unwind_memory *memory, uint32_t number, uint32_t state)
{
	__atomic_store_n(&memory->slots[number & (TABLES_MAX - 1)].state, state, __ATOMIC_RELEASE);
}

int unwind_memory_set_process(const struct unwind_memory *memory, uint32_t pid,
			      const struct unwind_process *process, struct failure *failure)
{
	if (memory->maps.processes >= 0 &&
	    bpf_map_update_elem(memory->maps.processes, &pid, process, BPF_ANY))
		return fail(failure, errno, "telling the sampler the mappings of a process");
	return 0;
}

int unwind_memory_remove_process(const struct unwind_memory *memory, uint32_t pid,
				 struct failure *failure)
{
	if (memory->maps.processes >= 0 && bpf_map_delete_elem(memory->maps.processes, &pid) &&
	    errno != ENOENT)
		return fail(failure, errno, "making the sampler forget a process");
	return 0;
}
