/* SPDX-License-Identifier: Apache-2.0 */
/* How the parts of the native library say that something failed, before it becomes an exception. */
#ifndef EMBERSCOPE_FAILURE_H
#define EMBERSCOPE_FAILURE_H

#define FAILURE_WHAT_BYTES 512
#define FAILURE_LOG_BYTES (64 * 1024)

struct failure {
	int error; /* from errno.h */
	int reason; /* enum refusal, if a file was refused */
	char what[FAILURE_WHAT_BYTES];
	const char *advice; /* what to do, or NULL */
	char *log; /* what libbpf and the verifier said, or NULL; owned */
};

/* Notes what failed and returns -error, for the caller to return. */
int fail(struct failure *failure, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What to do about a refusal by BPF or perf, or NULL if we do not know. */
const char *privilege_advice(int error);

/* "EPERM (Operation not permitted)"; buffer takes at least 64 bytes. */
const char *error_text(int error, char *buffer, unsigned long bytes);

/* Routes libbpf's messages to us. Once, before anything else. */
void log_install(void);

/* From here on what libbpf says on this thread is kept. */
void log_begin(void);

/* Ends that, and returns what it said, owned by the caller, or NULL if nothing. */
char *log_end(void);

#endif
