/* SPDX-License-Identifier: Apache-2.0 */
/* The sampling of waits: programs of their own, that use the sampler's maps and come and go. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "sampler.h"

/* In the order in which they are attached: what begins a wait comes last. */
static const char *const program_names[WAIT_ENDS][OFF_CPU_PROGRAMS] = {
	[WAIT_END_BY_TRACEPOINT] = { "wait_ends", "wait_begins" },
	[WAIT_END_BY_INTERRUPT] = { "wait_interrupted", "waits_change" },
};

void off_cpu_init(struct off_cpu *off_cpu)
{
	int i;

	for (i = 0; i < OFF_CPU_PROGRAMS; i++) {
		off_cpu->programs[i] = -1;
		off_cpu->links[i] = -1;
	}
	off_cpu->state = -1;
	off_cpu->waits = -1;
	off_cpu->bells = -1;
	off_cpu->cpus.epoll = -1;
}

/* Leaves out the programs that are for the other way. */
static void choose_programs(struct bpf_object *object, enum wait_end how)
{
	struct bpf_program *program;
	int i;

	bpf_object__for_each_program(program, object) {
		bpf_program__set_autoload(program, false);
		for (i = 0; i < OFF_CPU_PROGRAMS; i++)
			if (!strcmp(bpf_program__name(program), program_names[how][i]))
				bpf_program__set_autoload(program, true);
	}
}

/* Lets the programs use the sampler's maps; what is left of theirs is their own. */
static int share_maps(const struct sampler *sampler, struct bpf_object *object,
		      struct failure *failure)
{
	const struct {
		const char *name;
		int fd;
	} shared[] = {
		{ "ring", sampler->ring },
		{ "choosing", sampler->choice.choosing },
		{ "rules", sampler->choice.rules },
		{ "chunks", sampler->unwind.chunks },
		{ "tables", sampler->unwind.tables },
		{ "processes", sampler->unwind.processes },
		{ "deferred_samples", sampler->deferred },
	};
	struct bpf_map *map;
	size_t i;

	/* Before they are shared: what is shared has its size. */
	if (!sampler->config.unwind)
		leave_out_unwinding(object);
	for (i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		map = bpf_object__find_map_by_name(object, shared[i].name);
		if (map && shared[i].fd >= 0 && bpf_map__reuse_fd(map, shared[i].fd))
			return fail(failure, errno, "sharing the map %s", shared[i].name);
	}
	return set_config(object, &sampler->config, failure);
}

/*
 * Opens an event through which a program can make this CPU interrupt itself: the kernel does that
 * to tell user space of each record.
 */
static int open_bell(void *owner, int cpu, struct cpu_event *event, struct failure *failure)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		.sample_period = 1,
		.wakeup_events = 1,
	};
	const struct off_cpu *off_cpu = owner;
	int error;

	event->event = perf_open(&attributes, cpu);
	if (event->event < 0) {
		error = -event->event;
		event->event = -1;
		failure->advice = privilege_advice(error);
		return fail(failure, error, "opening the event of interrupts on CPU %d", cpu);
	}
	error = -ring_map_unread(&event->ring, event->event);
	if (!error && bpf_map_update_elem(off_cpu->bells, &cpu, &event->event, BPF_ANY))
		error = errno;
	if (!error)
		return 0;
	cpu_event_close(event);
	return fail(failure, error, "preparing interrupts on CPU %d", cpu);
}

int off_cpu_refresh(struct sampler *sampler, struct cpu_changes *changes, struct failure *failure)
{
	struct off_cpu *off_cpu = &sampler->off_cpu;
	struct cpus_owner owner = { .open = open_bell, .owner = off_cpu };

	memset(changes, 0, sizeof(*changes));
	return off_cpu->bells < 0 ? 0 : cpus_refresh(&off_cpu->cpus, &owner, changes, failure);
}

static int prepare_interrupts(struct sampler *sampler, struct bpf_object *object,
			      struct failure *failure)
{
	struct off_cpu *off_cpu = &sampler->off_cpu;
	struct cpu_changes changes;
	int error;

	off_cpu->bells = copy_fd(bpf_object__find_map_fd_by_name(object, "bells"));
	if (off_cpu->bells < 0)
		return fail(failure, errno, "keeping the map of interrupts");
	error = cpus_init(&off_cpu->cpus, failure);
	if (!error)
		error = off_cpu_refresh(sampler, &changes, failure);
	if (!error && changes.failed)
		error = -failure->error;
	return error;
}

static int attach(struct off_cpu *off_cpu, struct bpf_object *object, enum wait_end how,
		  struct failure *failure)
{
	int i, error;

	for (i = 0; i < OFF_CPU_PROGRAMS; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(object, program_names[how][i]);
		struct bpf_link *link = program ? bpf_program__attach(program) : NULL;

		if (!link) {
			error = errno;
			failure->advice = privilege_advice(error);
			return fail(failure, error, "attaching %s", program_names[how][i]);
		}
		off_cpu->programs[i] = copy_fd(bpf_program__fd(program));
		off_cpu->links[i] = copy_fd(bpf_link__fd(link));
		error = errno;
		bpf_link__destroy(link);
		if (off_cpu->programs[i] < 0 || off_cpu->links[i] < 0)
			return fail(failure, error, "keeping the descriptors of %s",
				    program_names[how][i]);
	}
	off_cpu->state = copy_fd(bpf_object__find_map_fd_by_name(object, "state"));
	off_cpu->waits = copy_fd(bpf_object__find_map_fd_by_name(object, "waits"));
	if (off_cpu->state < 0 || off_cpu->waits < 0)
		return fail(failure, errno, "keeping the maps of waits");
	return 0;
}

int off_cpu_start(struct sampler *sampler, const void *bytes, size_t length, enum wait_end how,
		  struct failure *failure)
{
	struct bpf_object *object;
	int error;

	if (!sampler->config.ring_bytes)
		return fail(failure, EOPNOTSUPP, "sampling waits with a sampler that was adopted");
	if (sampler->stopped || sampler->off_cpu.state >= 0)
		return fail(failure, EBUSY, "sampling waits: %s (expected: off, of a sampler at work)",
			    sampler->stopped ? "the sampler was stopped" : "on already");
	log_begin();
	object = open_object(bytes, length, failure);
	error = object ? share_maps(sampler, object, failure) : -failure->error;
	if (!error) {
		choose_programs(object, how);
		error = bpf_object__load(object);
		if (error) {
			failure->advice = privilege_advice(-error);
			fail(failure, -error, "loading the sampler of waits into the kernel");
		}
	}
	if (!error && how == WAIT_END_BY_INTERRUPT)
		error = prepare_interrupts(sampler, object, failure);
	if (!error)
		error = attach(&sampler->off_cpu, object, how, failure);
	if (object)
		bpf_object__close(object);
	if (error) {
		failure->log = log_end();
		off_cpu_stop(sampler);
		return error;
	}
	free(log_end());
	return 0;
}

void off_cpu_stop(struct sampler *sampler)
{
	struct off_cpu *off_cpu = &sampler->off_cpu;
	struct failure ignored = { 0 };
	int i;

	if (off_cpu->state < 0 && off_cpu->programs[0] < 0 && off_cpu->bells < 0)
		return;
	for (i = OFF_CPU_PROGRAMS - 1; i >= 0; i--) {
		close_fd(off_cpu->links[i]);
		close_fd(off_cpu->programs[i]);
		off_cpu->links[i] = -1;
		off_cpu->programs[i] = -1;
	}
	/* Once every CPU has been elsewhere none of them is at work, and the counters are final. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	if (off_cpu->state >= 0)
		sampler_sum(off_cpu->state, &off_cpu->before, &ignored);
	close_fd(off_cpu->state);
	close_fd(off_cpu->waits);
	close_fd(off_cpu->bells);
	cpus_destroy(&off_cpu->cpus);
	off_cpu->state = -1;
	off_cpu->waits = -1;
	off_cpu->bells = -1;
}

int off_cpu_counters(const struct sampler *sampler, struct cpu_counters *sum,
		     struct failure *failure)
{
	int error;

	*sum = sampler->off_cpu.before;
	error = sampler->off_cpu.state < 0 ? 0 : sampler_sum(sampler->off_cpu.state, sum, failure);
	sum->dropped[DROP_ABANDONED].samples += sampler->abandoned[1].dropped[DROP_ABANDONED].samples;
	sum->dropped[DROP_ABANDONED].nanos += sampler->abandoned[1].dropped[DROP_ABANDONED].nanos;
	return error;
}

int off_cpu_stats(const struct sampler *sampler, struct sampler_stats *stats,
		  struct failure *failure)
{
	const struct off_cpu *off_cpu = &sampler->off_cpu;
	int i;

	memset(stats, 0, sizeof(*stats));
	if (off_cpu->state < 0)
		return 0;
	for (i = 0; i < OFF_CPU_PROGRAMS; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t bytes = sizeof(info);

		if (bpf_obj_get_info_by_fd(off_cpu->programs[i], &info, &bytes))
			return fail(failure, errno, "asking about the sampler of waits");
		stats->runs += info.run_cnt;
		stats->run_nanos += info.run_time_ns;
		stats->recursion_misses += info.recursion_misses;
		stats->verified_instructions += info.verified_insns;
	}
	stats->memory_bytes = map_bytes(off_cpu->state) + map_bytes(off_cpu->waits) +
			      map_bytes(off_cpu->bells);
	for (i = 0; i < off_cpu->cpus.count; i++)
		stats->memory_bytes += off_cpu->cpus.events[i].ring.bytes;
	return 0;
}

static int try_waits(const void *bytes, size_t length, enum wait_end how, struct failure *failure)
{
	struct bpf_object *object;
	int error;

	log_begin();
	object = open_object(bytes, length, failure);
	error = object ? 0 : -failure->error;
	if (object) {
		choose_programs(object, how);
		error = bpf_object__load(object);
		bpf_object__close(object);
	}
	failure->log = log_end();
	return error;
}

int try_waits_by_tracepoint(const void *bytes, size_t length, struct failure *failure)
{
	return try_waits(bytes, length, WAIT_END_BY_TRACEPOINT, failure);
}

int try_waits_by_interrupt(const void *bytes, size_t length, struct failure *failure)
{
	return try_waits(bytes, length, WAIT_END_BY_INTERRUPT, failure);
}

int has_wait_end(enum wait_end how, struct failure *failure)
{
	static const char *const tracepoints[WAIT_ENDS] = {
		[WAIT_END_BY_TRACEPOINT] = "btf_trace_sched_exit_tp",
		[WAIT_END_BY_INTERRUPT] = "btf_trace_irq_work_entry",
	};
	struct utsname kernel;
	struct btf *btf;
	int found;

	/* There this interrupt is a thread. */
	if (how == WAIT_END_BY_INTERRUPT && !uname(&kernel) &&
	    strstr(kernel.version, "PREEMPT_RT"))
		return 0;
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return fail(failure, errno, "reading the kernel's BTF");
	found = btf__find_by_name_kind(btf, tracepoints[how], BTF_KIND_TYPEDEF) > 0;
	btf__free(btf);
	return found;
}
