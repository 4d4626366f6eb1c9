/* SPDX-License-Identifier: Apache-2.0 */
/* The sampling of waits: programs of their own, that use the sampler's maps and come and go. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "sampler.h"

static const char *const program_names[OFF_CPU_PROGRAMS] = { "wait_ends", "wait_begins" };

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

static int attach(struct off_cpu *off_cpu, struct bpf_object *object, struct failure *failure)
{
	int i, error;

	for (i = 0; i < OFF_CPU_PROGRAMS; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(object, program_names[i]);
		struct bpf_link *link = program ? bpf_program__attach(program) : NULL;

		if (!link) {
			error = errno;
			failure->advice = privilege_advice(error);
			return fail(failure, error, "attaching %s", program_names[i]);
		}
		off_cpu->programs[i] = copy_fd(bpf_program__fd(program));
		off_cpu->links[i] = copy_fd(bpf_link__fd(link));
		error = errno;
		bpf_link__destroy(link);
		if (off_cpu->programs[i] < 0 || off_cpu->links[i] < 0)
			return fail(failure, error, "keeping the descriptors of %s",
				    program_names[i]);
	}
	off_cpu->state = copy_fd(bpf_object__find_map_fd_by_name(object, "state"));
	off_cpu->waits = copy_fd(bpf_object__find_map_fd_by_name(object, "waits"));
	if (off_cpu->state < 0 || off_cpu->waits < 0)
		return fail(failure, errno, "keeping the maps of waits");
	return 0;
}

int off_cpu_start(struct sampler *sampler, const void *bytes, size_t length,
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
		error = bpf_object__load(object);
		if (error) {
			failure->advice = privilege_advice(-error);
			fail(failure, -error, "loading the sampler of waits into the kernel");
		}
	}
	if (!error)
		error = attach(&sampler->off_cpu, object, failure);
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

	if (off_cpu->state < 0 && off_cpu->programs[0] < 0)
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
	off_cpu->state = -1;
	off_cpu->waits = -1;
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
			return fail(failure, errno, "asking about %s", program_names[i]);
		stats->runs += info.run_cnt;
		stats->run_nanos += info.run_time_ns;
		stats->recursion_misses += info.recursion_misses;
		stats->verified_instructions += info.verified_insns;
	}
	stats->memory_bytes = map_bytes(off_cpu->state) + map_bytes(off_cpu->waits);
	return 0;
}
