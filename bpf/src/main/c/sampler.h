/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sampler's program, its maps and its events. Nothing of Java here: a launcher that loads the
 * program before a JVM exists can use it too.
 */
#ifndef EMBERSCOPE_SAMPLER_H
#define EMBERSCOPE_SAMPLER_H

#include <pthread.h>

#include <bpf/libbpf.h>

#include "../bpf/sample.h"
#include "cpus.h"
#include "unwind_memory.h"

#define OFF_CPU_PROGRAMS 2

/* What decides which hits become samples. */
struct choice_maps {
	int choosing;
	int rules;
};

/* The programs that sample waits, while they do; see off_cpu.c. */
struct off_cpu {
	int programs[OFF_CPU_PROGRAMS]; /* -1 while they do not */
	int links[OFF_CPU_PROGRAMS];
	int state; /* the map */
	int waits; /* the map */
	int bells; /* the map; -1 unless ends of waits are known by interrupts */
	struct cpus cpus; /* the events in it */
	struct cpu_counters before; /* what was counted until they were last stopped */
};

/* How it is known that a wait is over. WaitEnd.java has the same, in this order. */
enum wait_end {
	WAIT_END_BY_TRACEPOINT,
	WAIT_END_BY_INTERRUPT,
	WAIT_ENDS,
};

/* Which hits become samples. */
struct sampler_choice {
	struct choosing choosing;
	int count;
	struct {
		struct rule rule;
		struct choice choice;
	} rules[RULES_MAX];
};

struct sampler_options {
	bool cycles; /* count CPU cycles, not the CPU's clock */
	uint64_t weight_nanos; /* period in CPU time */
	uint32_t ring_bytes;
	uint32_t wakeup_bytes;
	uint32_t cgroup_source;
	bool unwind; /* walk user stacks by tables */
};

struct sampler {
	int program;
	int ring; /* the map */
	int state; /* the map */
	struct unwind_maps unwind; /* -1 if user stacks are not walked by tables */
	struct choice_maps choice;
	int deferred; /* a map that works only while we have it open; -1 if there is none */
	struct cpu_counters abandoned[2]; /* drops of what was deferred: of the CPU, of waits */
	struct off_cpu off_cpu;
	bool cycles;
	uint64_t period; /* in the event's own unit */
	uint64_t weight_nanos;

	/* The ring, as the kernel maps it: ours to write, its to write, the records twice. */
	size_t ring_bytes;
	uint64_t *consumer;
	const uint64_t *producer;
	const uint8_t *records;

	struct cpus cpus;
	bool stopped;
	bool throttles_unknown;
	uint64_t throttles;
	int epoll; /* of the ring */
	int wake; /* an eventfd that ends waits for good */
	pthread_mutex_t lock; /* of everything above but the descriptors */
	struct sampler_config config; /* none if we did not load the program */
};

/* Loads the program and starts sampling; NULL if that fails. */
struct sampler *sampler_open(const void *object, size_t object_bytes,
			     const struct sampler_options *options,
			     const struct sampler_choice *choice, struct failure *failure);

/* Every hit. */
void choose_all(struct sampler_choice *choice);

struct sampler_fds {
	int program;
	int ring;
	int state;
	struct unwind_maps unwind;
	struct choice_maps choice;
	int deferred;
	const int32_t *cpus;
	const int32_t *events;
	const int32_t *links;
	int count;
};

/* Takes over what another process loaded; the descriptors are ours or closed afterwards. */
struct sampler *sampler_adopt(const struct sampler_fds *fds, const struct sampler_options *options,
			      struct failure *failure);

void sampler_destroy(struct sampler *sampler);

/*
 * The longest run of whole records of at most bytes_max, as it lies in memory. Each record has a
 * header of eight bytes before it, whose first four are its length. To be followed by
 * sampler_consumed() with what was used, both under the lock.
 */
size_t sampler_records(const struct sampler *sampler, size_t bytes_max, const void **records);
void sampler_consumed(struct sampler *sampler, size_t bytes);

int sampler_refresh(struct sampler *sampler, struct cpu_changes *changes, struct failure *failure);
void sampler_stop(struct sampler *sampler);
int sampler_counters(const struct sampler *sampler, struct cpu_counters *sum,
		     struct failure *failure);

/* Sums the counters of all CPUs in a map of struct cpu_state. */
int sampler_sum(int state, struct cpu_counters *sum, struct failure *failure);

/* From now on; of the rules before, those not given are forgotten. */
int sampler_choose(struct sampler *sampler, const struct sampler_choice *choice,
		   struct failure *failure);

struct sampler_stats {
	uint64_t runs;
	uint64_t run_nanos;
	uint64_t recursion_misses;
	uint64_t verified_instructions;
	uint64_t memory_bytes;
};

int sampler_stats(const struct sampler *sampler, struct sampler_stats *stats,
		  struct failure *failure);

void off_cpu_init(struct off_cpu *off_cpu);
/* Begins and ends the sampling of waits; to begin twice is an error, to end twice is not. */
int off_cpu_start(struct sampler *sampler, const void *object, size_t object_bytes,
		  enum wait_end how, struct failure *failure);
void off_cpu_stop(struct sampler *sampler);
/* Looks for CPUs that came and went. */
int off_cpu_refresh(struct sampler *sampler, struct cpu_changes *changes, struct failure *failure);
/* What became of all waits so far. */
int off_cpu_counters(const struct sampler *sampler, struct cpu_counters *sum,
		     struct failure *failure);
/* Of both programs together; zeros while they do not run. */
int off_cpu_stats(const struct sampler *sampler, struct sampler_stats *stats,
		  struct failure *failure);

/* Sets what the programs take for constants. */
int set_config(struct bpf_object *object, const struct sampler_config *config,
	       struct failure *failure);
struct bpf_object *open_object(const void *bytes, size_t length, struct failure *failure);
/* Lets the maps of unwinding take no room. */
void leave_out_unwinding(struct bpf_object *object);
/* A copy of a descriptor that libbpf will close. */
int copy_fd(int fd);
void close_fd(int fd);
/* What /proc says a map holds, or 0 if it does not. */
uint64_t map_bytes(int map);

/* For finding out what works: 0 or -errno. */
int try_object(const void *object, size_t object_bytes, struct failure *failure);
/* The same for a sampler that walks user stacks by tables. */
int try_unwinding(const void *object, size_t object_bytes, struct failure *failure);
/* The same for the programs that sample waits. */
int try_waits_by_tracepoint(const void *object, size_t object_bytes, struct failure *failure);
int try_waits_by_interrupt(const void *object, size_t object_bytes, struct failure *failure);
/* Whether this kernel has what that takes, or -errno. */
int has_wait_end(enum wait_end how, struct failure *failure);
int try_perf_link(const void *object, size_t object_bytes, struct failure *failure);

#endif
