/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "side_band.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES_MIN 4096

static void attributes_of(const struct side_band *side_band, struct perf_event_attr *attributes)
{
	memset(attributes, 0, sizeof(*attributes));
	attributes->type = PERF_TYPE_SOFTWARE;
	attributes->config = PERF_COUNT_SW_DUMMY;
	attributes->read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	attributes->sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
	attributes->sample_id_all = 1;
	attributes->mmap = 1;
	attributes->mmap2 = 1;
	attributes->comm = 1;
	attributes->comm_exec = 1;
	attributes->task = 1;
	attributes->build_id = side_band->features & SIDE_BAND_BUILD_IDS ? 1 : 0;
	attributes->cgroup = side_band->features & SIDE_BAND_CGROUPS ? 1 : 0;
	attributes->exclude_kernel = 1;
	attributes->use_clockid = 1;
	attributes->clockid = CLOCK_MONOTONIC;
	attributes->watermark = 1;
	attributes->wakeup_watermark = (uint32_t)(side_band->ring_bytes / 4);
	attributes->disabled = 1;
}

/* Old kernels refuse what they do not know with EINVAL: then without the newest part, and so on. */
static int open_known(struct side_band *side_band, int cpu)
{
	static const int parts[] = { SIDE_BAND_BUILD_IDS, SIDE_BAND_CGROUPS };
	struct perf_event_attr attributes;
	size_t i;
	int event;

	for (i = 0;; i++) {
		attributes_of(side_band, &attributes);
		event = perf_open(&attributes, cpu);
		if (event != -EINVAL || i == sizeof(parts) / sizeof(parts[0]))
			return event;
		side_band->features &= ~parts[i];
	}
}

/* The kernel bounds locked memory: then a smaller ring, for this CPU and those after it. */
static int map_allowed(struct side_band *side_band, struct ring *ring, int event)
{
	for (;;) {
		int error = ring_map(ring, event, side_band->ring_bytes);

		if ((error != -EPERM && error != -ENOMEM) ||
		    side_band->ring_bytes / 2 < RING_BYTES_MIN)
			return error;
		side_band->ring_bytes /= 2;
	}
}

static int open_event(void *owner, int cpu, struct cpu_event *event, struct failure *failure)
{
	struct side_band *side_band = owner;
	int error;

	event->event = open_known(side_band, cpu);
	if (event->event < 0) {
		error = -event->event;
		event->event = -1;
		failure->advice = privilege_advice(error);
		return fail(failure, error, "opening the side band on CPU %d", cpu);
	}
	error = -map_allowed(side_band, &event->ring, event->event);
	if (error) {
		cpu_event_close(event);
		failure->advice = "raise the sysctl kernel.perf_event_mlock_kb, or run with "
				  "CAP_IPC_LOCK";
		return fail(failure, error, "mapping the side band's ring of CPU %d", cpu);
	}
	if (ioctl(event->event, PERF_EVENT_IOC_ENABLE, 0)) {
		error = errno;
		cpu_event_close(event);
		return fail(failure, error, "enabling the side band on CPU %d", cpu);
	}
	return 0;
}

static int start(struct side_band *side_band, struct failure *failure)
{
	struct cpu_changes changes;
	int error;

	error = cpus_init(&side_band->cpus, failure);
	if (error)
		return error;
	side_band->cpus.keep_orphans = true;
	side_band->cpus.epoll = epoll_create1(EPOLL_CLOEXEC);
	side_band->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (side_band->cpus.epoll < 0 || side_band->wake < 0)
		return fail(failure, errno, "watching the side band");
	error = side_band_refresh(side_band, &changes, failure);
	if (!error && (changes.failed || !changes.opened))
		error = failure->error ? -failure->error :
					 fail(failure, ENODEV, "opening the side band: no CPU");
	return error;
}

struct side_band *side_band_open(size_t ring_bytes, struct failure *failure)
{
	struct side_band *side_band = calloc(1, sizeof(*side_band));

	if (!side_band) {
		fail(failure, ENOMEM, "noting a side band");
		return NULL;
	}
	side_band->ring_bytes = ring_bytes;
	side_band->features = SIDE_BAND_BUILD_IDS | SIDE_BAND_CGROUPS;
	side_band->wake = -1;
	pthread_mutex_init(&side_band->lock, NULL);
	if (start(side_band, failure)) {
		side_band_destroy(side_band);
		return NULL;
	}
	return side_band;
}

void side_band_destroy(struct side_band *side_band)
{
	cpus_destroy(&side_band->cpus);
	if (side_band->wake >= 0)
		close(side_band->wake);
	pthread_mutex_destroy(&side_band->lock);
	free(side_band);
}

int side_band_refresh(struct side_band *side_band, struct cpu_changes *changes,
		      struct failure *failure)
{
	struct cpus_owner owner = { .open = open_event, .owner = side_band };

	return cpus_refresh(&side_band->cpus, &owner, changes, failure);
}

struct drain {
	size_t used;
	size_t bytes_max;
	void (*copy)(void *target, size_t at, const void *bytes, size_t length);
	void *target;
};

static void copy_span(struct drain *drain, const struct ring *ring, struct ring_span span)
{
	size_t length = (size_t)(span.head - span.tail);
	size_t start = (size_t)(span.tail & (ring->bytes - 1));
	size_t first = length < ring->bytes - start ? length : ring->bytes - start;

	drain->copy(drain->target, drain->used, ring->data + start, first);
	if (first < length)
		drain->copy(drain->target, drain->used + first, ring->data, length - first);
	drain->used += length;
}

/* Takes whole records from one ring, as many as fit. */
static void drain_ring(struct drain *drain, struct ring *ring)
{
	struct ring_span span = ring_begin(ring);
	struct ring_span taken = { .tail = span.tail, .head = span.tail };
	struct perf_event_header header;

	while (taken.head < span.head) {
		ring_header(ring, taken.head, &header);
		if (header.size < sizeof(header) || header.size > span.head - taken.head) {
			/* Not as perf promises: nothing after it can be found. */
			span.tail = span.head;
			break;
		}
		if (taken.head - taken.tail + header.size > drain->bytes_max - drain->used)
			break;
		taken.head += header.size;
	}
	if (taken.head > taken.tail)
		copy_span(drain, ring, taken);
	if (span.tail < taken.head)
		span.tail = taken.head;
	ring_end(ring, span.tail);
}

static void drain_orphans(struct side_band *side_band, struct drain *drain)
{
	struct cpus *cpus = &side_band->cpus;
	int i = 0;

	while (i < cpus->orphan_count) {
		struct ring_span span;

		drain_ring(drain, &cpus->orphans[i].ring);
		span = ring_begin(&cpus->orphans[i].ring);
		if (span.head != span.tail) {
			i++;
			continue;
		}
		cpu_event_close(&cpus->orphans[i]);
		cpus->orphans[i] = cpus->orphans[--cpus->orphan_count];
	}
}

size_t side_band_drain(struct side_band *side_band, size_t bytes_max,
		       void (*copy)(void *target, size_t at, const void *bytes, size_t length),
		       void *target)
{
	struct drain drain = { .bytes_max = bytes_max, .copy = copy, .target = target };
	struct cpus *cpus = &side_band->cpus;
	int i;

	drain_orphans(side_band, &drain);
	for (i = 0; i < cpus->count; i++) {
		struct ring *ring =
			&cpus->events[(side_band->next_cpu + i) % cpus->count].ring;

		if (ring->page)
			drain_ring(&drain, ring);
	}
	side_band->next_cpu = (side_band->next_cpu + 1) % cpus->count;
	return drain.used;
}
