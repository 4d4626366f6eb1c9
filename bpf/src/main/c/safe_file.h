/* SPDX-License-Identifier: Apache-2.0 */
/* Opens files of profiled processes so that they cannot fool us; SafeFile.java says how. */
#ifndef EMBERSCOPE_SAFE_FILE_H
#define EMBERSCOPE_SAFE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

/* RefusedFileException.Reason has the same, in this order. */
enum refusal {
	REFUSED_NOT_FOUND,
	REFUSED_PROCESS_GONE,
	REFUSED_NOT_REGULAR,
	REFUSED_SYMBOLIC_LINK,
	REFUSED_WRONG_OWNER,
	REFUSED_TOO_LARGE,
	REFUSED_FILE_SYSTEM,
	REFUSED_BAD_PATH,
	REFUSED_DENIED,
	REFUSALS,
};

/* failure.reason if it is no refusal. */
#define NOT_REFUSED (-1)

struct safe_rules {
	int64_t size_max;
	uint64_t process_start; /* 0 if any */
	bool any_owner;
};

struct safe_attributes {
	int64_t size;
	int64_t modified_nanos;
	uint64_t inode;
	uint32_t device_major;
	uint32_t device_minor;
	uint32_t owner;
};

/* A descriptor for reading, or a negative number. */
int safe_open(int pid, const char *path, const struct safe_rules *rules,
	      struct safe_attributes *attributes, struct failure *failure);
int safe_open_mapped(int pid, uint64_t start, uint64_t end, const struct safe_rules *rules,
		     struct safe_attributes *attributes, struct failure *failure);

/* Whether a file is no more as it was when it was opened; -errno if that cannot be told. */
int safe_has_changed(int fd, int64_t size, int64_t modified_nanos, struct failure *failure);

/* When the process started, in clock ticks since boot; 0 or -errno. */
int process_start(int pid, uint64_t *ticks, struct failure *failure);

/* A pidfd, or -errno. */
int process_open(int pid, struct failure *failure);
bool process_alive(int pidfd);

#endif
