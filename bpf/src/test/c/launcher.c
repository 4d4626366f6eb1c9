/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launcher OBJECT NANOS RING COMMAND...: loads the sampler, gives up every capability and the right
 * to gain one, and becomes COMMAND with the descriptors as further arguments: program, maps,
 * then CPU, event and link of each CPU.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../main/c/sampler.h"

#define OBJECT_BYTES_MAX (1 << 20)
#define ARGUMENTS_MAX 1024

static char object[OBJECT_BYTES_MAX];
static char *arguments[ARGUMENTS_MAX];
static int argument_count;

static void add_number(int number)
{
	if (argument_count + 1 < ARGUMENTS_MAX &&
	    asprintf(&arguments[argument_count], "%d", number) > 0)
		argument_count++;
}

/* An argument, and a descriptor that survives exec. */
static void add_descriptor(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
	add_number(fd);
}

static int give_up_privileges(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0) ||
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &header, none);
}

int main(int argc, char **argv)
{
	struct sampler_options options = { 0 };
	struct failure failure = { 0 };
	struct sampler_choice choice;
	struct sampler *sampler;
	ssize_t length;
	int fd, cpu;

	if (argc < 5)
		return 2;
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, object, sizeof(object));
	if (length <= 0)
		return 3;
	options.weight_nanos = strtoull(argv[2], NULL, 10);
	options.ring_bytes = (uint32_t)strtoul(argv[3], NULL, 10);
	options.wakeup_bytes = options.ring_bytes / 4;
	choose_all(&choice);
	sampler = sampler_open(object, (size_t)length, &options, &choice, &failure);
	if (!sampler) {
		fprintf(stderr, "%s: %s\n", failure.what, strerror(failure.error));
		return 4;
	}
	for (; argument_count + 4 < argc; argument_count++)
		arguments[argument_count] = argv[argument_count + 4];
	add_descriptor(sampler->program);
	add_descriptor(sampler->ring);
	add_descriptor(sampler->state);
	add_descriptor(sampler->unwind.chunks);
	add_descriptor(sampler->unwind.tables);
	add_descriptor(sampler->unwind.processes);
	add_descriptor(sampler->choice.choosing);
	add_descriptor(sampler->choice.rules);
	add_descriptor(sampler->deferred);
	for (cpu = 0; cpu < sampler->cpus.count; cpu++) {
		const struct cpu_event *event = &sampler->cpus.events[cpu];

		if (event->event < 0)
			continue;
		add_number(cpu);
		add_descriptor(event->event);
		add_descriptor(event->link);
	}
	if (give_up_privileges())
		return 5;
	execvp(arguments[0], arguments);
	return 6;
}
