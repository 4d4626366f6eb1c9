/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

int fail(struct failure *failure, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(failure->what, sizeof(failure->what), format, arguments);
	va_end(arguments);
	failure->error = error;
	return -error;
}

const char *privilege_advice(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return "run as root, or with CAP_BPF and CAP_PERFMON; in a container allow the system "
		       "calls bpf and perf_event_open too (seccomp), and see that kernel lockdown is "
		       "not in confidentiality mode";
	case ESRCH:
		return "the kernel has no BTF: use one built with CONFIG_DEBUG_INFO_BTF=y";
	case ENOMEM:
		return "give more memory, or a smaller ring buffer";
	case EMFILE:
		return "raise the limit of open files (ulimit -n): each CPU takes two";
	default:
		return NULL;
	}
}

const char *error_text(int error, char *buffer, unsigned long bytes)
{
	const char *name = strerrorname_np(error);
	const char *meaning = strerrordesc_np(error);

	if (name)
		snprintf(buffer, bytes, "%s (%s)", name, meaning ? meaning : "");
	else
		snprintf(buffer, bytes, "errno %d", error);
	return buffer;
}

/*
 * The verifier's log can be megabytes, and the reason is at its end: so the last half of the buffer
 * moves to its front when it is full.
 */
struct log {
	char *text;
	size_t used;
};

static __thread struct log log_here;

static void log_append(const char *text, size_t length)
{
	const size_t half = FAILURE_LOG_BYTES / 2;

	if (length > half) {
		text += length - half;
		length = half;
	}
	if (log_here.used + length >= FAILURE_LOG_BYTES) {
		size_t kept = log_here.used < half ? log_here.used : half - 1;

		memmove(log_here.text, log_here.text + log_here.used - kept, kept);
		log_here.used = kept;
	}
	memcpy(log_here.text + log_here.used, text, length);
	log_here.used += length;
	log_here.text[log_here.used] = 0;
}

static int log_print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char *text;
	int length;

	if (!log_here.text || level == LIBBPF_DEBUG)
		return 0;
	length = vasprintf(&text, format, arguments);
	if (length < 0)
		return 0;
	log_append(text, length);
	free(text);
	return length;
}

void log_install(void)
{
	libbpf_set_print(log_print);
}

void log_begin(void)
{
	log_here.text = malloc(FAILURE_LOG_BYTES);
	log_here.used = 0;
}

char *log_end(void)
{
	char *text = log_here.text;

	log_here.text = NULL;
	if (text && !log_here.used) {
		free(text);
		return NULL;
	}
	return text;
}
