/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sampler.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* How long the speed of the CPU is measured for, to know what a cycle is in time. */
#define CALIBRATION_NANOS 20000000
/* How often, and how long each time, to wait for samples that were left to their threads. */
#define DEFERRED_ROUNDS_MAX 20
#define DEFERRED_PAUSE_NANOS 10000000
/* Records of a sampling event's own ring: only word of throttling comes there. */
#define THROTTLE_RING_BYTES 4096

static void sampler_attributes(const struct sampler *sampler, struct perf_event_attr *attributes)
{
	memset(attributes, 0, sizeof(*attributes));
	if (sampler->cycles) {
		attributes->type = PERF_TYPE_HARDWARE;
		attributes->config = PERF_COUNT_HW_CPU_CYCLES;
	} else {
		attributes->type = PERF_TYPE_SOFTWARE;
		attributes->config = PERF_COUNT_SW_CPU_CLOCK;
	}
	attributes->sample_period = sampler->period;
	attributes->read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	attributes->exclude_idle = 1;
	attributes->disabled = 1;
}

/* Ties the program to an event: a link, or before Linux 5.15 the event itself holds the program. */
static int attach(int program, struct cpu_event *event)
{
	int link = bpf_link_create(program, event->event, BPF_PERF_EVENT, NULL);

	if (link >= 0) {
		event->link = link;
		return 0;
	}
	if (!ioctl(event->event, PERF_EVENT_IOC_SET_BPF, program))
		return 0;
	return -errno;
}

static int open_event(void *owner, int cpu, struct cpu_event *event, struct failure *failure)
{
	struct sampler *sampler = owner;
	struct perf_event_attr attributes;
	int error;

	sampler_attributes(sampler, &attributes);
	event->event = perf_open(&attributes, cpu);
	if (event->event < 0) {
		error = -event->event;
		event->event = -1;
		failure->advice = error == ENOENT || error == EOPNOTSUPP ?
			"this machine shows no hardware counters: sample the CPU clock" :
			privilege_advice(error);
		return fail(failure, error, "opening a perf event on CPU %d", cpu);
	}
	/* Without it we sample as well, but learn nothing of throttling. */
	if (ring_map(&event->ring, event->event, THROTTLE_RING_BYTES))
		sampler->throttles_unknown = true;
	error = -attach(sampler->program, event);
	if (error) {
		cpu_event_close(event);
		failure->advice = privilege_advice(error);
		return fail(failure, error, "attaching the sampler to CPU %d", cpu);
	}
	if (ioctl(event->event, PERF_EVENT_IOC_ENABLE, 0)) {
		error = errno;
		cpu_event_close(event);
		return fail(failure, error, "enabling the perf event on CPU %d", cpu);
	}
	return 0;
}

/* Cycles this CPU makes in a second of our time, busy as we are now. */
static int calibrate(uint64_t *cycles_per_second, struct failure *failure)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.size = sizeof(attributes),
	};
	struct timespec now;
	uint64_t start, spent = 0, cycles = 0;
	int error, event;

	event = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0) {
		error = errno;
		failure->advice = error == ENOENT || error == EOPNOTSUPP ?
			"this machine shows no hardware counters: sample the CPU clock" :
			privilege_advice(error);
		return fail(failure, error, "counting CPU cycles");
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	start = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	ioctl(event, PERF_EVENT_IOC_RESET, 0);
	while (spent < CALIBRATION_NANOS) {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
		spent = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec - start;
	}
	if (read(event, &cycles, sizeof(cycles)) != sizeof(cycles) || !cycles) {
		close(event);
		return fail(failure, ENODATA, "counting CPU cycles: the counter stands still");
	}
	close(event);
	*cycles_per_second = (uint64_t)((double)cycles * 1e9 / (double)spent);
	return 0;
}

static int set_period(struct sampler *sampler, const struct sampler_options *options,
		      struct failure *failure)
{
	uint64_t cycles;
	int error;

	sampler->cycles = options->cycles;
	sampler->weight_nanos = options->weight_nanos;
	sampler->period = options->weight_nanos;
	if (!options->cycles)
		return 0;
	error = calibrate(&cycles, failure);
	if (error)
		return error;
	sampler->period = (uint64_t)((double)cycles * (double)options->weight_nanos / 1e9);
	return 0;
}

static int map_ring(struct sampler *sampler, struct failure *failure)
{
	struct bpf_map_info info = { 0 };
	uint32_t bytes = sizeof(info);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *mapped;

	if (bpf_obj_get_info_by_fd(sampler->ring, &info, &bytes))
		return fail(failure, errno, "asking about the ring buffer");
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return fail(failure, EINVAL, "ring buffer: a map of type %u (expected: %d)",
			    info.type, BPF_MAP_TYPE_RINGBUF);
	sampler->ring_bytes = info.max_entries;
	mapped = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, sampler->ring, 0);
	if (mapped == MAP_FAILED)
		return fail(failure, errno, "mapping the ring buffer");
	sampler->consumer = mapped;
	mapped = mmap(NULL, page + 2 * sampler->ring_bytes, PROT_READ, MAP_SHARED, sampler->ring,
		      (off_t)page);
	if (mapped == MAP_FAILED)
		return fail(failure, errno, "mapping the ring buffer");
	sampler->producer = mapped;
	sampler->records = (const uint8_t *)mapped + page;
	return 0;
}

static int check_state(const struct sampler *sampler, struct failure *failure)
{
	struct bpf_map_info info = { 0 };
	uint32_t bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(sampler->state, &info, &bytes))
		return fail(failure, errno, "asking about the counters");
	if (info.type != BPF_MAP_TYPE_PERCPU_ARRAY || info.value_size != sizeof(struct cpu_state))
		return fail(failure, EINVAL,
			    "counters: a map of type %u and %u bytes (expected: %d and %zu)",
			    info.type, info.value_size, BPF_MAP_TYPE_PERCPU_ARRAY,
			    sizeof(struct cpu_state));
	return 0;
}

static int check_program(const struct sampler *sampler, struct failure *failure)
{
	struct bpf_prog_info info = { 0 };
	uint32_t bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(sampler->program, &info, &bytes))
		return fail(failure, errno, "asking about the program");
	if (info.type != BPF_PROG_TYPE_PERF_EVENT)
		return fail(failure, EINVAL, "program: of type %u (expected: %d)", info.type,
			    BPF_PROG_TYPE_PERF_EVENT);
	return 0;
}

static int make_waits(struct sampler *sampler, struct failure *failure)
{
	struct epoll_event interest = { .events = EPOLLIN | EPOLLET };

	sampler->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sampler->epoll = epoll_create1(EPOLL_CLOEXEC);
	/* Edge-triggered: what the program wrote without waking is not to end a wait. */
	if (sampler->wake < 0 || sampler->epoll < 0 ||
	    epoll_ctl(sampler->epoll, EPOLL_CTL_ADD, sampler->ring, &interest))
		return fail(failure, errno, "watching the ring buffer");
	return 0;
}

static struct sampler *sampler_new(struct failure *failure)
{
	struct sampler *sampler = calloc(1, sizeof(*sampler));

	if (!sampler) {
		fail(failure, ENOMEM, "noting a sampler");
		return NULL;
	}
	sampler->program = -1;
	sampler->ring = -1;
	sampler->state = -1;
	sampler->unwind = (struct unwind_maps){ -1, -1, -1 };
	sampler->choice = (struct choice_maps){ -1, -1 };
	sampler->deferred = -1;
	off_cpu_init(&sampler->off_cpu);
	sampler->epoll = -1;
	sampler->wake = -1;
	sampler->cpus.epoll = -1;
	pthread_mutex_init(&sampler->lock, NULL);
	return sampler;
}

void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void sampler_destroy(struct sampler *sampler)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	off_cpu_stop(sampler);
	cpus_destroy(&sampler->cpus);
	if (sampler->producer)
		munmap((void *)sampler->producer, page + 2 * sampler->ring_bytes);
	if (sampler->consumer)
		munmap(sampler->consumer, page);
	close_fd(sampler->epoll);
	close_fd(sampler->wake);
	close_fd(sampler->program);
	close_fd(sampler->ring);
	close_fd(sampler->state);
	close_fd(sampler->unwind.chunks);
	close_fd(sampler->unwind.tables);
	close_fd(sampler->unwind.processes);
	close_fd(sampler->choice.choosing);
	close_fd(sampler->choice.rules);
	close_fd(sampler->deferred);
	pthread_mutex_destroy(&sampler->lock);
	free(sampler);
}

struct bpf_object *open_object(const void *bytes, size_t length, struct failure *failure)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "emberscope");
	struct bpf_object *object = bpf_object__open_mem(bytes, length, &options);

	if (!object)
		fail(failure, errno, "reading the BPF object");
	return object;
}

int set_config(struct bpf_object *object, const struct sampler_config *config,
	       struct failure *failure)
{
	struct bpf_map *rodata = bpf_object__find_map_by_name(object, ".rodata");

	if (!rodata || bpf_map__set_initial_value(rodata, config, sizeof(*config)))
		return fail(failure, EINVAL, "BPF object: other constants (expected: config)");
	return 0;
}

void leave_out_unwinding(struct bpf_object *object)
{
	struct bpf_map *processes = bpf_object__find_map_by_name(object, "processes");
	struct bpf_map *deferred = bpf_object__find_map_by_name(object, "deferred_samples");

	if (processes)
		bpf_map__set_max_entries(processes, 1);
	if (deferred)
		bpf_map__set_max_entries(deferred, 1);
}

static int configure(struct bpf_object *object, const struct sampler_config *config,
		     struct failure *failure)
{
	struct bpf_map *ring = bpf_object__find_map_by_name(object, "ring");

	if (!config->unwind)
		leave_out_unwinding(object);
	if (!ring || bpf_map__set_max_entries(ring, (uint32_t)config->ring_bytes))
		return fail(failure, EINVAL, "BPF object: other maps (expected: ring)");
	return set_config(object, config, failure);
}

int copy_fd(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static struct sampler_config config_of(const struct sampler_options *options)
{
	return (struct sampler_config){
		.weight_nanos = options->weight_nanos,
		.wakeup_bytes = options->wakeup_bytes,
		.ring_bytes = options->ring_bytes,
		.cgroup_source = options->cgroup_source,
		.unwind = options->unwind,
	};
}

void choose_all(struct sampler_choice *choice)
{
	memset(choice, 0, sizeof(*choice));
	choice->choosing.cpu = (struct choice){ CHANCE_ALWAYS, 1 << FACTOR_SHIFT };
	choice->choosing.waits = choice->choosing.cpu;
}

static int load_once(struct sampler *sampler, const void *bytes, size_t length,
		const struct sampler_options *options, const struct sampler_choice *choice,
		struct failure *failure)
{
	struct bpf_object *object = open_object(bytes, length, failure);
	struct bpf_program *program;
	int error;

	if (!object)
		return -failure->error;
	error = configure(object, &sampler->config, failure);
	if (error) {
		bpf_object__close(object);
		return error;
	}
	error = -bpf_object__load(object);
	if (error) {
		failure->advice = privilege_advice(error);
		bpf_object__close(object);
		return fail(failure, error, "loading the sampler into the kernel");
	}
	program = bpf_object__find_program_by_name(object, "sample");
	sampler->program = program ? copy_fd(bpf_program__fd(program)) : -1;
	sampler->ring = copy_fd(bpf_object__find_map_fd_by_name(object, "ring"));
	sampler->state = copy_fd(bpf_object__find_map_fd_by_name(object, "state"));
	sampler->choice.choosing = copy_fd(bpf_object__find_map_fd_by_name(object, "choosing"));
	sampler->choice.rules = copy_fd(bpf_object__find_map_fd_by_name(object, "rules"));
	if (options->unwind) {
		sampler->unwind.chunks = copy_fd(bpf_object__find_map_fd_by_name(object, "chunks"));
		sampler->unwind.tables = copy_fd(bpf_object__find_map_fd_by_name(object, "tables"));
		sampler->unwind.processes =
			copy_fd(bpf_object__find_map_fd_by_name(object, "processes"));
		sampler->deferred =
			copy_fd(bpf_object__find_map_fd_by_name(object, "deferred_samples"));
	}
	error = errno;
	/* Also gives back the kernel's type descriptions, several megabytes. */
	bpf_object__close(object);
	if (sampler->program < 0 || sampler->ring < 0 || sampler->state < 0 ||
	    sampler->choice.choosing < 0 || sampler->choice.rules < 0 ||
	    (options->unwind && (sampler->unwind.chunks < 0 || sampler->unwind.tables < 0 ||
				 sampler->unwind.processes < 0)))
		return fail(failure, error, "keeping the sampler's descriptors");
	return sampler_choose(sampler, choice, failure);
}

static int load(struct sampler *sampler, const void *bytes, size_t length,
		const struct sampler_options *options, const struct sampler_choice *choice,
		struct failure *failure)
{
	int error;

	sampler->config = config_of(options);
	/* What that takes of the kernel has had other names in each version that has it. */
	sampler->config.defer = options->unwind;
	error = load_once(sampler, bytes, length, options, choice, failure);
	if (error && sampler->config.defer && sampler->program < 0) {
		sampler->config.defer = 0;
		memset(failure, 0, sizeof(*failure));
		failure->reason = -1;
		error = load_once(sampler, bytes, length, options, choice, failure);
	}
	return error;
}

static int start(struct sampler *sampler, struct failure *failure)
{
	struct cpu_changes changes;
	int error;

	error = cpus_init(&sampler->cpus, failure);
	if (!error)
		error = sampler_refresh(sampler, &changes, failure);
	if (!error && (changes.failed || !changes.opened))
		error = failure->error ? -failure->error :
					 fail(failure, ENODEV, "opening perf events: no CPU");
	return error;
}

struct sampler *sampler_open(const void *object, size_t object_bytes,
			     const struct sampler_options *options,
			     const struct sampler_choice *choice, struct failure *failure)
{
	struct sampler *sampler = sampler_new(failure);

	if (!sampler)
		return NULL;
	log_begin();
	if (set_period(sampler, options, failure) ||
	    load(sampler, object, object_bytes, options, choice, failure) ||
	    check_state(sampler, failure) || map_ring(sampler, failure) ||
	    make_waits(sampler, failure) || start(sampler, failure)) {
		failure->log = log_end();
		sampler_destroy(sampler);
		return NULL;
	}
	free(log_end());
	return sampler;
}

static int adopt_events(struct sampler *sampler, const struct sampler_fds *fds,
			struct failure *failure)
{
	int i;

	for (i = 0; i < fds->count; i++) {
		struct cpu_event *event;

		if (fds->cpus[i] < 0 || fds->cpus[i] >= sampler->cpus.count)
			return fail(failure, EINVAL, "CPU: %d (expected: 0..%d)", fds->cpus[i],
				    sampler->cpus.count - 1);
		event = &sampler->cpus.events[fds->cpus[i]];
		if (event->event >= 0)
			return fail(failure, EINVAL, "CPU: %d twice (expected: once)",
				    fds->cpus[i]);
		event->event = fds->events[i];
		event->link = fds->links[i];
		event->looked_nanos = monotonic_nanos();
		if (ring_map(&event->ring, event->event, THROTTLE_RING_BYTES))
			sampler->throttles_unknown = true;
	}
	return 0;
}

struct sampler *sampler_adopt(const struct sampler_fds *fds, const struct sampler_options *options,
			      struct failure *failure)
{
	struct sampler *sampler = sampler_new(failure);
	int i;

	if (!sampler) {
		close_fd(fds->program);
		close_fd(fds->ring);
		close_fd(fds->state);
		close_fd(fds->unwind.chunks);
		close_fd(fds->unwind.tables);
		close_fd(fds->unwind.processes);
		close_fd(fds->choice.choosing);
		close_fd(fds->choice.rules);
		close_fd(fds->deferred);
	} else {
		sampler->program = fds->program;
		sampler->ring = fds->ring;
		sampler->state = fds->state;
		sampler->unwind = fds->unwind;
		sampler->choice = fds->choice;
		sampler->deferred = fds->deferred;
		if (!set_period(sampler, options, failure) && !check_program(sampler, failure) &&
		    !check_state(sampler, failure) && !map_ring(sampler, failure) &&
		    !make_waits(sampler, failure) && !cpus_init(&sampler->cpus, failure)) {
			if (!adopt_events(sampler, fds, failure))
				return sampler;
			/* Those not taken over are closed below with the rest. */
			for (i = 0; i < sampler->cpus.count; i++)
				ring_unmap(&sampler->cpus.events[i].ring);
			free(sampler->cpus.events);
			sampler->cpus.events = NULL;
			sampler->cpus.count = 0;
		}
		sampler_destroy(sampler);
	}
	for (i = 0; i < fds->count; i++) {
		close_fd(fds->events[i]);
		close_fd(fds->links[i]);
	}
	return NULL;
}

/* The header of a record: its length, with two bits for its state, and its place. */
#define RECORD_HEADER_BYTES BPF_RINGBUF_HDR_SZ

size_t sampler_records(const struct sampler *sampler, size_t bytes_max, const void **records)
{
	/* Acquire: what the record says is read after the kernel has said that it is there. */
	uint64_t head = __atomic_load_n(sampler->producer, __ATOMIC_ACQUIRE);
	uint64_t tail = *sampler->consumer;
	size_t mask = sampler->ring_bytes - 1;
	const uint8_t *first = sampler->records + (tail & mask);
	size_t bytes = 0;

	while (bytes < head - tail) {
		uint32_t length = __atomic_load_n((const uint32_t *)(first + bytes),
						  __ATOMIC_ACQUIRE);
		size_t record;

		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		length &= ~(uint32_t)BPF_RINGBUF_DISCARD_BIT;
		record = (RECORD_HEADER_BYTES + (size_t)length + 7) & ~(size_t)7;
		/* Records lie twice in a row in memory, so a run may pass the end, but once. */
		if (bytes + record > bytes_max || (tail & mask) + bytes + record >
						  2 * sampler->ring_bytes)
			break;
		bytes += record;
	}
	*records = first;
	return bytes;
}

void sampler_consumed(struct sampler *sampler, size_t bytes)
{
	/* Release: the kernel may overwrite the records only after they were read. */
	__atomic_store_n(sampler->consumer, *sampler->consumer + bytes, __ATOMIC_RELEASE);
}

static void count_throttles(struct sampler *sampler)
{
	int cpu;

	for (cpu = 0; cpu < sampler->cpus.count; cpu++) {
		struct ring *ring = &sampler->cpus.events[cpu].ring;
		struct perf_event_header header;
		struct ring_span span;

		if (!ring->page)
			continue;
		span = ring_begin(ring);
		while (span.tail < span.head) {
			ring_header(ring, span.tail, &header);
			if (header.size < sizeof(header))
				span.tail = span.head;
			if (header.type == PERF_RECORD_THROTTLE)
				sampler->throttles++;
			span.tail += header.size;
		}
		ring_end(ring, span.tail);
	}
}

int sampler_refresh(struct sampler *sampler, struct cpu_changes *changes, struct failure *failure)
{
	struct cpus_owner owner = { .open = open_event, .owner = sampler };
	int error;

	memset(changes, 0, sizeof(*changes));
	if (sampler->stopped)
		return 0;
	count_throttles(sampler);
	error = off_cpu_refresh(sampler, changes, failure);
	return error ? error : cpus_refresh(&sampler->cpus, &owner, changes, failure);
}

/* Samples that are still left to their threads; counts them as abandoned if that is wanted. */
static int deferred_count(int map, struct cpu_counters *abandoned)
{
	struct deferred *deferred = malloc(sizeof(*deferred));
	uint32_t number;
	int count = 0;

	for (number = 0; deferred && number < DEFERRED_MAX; number++) {
		if (bpf_map_lookup_elem(map, &number, deferred) || !deferred->taken)
			continue;
		count++;
		if (abandoned) {
			struct cpu_counters *of =
				&abandoned[deferred->header.flags & SAMPLE_WAIT ? 1 : 0];

			of->dropped[DROP_ABANDONED].samples++;
			of->dropped[DROP_ABANDONED].nanos += deferred->header.weight_nanos;
		}
	}
	free(deferred);
	return count;
}

/* Waits a little for samples that are left to their threads, and gives up those that do not come. */
static void end_deferring(struct sampler *sampler)
{
	const struct timespec pause = { .tv_nsec = DEFERRED_PAUSE_NANOS };
	struct cpu_counters before[2] = { 0 };
	struct bpf_map_info info = { 0 };
	uint32_t bytes = sizeof(info);
	int round;

	if (sampler->deferred < 0)
		return;
	for (round = 0; round < DEFERRED_ROUNDS_MAX && deferred_count(sampler->deferred, NULL); round++)
		nanosleep(&pause, NULL);
	if (bpf_obj_get_info_by_fd(sampler->deferred, &info, &bytes))
		info.id = 0;
	deferred_count(sampler->deferred, before);
	/* When nobody has it open, the kernel calls off what has not begun. What is left never will. */
	close_fd(sampler->deferred);
	nanosleep(&pause, NULL);
	sampler->deferred = info.id ? bpf_map_get_fd_by_id(info.id) : -1;
	if (sampler->deferred >= 0)
		deferred_count(sampler->deferred, sampler->abandoned);
	else
		memcpy(sampler->abandoned, before, sizeof(before));
}

void sampler_stop(struct sampler *sampler)
{
	if (sampler->stopped)
		return;
	sampler->stopped = true;
	off_cpu_stop(sampler);
	cpus_stop(&sampler->cpus);
	end_deferring(sampler);
	count_throttles(sampler);
}

int sampler_sum(int state, struct cpu_counters *sum, struct failure *failure)
{
	int cpu, reason, error, cpus = libbpf_num_possible_cpus();
	uint32_t key = 0;
	struct cpu_state *states;

	_Static_assert(sizeof(*states) % 8 == 0, "the kernel rounds each CPU's value up to 8");
	if (cpus < 0)
		return fail(failure, -cpus, "counting CPUs");
	states = malloc((size_t)cpus * sizeof(*states));
	if (!states)
		return fail(failure, ENOMEM, "reading the counters of %d CPUs", cpus);
	if (bpf_map_lookup_elem(state, &key, states)) {
		error = errno;
		free(states);
		return fail(failure, error, "reading the counters");
	}
	for (cpu = 0; cpu < cpus; cpu++) {
		const struct cpu_counters *counters = &states[cpu].counters;

		sum->hits += counters->hits;
		sum->hit_nanos += counters->hit_nanos;
		sum->busy_nanos += counters->busy_nanos;
		sum->not_deferred += counters->not_deferred;
		for (reason = 0; reason < DROP_REASONS; reason++) {
			sum->dropped[reason].samples += counters->dropped[reason].samples;
			sum->dropped[reason].nanos += counters->dropped[reason].nanos;
		}
	}
	free(states);
	return 0;
}

int sampler_counters(const struct sampler *sampler, struct cpu_counters *sum,
		     struct failure *failure)
{
	*sum = sampler->abandoned[0];
	return sampler_sum(sampler->state, sum, failure);
}

/* Forgets the rules that are not among these. */
static void forget_rules(int map, const struct sampler_choice *choice)
{
	struct rule key, next;
	bool more = !bpf_map_get_next_key(map, NULL, &next);
	int i;

	while (more) {
		key = next;
		more = !bpf_map_get_next_key(map, &key, &next);
		for (i = 0; i < choice->count; i++)
			if (!memcmp(&choice->rules[i].rule, &key, sizeof(key)))
				break;
		if (i == choice->count)
			bpf_map_delete_elem(map, &key);
	}
}

int sampler_choose(struct sampler *sampler, const struct sampler_choice *choice,
		   struct failure *failure)
{
	int map = sampler->choice.rules, i;
	uint32_t only = 0;

	/* In this order, so that at no time one is missing that was there before and is there later. */
	for (i = 0; i < choice->count; i++)
		if (bpf_map_update_elem(map, &choice->rules[i].rule, &choice->rules[i].choice,
					BPF_ANY))
			return fail(failure, errno, "noting rule %d of %d", i + 1, choice->count);
	if (bpf_map_update_elem(sampler->choice.choosing, &only, &choice->choosing, BPF_ANY))
		return fail(failure, errno, "noting what to sample");
	forget_rules(map, choice);
	return 0;
}

uint64_t map_bytes(int map)
{
	unsigned long long bytes = 0;
	char path[64], line[256];
	FILE *file;

	if (map < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

int sampler_stats(const struct sampler *sampler, struct sampler_stats *stats,
		  struct failure *failure)
{
	struct bpf_prog_info info = { 0 };
	uint32_t bytes = sizeof(info);
	uint64_t ring = map_bytes(sampler->ring);

	if (bpf_obj_get_info_by_fd(sampler->program, &info, &bytes))
		return fail(failure, errno, "asking about the program");
	/* Before Linux 6.4 (90a5527d7686) the kernel tells none for a ring. */
	if (ring < sampler->ring_bytes)
		ring = sampler->ring_bytes;
	stats->runs = info.run_cnt;
	stats->run_nanos = info.run_time_ns;
	stats->recursion_misses = info.recursion_misses;
	stats->verified_instructions = info.verified_insns;
	stats->memory_bytes = ring + map_bytes(sampler->state) +
			      map_bytes(sampler->unwind.tables) +
			      map_bytes(sampler->unwind.processes) +
			      map_bytes(sampler->choice.rules) + map_bytes(sampler->deferred);
	return 0;
}

static int try_load(const void *bytes, size_t length, bool unwind, struct failure *failure)
{
	const struct sampler_options options = {
		.weight_nanos = 1000000000,
		.ring_bytes = 4096,
		.wakeup_bytes = 1024,
		.unwind = true,
	};
	const struct sampler_config config = config_of(&options);
	struct bpf_object *object;
	int error;

	log_begin();
	object = open_object(bytes, length, failure);
	error = object ? 0 : failure->error;
	if (!error && unwind)
		error = -configure(object, &config, failure);
	if (!error)
		error = -bpf_object__load(object);
	if (object)
		bpf_object__close(object);
	failure->log = log_end();
	return -error;
}

int try_object(const void *bytes, size_t length, struct failure *failure)
{
	return try_load(bytes, length, false, failure);
}

int try_unwinding(const void *bytes, size_t length, struct failure *failure)
{
	return try_load(bytes, length, true, failure);
}

int try_perf_link(const void *bytes, size_t length, struct failure *failure)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = 1000000000,
		.disabled = 1,
	};
	struct bpf_object *object;
	int event, link, error;

	log_begin();
	object = open_object(bytes, length, failure);
	error = object ? -bpf_object__load(object) : failure->error;
	if (!error) {
		struct bpf_program *program = bpf_object__next_program(object, NULL);

		attributes.size = sizeof(attributes);
		event = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1,
				     PERF_FLAG_FD_CLOEXEC);
		link = event < 0 ? -1 :
				   bpf_link_create(bpf_program__fd(program), event, BPF_PERF_EVENT,
						   NULL);
		error = link < 0 ? errno : 0;
		close_fd(link);
		close_fd(event);
	}
	if (object)
		bpf_object__close(object);
	failure->log = log_end();
	return -error;
}
