/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel_symbols.h"
#include "sampler.h"

static int iterate(struct bpf_object *object, struct failure *failure)
{
	struct bpf_program *program;
	int error, link, iterator;

	error = -bpf_object__load(object);
	if (error) {
		failure->advice = privilege_advice(error);
		return fail(failure, error, "loading the iterator of kernel symbols");
	}
	program = bpf_object__next_program(object, NULL);
	link = bpf_link_create(bpf_program__fd(program), 0, BPF_TRACE_ITER, NULL);
	if (link < 0)
		return fail(failure, errno, "attaching the iterator of kernel symbols");
	iterator = bpf_iter_create(link);
	error = iterator < 0 ? errno : 0;
	close(link);
	if (error)
		return fail(failure, error, "opening the iterator of kernel symbols");
	return iterator;
}

int kernel_symbols_open(const void *bytes, size_t length, struct failure *failure)
{
	struct bpf_object *object;
	int found;

	log_begin();
	object = open_object(bytes, length, failure);
	found = object ? iterate(object, failure) : -failure->error;
	if (object)
		bpf_object__close(object);
	failure->log = log_end();
	return found;
}
