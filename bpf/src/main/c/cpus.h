/* SPDX-License-Identifier: Apache-2.0 */
/* One perf event on each online CPU, with the ring the kernel writes its records to. */
#ifndef EMBERSCOPE_CPUS_H
#define EMBERSCOPE_CPUS_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

/* CPUs at most: the kernel's own bound on amd64. */
#define CPUS_MAX 8192

/* Rings of CPUs that went offline, kept until they are read. */
#define ORPHANS_MAX 256

/* Memory shared with the kernel: a page of numbers, then the records. */
struct ring {
	struct perf_event_mmap_page *page; /* NULL if there is none */
	const uint8_t *data;
	size_t bytes; /* of the records */
};

struct cpu_event {
	int event; /* -1 if there is none */
	int link; /* -1 if there is none */
	struct ring ring;
	uint64_t enabled_nanos; /* as of the last look */
	uint64_t looked_nanos;
};

struct cpus;

struct cpus_owner {
	/* Opens what belongs on one CPU into *event, all of it or nothing; returns -errno. */
	int (*open)(void *owner, int cpu, struct cpu_event *event, struct failure *failure);
	void *owner;
};

struct cpus {
	struct cpu_event *events; /* by CPU */
	int count; /* of possible CPUs */
	struct cpu_event orphans[ORPHANS_MAX];
	int orphan_count;
	bool keep_orphans; /* whether what is in a ring of a lost CPU matters */
	int epoll; /* of all events with rings that fill, or -1 */
};

struct cpu_changes {
	int opened;
	int closed;
	int failed;
};

/* Makes room for every possible CPU. */
int cpus_init(struct cpus *cpus, struct failure *failure);

/*
 * Opens events on CPUs that are online and have none, or whose event died because the CPU went
 * offline meanwhile; closes those of CPUs that are offline. failure gets the last refusal.
 */
int cpus_refresh(struct cpus *cpus, const struct cpus_owner *owner, struct cpu_changes *changes,
		 struct failure *failure);

/* Stops every event for good; rings can still be read. When it returns, none is at work. */
void cpus_stop(struct cpus *cpus);

void cpus_destroy(struct cpus *cpus);

void cpu_event_init(struct cpu_event *event);
void cpu_event_close(struct cpu_event *event);

/* perf_event_open(2) for all processes on one CPU; a descriptor or -errno. */
int perf_open(struct perf_event_attr *attributes, int cpu);

/* Maps a ring of a power of two of bytes, a page at least; 0 or -errno. */
int ring_map(struct ring *ring, int event, size_t bytes);
/* The same of the smallest ring, that nobody reads: new records overwrite old ones. */
int ring_map_unread(struct ring *ring, int event);
void ring_unmap(struct ring *ring);

/*
 * The records in the ring now: their place and how many bytes. A record may wrap around the end;
 * its header cannot, since all sizes are multiples of eight.
 */
struct ring_span {
	uint64_t tail;
	uint64_t head;
};

struct ring_span ring_begin(const struct ring *ring);
void ring_header(const struct ring *ring, uint64_t at, struct perf_event_header *header);
/* Gives the kernel back all before tail. */
void ring_end(struct ring *ring, uint64_t tail);

uint64_t monotonic_nanos(void);

#endif
