/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cpus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CPU_LIST_BYTES_MAX 65536
/* Looks closer together than this say nothing. */
#define LOOK_NANOS_MIN 1000000

uint64_t monotonic_nanos(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Reads a list such as "0-3,8" from sysfs into present[]; returns one past the last CPU. */
static int read_list(const char *path, bool *present, int count, struct failure *failure)
{
	char *text = malloc(CPU_LIST_BYTES_MAX);
	ssize_t length = -1;
	char *at, *end;
	int file, top = 0;

	if (!text)
		return fail(failure, ENOMEM, "reading %s", path);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file >= 0)
		length = read(file, text, CPU_LIST_BYTES_MAX - 1);
	if (length <= 0) {
		int error = file < 0 || length < 0 ? errno : ENODATA;

		if (file >= 0)
			close(file);
		free(text);
		return fail(failure, error, "reading %s", path);
	}
	close(file);
	text[length] = 0;
	for (at = text; *at >= '0' && *at <= '9'; at = *end == ',' ? end + 1 : end) {
		long first = strtol(at, &end, 10);
		long last = first;
		long cpu;

		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		for (cpu = first; cpu <= last && cpu < count; cpu++) {
			if (present)
				present[cpu] = true;
			top = cpu + 1 > top ? (int)cpu + 1 : top;
		}
	}
	free(text);
	return top ? top : fail(failure, ENODATA, "reading %s", path);
}

void cpu_event_init(struct cpu_event *event)
{
	memset(event, 0, sizeof(*event));
	event->event = -1;
	event->link = -1;
}

int cpus_init(struct cpus *cpus, struct failure *failure)
{
	int i, count;

	cpus->epoll = -1;
	count = read_list("/sys/devices/system/cpu/possible", NULL, CPUS_MAX, failure);
	if (count < 0)
		return count;
	cpus->events = calloc((size_t)count, sizeof(*cpus->events));
	if (!cpus->events)
		return fail(failure, ENOMEM, "noting %d CPUs", count);
	cpus->count = count;
	for (i = 0; i < count; i++)
		cpu_event_init(&cpus->events[i]);
	return 0;
}

int perf_open(struct perf_event_attr *attributes, int cpu)
{
	long event;

	attributes->size = sizeof(*attributes);
	event = syscall(SYS_perf_event_open, attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return event < 0 ? -errno : (int)event;
}

static int map(struct ring *ring, int event, size_t bytes, int protection)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *mapped;

	if (bytes < page)
		bytes = page;
	mapped = mmap(NULL, page + bytes, protection, MAP_SHARED, event, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	ring->page = mapped;
	ring->data = (const uint8_t *)mapped + page;
	ring->bytes = bytes;
	return 0;
}

int ring_map(struct ring *ring, int event, size_t bytes)
{
	return map(ring, event, bytes, PROT_READ | PROT_WRITE);
}

int ring_map_unread(struct ring *ring, int event)
{
	return map(ring, event, 0, PROT_READ);
}

void ring_unmap(struct ring *ring)
{
	if (ring->page)
		munmap(ring->page, (size_t)sysconf(_SC_PAGESIZE) + ring->bytes);
	ring->page = NULL;
}

/*
 * The kernel writes records, then data_head; so we read data_head, then records (acquire). We read
 * records, then write data_tail, after which the kernel may overwrite them (release).
 */
struct ring_span ring_begin(const struct ring *ring)
{
	return (struct ring_span) {
		.tail = ring->page->data_tail,
		.head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE),
	};
}

void ring_header(const struct ring *ring, uint64_t at, struct perf_event_header *header)
{
	memcpy(header, ring->data + (at & (ring->bytes - 1)), sizeof(*header));
}

void ring_end(struct ring *ring, uint64_t tail)
{
	__atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
}

void cpu_event_close(struct cpu_event *event)
{
	/* Explicitly, because other holders of the event would keep it going. */
	if (event->event >= 0)
		ioctl(event->event, PERF_EVENT_IOC_DISABLE, 0);
	if (event->link >= 0)
		close(event->link);
	ring_unmap(&event->ring);
	if (event->event >= 0)
		close(event->event);
	cpu_event_init(event);
}

static bool has_unread(const struct ring *ring)
{
	struct ring_span span;

	if (!ring->page)
		return false;
	span = ring_begin(ring);
	return span.head != span.tail;
}

/* Closes the event of a lost CPU; false if it must wait until there is room for its ring. */
static bool retire(struct cpus *cpus, struct cpu_event *event)
{
	bool orphan = cpus->keep_orphans && has_unread(&event->ring);

	if (orphan && cpus->orphan_count == ORPHANS_MAX)
		return false;
	if (cpus->epoll >= 0)
		epoll_ctl(cpus->epoll, EPOLL_CTL_DEL, event->event, NULL);
	if (!orphan) {
		cpu_event_close(event);
		return true;
	}
	cpus->orphans[cpus->orphan_count++] = *event;
	cpu_event_init(event);
	return true;
}

/*
 * An event goes dead when its CPU goes offline, and stays so when the CPU comes back: its enabled
 * time stands still, or reading it gives nothing. Since the last look it must have been enabled for
 * half of the time; one that died in the second half is found at the next look.
 */
static bool is_alive(struct cpu_event *event)
{
	struct {
		uint64_t value;
		uint64_t enabled;
		uint64_t running;
	} seen;
	uint64_t now = monotonic_nanos();
	bool alive;

	if (now - event->looked_nanos < LOOK_NANOS_MIN)
		return true;
	if (read(event->event, &seen, sizeof(seen)) != sizeof(seen))
		return false;
	alive = seen.enabled - event->enabled_nanos >= (now - event->looked_nanos) / 2;
	event->enabled_nanos = seen.enabled;
	event->looked_nanos = now;
	return alive;
}

static int open_on(struct cpus *cpus, const struct cpus_owner *owner, int cpu,
		   struct failure *failure)
{
	struct cpu_event *event = &cpus->events[cpu];
	struct epoll_event interest = { .events = EPOLLIN | EPOLLET };
	int error;

	error = owner->open(owner->owner, cpu, event, failure);
	if (error)
		return error;
	event->looked_nanos = monotonic_nanos();
	if (cpus->epoll >= 0 && epoll_ctl(cpus->epoll, EPOLL_CTL_ADD, event->event, &interest)) {
		error = errno;
		cpu_event_close(event);
		return fail(failure, error, "watching the event of CPU %d", cpu);
	}
	return 0;
}

int cpus_refresh(struct cpus *cpus, const struct cpus_owner *owner, struct cpu_changes *changes,
		 struct failure *failure)
{
	bool *online = calloc((size_t)cpus->count, sizeof(*online));
	int cpu, error;

	memset(changes, 0, sizeof(*changes));
	if (!online)
		return fail(failure, ENOMEM, "looking at %d CPUs", cpus->count);
	error = read_list("/sys/devices/system/cpu/online", online, cpus->count, failure);
	if (error < 0) {
		free(online);
		return error;
	}
	for (cpu = 0; cpu < cpus->count; cpu++) {
		struct cpu_event *event = &cpus->events[cpu];

		if (event->event >= 0 && !online[cpu]) {
			changes->closed += retire(cpus, event);
		} else if (event->event >= 0 && !is_alive(event)) {
			retire(cpus, event);
		}
		if (event->event < 0 && online[cpu]) {
			error = open_on(cpus, owner, cpu, failure);
			if (!error)
				changes->opened++;
			else if (error != -ENODEV) /* it went offline just now */
				changes->failed++;
		}
	}
	free(online);
	return 0;
}

void cpus_stop(struct cpus *cpus)
{
	int cpu;

	for (cpu = 0; cpu < cpus->count; cpu++) {
		struct cpu_event *event = &cpus->events[cpu];

		if (event->event >= 0)
			ioctl(event->event, PERF_EVENT_IOC_DISABLE, 0);
		if (event->link >= 0)
			close(event->link);
		event->link = -1;
	}
}

void cpus_destroy(struct cpus *cpus)
{
	int i;

	for (i = 0; i < cpus->count; i++)
		cpu_event_close(&cpus->events[i]);
	for (i = 0; i < cpus->orphan_count; i++)
		cpu_event_close(&cpus->orphans[i]);
	cpus->orphan_count = 0;
	free(cpus->events);
	cpus->events = NULL;
	cpus->count = 0;
	if (cpus->epoll >= 0)
		close(cpus->epoll);
	cpus->epoll = -1;
}
