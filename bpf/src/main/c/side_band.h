/* SPDX-License-Identifier: Apache-2.0 */
/* perf's records about processes: who mapped, executed, forked and ended what. */
#ifndef EMBERSCOPE_SIDE_BAND_H
#define EMBERSCOPE_SIDE_BAND_H

#include <pthread.h>

#include "cpus.h"

enum side_band_feature {
	SIDE_BAND_BUILD_IDS = 1 << 0,
	SIDE_BAND_CGROUPS = 1 << 1,
};

struct side_band {
	struct cpus cpus;
	size_t ring_bytes; /* of each CPU */
	int features;
	int next_cpu; /* whose ring is read first, so that a busy one starves none */
	int wake; /* an eventfd that ends waits for good */
	pthread_mutex_t lock;
};

struct side_band *side_band_open(size_t ring_bytes, struct failure *failure);
void side_band_destroy(struct side_band *side_band);
int side_band_refresh(struct side_band *side_band, struct cpu_changes *changes,
		      struct failure *failure);

/*
 * Takes bytes out of the rings: copy is called with pieces of at most two at a time, which in order
 * are whole records. Returns how many bytes, at most bytes_max. Under the lock.
 */
size_t side_band_drain(struct side_band *side_band, size_t bytes_max,
		       void (*copy)(void *target, size_t at, const void *bytes, size_t length),
		       void *target);

#endif
