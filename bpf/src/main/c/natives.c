/* SPDX-License-Identifier: Apache-2.0 */
/* What Natives.java declares: turns Java's arguments into C's, and failures into exceptions. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jni.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "failure.h"
#include "handle.h"
#include "kernel_symbols.h"
#include "safe_file.h"
#include "sampler.h"
#include "side_band.h"
#include "unwind_memory.h"

#define NATIVE(type, name) JNIEXPORT type JNICALL Java_io_emberscope_bpf_Natives_##name

/* Bytes moved at a time between a file and a Java array. */
#define PIECE_BYTES 16384
#define PATH_BYTES_MAX 4096
#define EVENTS_MAX 64
/* Of a sampler, beside those of its events: the program and its maps. */
#define DESCRIPTORS 9
/* Threads may be made while others are being changed: look again, but not for ever. */
#define PRIORITY_ROUNDS_MAX 4

static jclass bpf_exception, refused_exception;
static jmethodID new_bpf_exception, new_refused_exception;

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved)
{
	JNIEnv *env;
	jclass found;

	(void)reserved;
	if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_10) != JNI_OK)
		return JNI_ERR;
	found = (*env)->FindClass(env, "io/emberscope/bpf/BpfException");
	if (!found)
		return JNI_ERR;
	bpf_exception = (*env)->NewGlobalRef(env, found);
	new_bpf_exception =
		(*env)->GetMethodID(env, found, "<init>", "(Ljava/lang/String;I)V");
	found = (*env)->FindClass(env, "io/emberscope/bpf/RefusedFileException");
	if (!found)
		return JNI_ERR;
	refused_exception = (*env)->NewGlobalRef(env, found);
	new_refused_exception =
		(*env)->GetMethodID(env, found, "<init>", "(Ljava/lang/String;I)V");
	if (!bpf_exception || !refused_exception || !new_bpf_exception || !new_refused_exception)
		return JNI_ERR;
	log_install();
	return JNI_VERSION_10;
}

static void throw_named(JNIEnv *env, const char *class, const char *message)
{
	jclass found = (*env)->FindClass(env, class);

	if (found)
		(*env)->ThrowNew(env, found, message);
}

static void throw_closed(JNIEnv *env)
{
	throw_named(env, "java/lang/IllegalStateException",
		    "native handle: closed (expected: open)");
}

static void throw_out_of_memory(JNIEnv *env)
{
	throw_named(env, "java/lang/OutOfMemoryError", "native memory");
}

/* NewStringUTF wants well-formed text; what libbpf logs may quote any bytes. */
static jstring text_of(JNIEnv *env, const char *bytes)
{
	char *clean = strdup(bytes);
	jstring text;
	char *at;

	if (!clean)
		return NULL;
	for (at = clean; *at; at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	text = (*env)->NewStringUTF(env, clean);
	free(clean);
	return text;
}

static void throw_with(JNIEnv *env, jclass class, jmethodID constructor, const char *message,
		       int number)
{
	jstring text = text_of(env, message);
	jobject exception;

	if (!text)
		return;
	exception = (*env)->NewObject(env, class, constructor, text, number);
	if (exception)
		(*env)->Throw(env, exception);
}

/* Throws what failed, and lets go of the log. */
static void throw_failure(JNIEnv *env, struct failure *failure)
{
	const char *log = failure->log ? failure->log : "";
	char error[64];
	char *message = NULL;
	int length;

	length = asprintf(&message, "%s: %s%s%s%s%s", failure->what,
			  error_text(failure->error, error, sizeof(error)),
			  failure->advice ? "; " : "", failure->advice ? failure->advice : "",
			  *log ? "\n" : "", log);
	if (length < 0)
		throw_out_of_memory(env);
	else if (failure->reason >= 0)
		throw_with(env, refused_exception, new_refused_exception, message,
			   failure->reason);
	else
		throw_with(env, bpf_exception, new_bpf_exception, message, failure->error);
	if (length >= 0)
		free(message);
	free(failure->log);
	failure->log = NULL;
}

#define NO_FAILURE { .reason = NOT_REFUSED }

/* A copy of a Java array of bytes with a zero after it, to be freed; NULL if there is no memory. */
static char *bytes_of(JNIEnv *env, jbyteArray array, size_t *length)
{
	jsize bytes = (*env)->GetArrayLength(env, array);
	char *copy = malloc((size_t)bytes + 1);

	if (!copy) {
		throw_out_of_memory(env);
		return NULL;
	}
	(*env)->GetByteArrayRegion(env, array, 0, bytes, (jbyte *)copy);
	copy[bytes] = 0;
	*length = (size_t)bytes;
	return copy;
}

static jlongArray longs_of(JNIEnv *env, const jlong *values, jsize count)
{
	jlongArray array = (*env)->NewLongArray(env, count);

	if (array)
		(*env)->SetLongArrayRegion(env, array, 0, count, values);
	return array;
}

static jintArray ints_of(JNIEnv *env, const jint *values, jsize count)
{
	jintArray array = (*env)->NewIntArray(env, count);

	if (array)
		(*env)->SetIntArrayRegion(env, array, 0, count, values);
	return array;
}

/* Memory for walks, for one thread at a time. */
struct unwind {
	struct unwind_memory memory;
	pthread_mutex_t lock;
};

static void unwind_destroy(struct unwind *unwind)
{
	unwind_memory_close(&unwind->memory);
	pthread_mutex_destroy(&unwind->lock);
	free(unwind);
}

static void destroy(enum handle_kind kind, void *object)
{
	switch (kind) {
	case HANDLE_SAMPLER:
		sampler_destroy(object);
		break;
	case HANDLE_SIDE_BAND:
		side_band_destroy(object);
		break;
	case HANDLE_UNWIND:
		unwind_destroy(object);
		break;
	case HANDLE_FILE:
	case HANDLE_PID:
		close(*(int *)object);
		free(object);
		break;
	}
}

/* A handle for the object, which is destroyed if there are too many. */
static jlong handle_or_throw(JNIEnv *env, enum handle_kind kind, void *object)
{
	struct failure failure = NO_FAILURE;
	int64_t handle = handle_new(kind, object);

	if (handle)
		return handle;
	destroy(kind, object);
	failure.advice = "close some";
	fail(&failure, EMFILE, "native handles: more than %d", HANDLES_MAX);
	throw_failure(env, &failure);
	return 0;
}

static jlong handle_of_fd(JNIEnv *env, enum handle_kind kind, int fd)
{
	int *object = malloc(sizeof(*object));

	if (!object) {
		close(fd);
		throw_out_of_memory(env);
		return 0;
	}
	*object = fd;
	return handle_or_throw(env, kind, object);
}

/* The object of a handle, or NULL and an exception. */
static void *get(JNIEnv *env, jlong handle, enum handle_kind kind)
{
	void *object = handle_get(handle, kind);

	if (!object)
		throw_closed(env);
	return object;
}

NATIVE(jintArray, layout)(JNIEnv *env, jclass class)
{
	static const jint layout[] = {
		sizeof(struct sample_header),
		KERNEL_FRAMES_MAX,
		USER_FRAMES_MAX,
		RESUMPTION_WORDS,
		DEEP_BODY_BYTES,
		WALK_ENDS,
		CHUNK_WORDS,
		CHUNKS_MAX,
		TABLES_MAX,
		MAPPINGS_MAX,
		PROCESSES_MAX,
		COMM_BYTES_MAX,
		SAMPLE_KERNEL_THREAD,
		SAMPLE_KERNEL_STACK_TRUNCATED,
		SAMPLE_USER_STACK_TRUNCATED,
		SAMPLE_KERNEL_STACK_FAILED,
		SAMPLE_USER_STACK_FAILED,
		SAMPLE_WAIT,
		SAMPLE_COPY_UNREAD,
		WAIT_OTHER,
		RULES_MAX,
		CGROUP_LEVELS_MAX,
		DROP_REASONS,
		WAIT_ENDS,
		CGROUP_SOURCES,
		REFUSALS,
	};

	(void)class;
	return ints_of(env, layout, sizeof(layout) / sizeof(layout[0]));
}

/* What SamplingRules.java made of itself. */
static void take_choice(JNIEnv *env, jlongArray choosing, jlongArray rules,
			struct sampler_choice *choice)
{
	jsize words = (*env)->GetArrayLength(env, rules);

	_Static_assert(sizeof(choice->rules[0]) == 4 * sizeof(jlong), "SamplingRules.RULE_WORDS");
	if ((size_t)words * sizeof(jlong) > sizeof(choice->rules))
		words = 4 * RULES_MAX;
	(*env)->GetLongArrayRegion(env, rules, 0, words, (jlong *)choice->rules);
	(*env)->GetLongArrayRegion(env, choosing, 0, sizeof(choice->choosing) / sizeof(jlong),
				   (jlong *)&choice->choosing);
	choice->count = words / 4;
}

NATIVE(jlong, samplerOpen)(JNIEnv *env, jclass class, jbyteArray object, jboolean cycles,
			   jlong weight_nanos, jint ring_bytes, jint wakeup_bytes,
			   jint cgroup_source, jboolean unwind, jlongArray choosing,
			   jlongArray rules)
{
	struct sampler_options options = {
		.unwind = unwind,
		.cycles = cycles,
		.weight_nanos = (uint64_t)weight_nanos,
		.ring_bytes = (uint32_t)ring_bytes,
		.wakeup_bytes = (uint32_t)wakeup_bytes,
		.cgroup_source = (uint32_t)cgroup_source,
	};
	struct failure failure = NO_FAILURE;
	struct sampler_choice choice;
	struct sampler *sampler;
	size_t length;
	char *bytes;

	(void)class;
	bytes = bytes_of(env, object, &length);
	if (!bytes)
		return 0;
	take_choice(env, choosing, rules, &choice);
	sampler = sampler_open(bytes, length, &options, &choice, &failure);
	free(bytes);
	if (!sampler) {
		throw_failure(env, &failure);
		return 0;
	}
	return handle_or_throw(env, HANDLE_SAMPLER, sampler);
}

NATIVE(jlong, samplerAdopt)(JNIEnv *env, jclass class, jintArray maps, jintArray cpus,
			    jintArray events, jintArray links, jboolean cycles, jlong weight_nanos)
{
	struct sampler_options options = {
		.cycles = cycles,
		.weight_nanos = (uint64_t)weight_nanos,
	};
	struct failure failure = NO_FAILURE;
	jsize count = (*env)->GetArrayLength(env, cpus);
	jint *numbers = calloc(3 * (size_t)count + 1, sizeof(*numbers));
	struct sampler_fds fds = { .count = count };
	jint own[DESCRIPTORS];
	struct sampler *sampler;

	(void)class;
	if (!numbers) {
		throw_out_of_memory(env);
		return 0;
	}
	(*env)->GetIntArrayRegion(env, maps, 0, DESCRIPTORS, own);
	fds.program = own[0];
	fds.ring = own[1];
	fds.state = own[2];
	fds.unwind = (struct unwind_maps){ own[3], own[4], own[5] };
	fds.choice = (struct choice_maps){ own[6], own[7] };
	fds.deferred = own[8];
	(*env)->GetIntArrayRegion(env, cpus, 0, count, numbers);
	(*env)->GetIntArrayRegion(env, events, 0, count, numbers + count);
	(*env)->GetIntArrayRegion(env, links, 0, count, numbers + 2 * count);
	fds.cpus = numbers;
	fds.events = numbers + count;
	fds.links = numbers + 2 * count;
	sampler = sampler_adopt(&fds, &options, &failure);
	free(numbers);
	if (!sampler) {
		throw_failure(env, &failure);
		return 0;
	}
	return handle_or_throw(env, HANDLE_SAMPLER, sampler);
}

/*
 * The headers that precede records in the ring become their lengths in words. What the program took
 * room for and did not fill is left out. Returns how many words are left.
 */
static size_t keep_records(jlong *words, size_t count)
{
	size_t at = 0, kept = 0;

	while (at < count) {
		uint32_t header = (uint32_t)words[at];
		size_t length = ((header & ~(uint32_t)(BPF_RINGBUF_BUSY_BIT |
						       BPF_RINGBUF_DISCARD_BIT)) + 7) / 8;

		if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
			words[kept] = (jlong)length;
			if (kept != at)
				memmove(words + kept + 1, words + at + 1, 8 * length);
			kept += 1 + length;
		}
		at += 1 + length;
	}
	return kept;
}

NATIVE(jint, samplerDrain)(JNIEnv *env, jclass class, jlong handle, jlongArray target)
{
	struct sampler *sampler = get(env, handle, HANDLE_SAMPLER);
	size_t room = (size_t)(*env)->GetArrayLength(env, target) * sizeof(jlong);
	const void *records;
	size_t bytes, kept = 0;
	jlong *words;

	(void)class;
	if (!sampler)
		return 0;
	pthread_mutex_lock(&sampler->lock);
	bytes = sampler_records(sampler, room, &records);
	words = bytes ? (*env)->GetPrimitiveArrayCritical(env, target, NULL) : NULL;
	if (words) {
		memcpy(words, records, bytes);
		kept = keep_records(words, bytes / sizeof(jlong));
		(*env)->ReleasePrimitiveArrayCritical(env, target, words, 0);
		sampler_consumed(sampler, bytes);
	}
	pthread_mutex_unlock(&sampler->lock);
	handle_put(handle);
	return (jint)kept;
}

NATIVE(void, samplerStop)(JNIEnv *env, jclass class, jlong handle)
{
	struct sampler *sampler = get(env, handle, HANDLE_SAMPLER);

	(void)class;
	if (!sampler)
		return;
	pthread_mutex_lock(&sampler->lock);
	sampler_stop(sampler);
	pthread_mutex_unlock(&sampler->lock);
	handle_put(handle);
}

NATIVE(jlongArray, samplerCounters)(JNIEnv *env, jclass class, jlong handle, jboolean waits)
{
	struct sampler *sampler = get(env, handle, HANDLE_SAMPLER);
	struct failure failure = NO_FAILURE;
	jlong values[5 + 2 * DROP_REASONS];
	struct cpu_counters sum;
	int reason, error;

	(void)class;
	if (!sampler)
		return NULL;
	pthread_mutex_lock(&sampler->lock);
	error = waits ? off_cpu_counters(sampler, &sum, &failure) :
			sampler_counters(sampler, &sum, &failure);
	values[2] = sampler->throttles_unknown ? -1 : (jlong)sampler->throttles;
	pthread_mutex_unlock(&sampler->lock);
	handle_put(handle);
	if (error) {
		throw_failure(env, &failure);
		return NULL;
	}
	values[0] = (jlong)sum.hits;
	values[1] = (jlong)sum.hit_nanos;
	values[3] = (jlong)sum.busy_nanos;
	values[4] = (jlong)sum.not_deferred;
	for (reason = 0; reason < DROP_REASONS; reason++) {
		values[5 + 2 * reason] = (jlong)sum.dropped[reason].samples;
		values[6 + 2 * reason] = (jlong)sum.dropped[reason].nanos;
	}
	return longs_of(env, values, sizeof(values) / sizeof(values[0]));
}

NATIVE(jlongArray, samplerProgramStats)(JNIEnv *env, jclass class, jlong handle, jboolean waits)
{
	struct sampler *sampler = get(env, handle, HANDLE_SAMPLER);
	struct failure failure = NO_FAILURE;
	struct sampler_stats stats;
	jlong values[5];
	int error;

	(void)class;
	if (!sampler)
		return NULL;
	pthread_mutex_lock(&sampler->lock);
	error = waits ? off_cpu_stats(sampler, &stats, &failure) :
			sampler_stats(sampler, &stats, &failure);
	pthread_mutex_unlock(&sampler->lock);
	handle_put(handle);
	if (error) {
		throw_failure(env, &failure);
		return NULL;
	}
	values[0] = (jlong)stats.runs;
	values[1] = (jlong)stats.run_nanos;
	values[2] = (jlong)stats.recursion_misses;
	values[3] = (jlong)stats.verified_instructions;
	values[4] = (jlong)stats.memory_bytes;
	return longs_of(env, values, 5);
}

NATIVE(void, samplerChoose)(JNIEnv *env, jclass class, jlong handle, jlongArray choosing,
			    jlongArray rules)
{
	struct sampler *sampler = get(env, handle, HANDLE_SAMPLER);
	struct failure failure = NO_FAILURE;
	struct sampler_choice choice;
	int error;

	(void)class;
	if (!sampler)
		return;
	take_choice(env, choosing, rules, &choice);
	pthread_mutex_lock(&sampler->lock);
	error = sampler_choose(sampler, &choice, &failure);
	pthread_mutex_unlock(&sampler->lock);
	handle_put(handle);
	if (error)
		throw_failure(env, &failure);
}

NATIVE(void, waitsStart)(JNIEnv *env, jclass class, jlong handle, jbyteArray object, jint how)
{
	struct sampler *sampler = get(env, handle, HANDLE_SAMPLER);
	struct failure failure = NO_FAILURE;
	size_t length;
	char *bytes;
	int error = 0;

	(void)class;
	if (!sampler)
		return;
	bytes = bytes_of(env, object, &length);
	if (bytes) {
		pthread_mutex_lock(&sampler->lock);
		error = off_cpu_start(sampler, bytes, length, (enum wait_end)how, &failure);
		pthread_mutex_unlock(&sampler->lock);
		free(bytes);
	}
	handle_put(handle);
	if (error)
		throw_failure(env, &failure);
}

NATIVE(void, waitsStop)(JNIEnv *env, jclass class, jlong handle)
{
	struct sampler *sampler = get(env, handle, HANDLE_SAMPLER);

	(void)class;
	if (!sampler)
		return;
	pthread_mutex_lock(&sampler->lock);
	off_cpu_stop(sampler);
	pthread_mutex_unlock(&sampler->lock);
	handle_put(handle);
}

/* A copy, or -1 for one that is not there. Notes a failure in *error. */
static jint copy_or_note(int fd, int *error)
{
	int copy;

	if (fd < 0)
		return -1;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		*error = errno;
	return copy;
}

NATIVE(jintArray, samplerDescriptors)(JNIEnv *env, jclass class, jlong handle)
{
	struct sampler *sampler = get(env, handle, HANDLE_SAMPLER);
	struct failure failure = NO_FAILURE;
	jintArray array = NULL;
	int cpu, error = 0;
	jsize count = DESCRIPTORS;
	jint *values;

	(void)class;
	if (!sampler)
		return NULL;
	pthread_mutex_lock(&sampler->lock);
	values = calloc(DESCRIPTORS + 3 * (size_t)sampler->cpus.count, sizeof(*values));
	if (values) {
		values[0] = copy_or_note(sampler->program, &error);
		values[1] = copy_or_note(sampler->ring, &error);
		values[2] = copy_or_note(sampler->state, &error);
		values[3] = copy_or_note(sampler->unwind.chunks, &error);
		values[4] = copy_or_note(sampler->unwind.tables, &error);
		values[5] = copy_or_note(sampler->unwind.processes, &error);
		values[6] = copy_or_note(sampler->choice.choosing, &error);
		values[7] = copy_or_note(sampler->choice.rules, &error);
		values[8] = copy_or_note(sampler->deferred, &error);
		for (cpu = 0; cpu < sampler->cpus.count; cpu++) {
			const struct cpu_event *event = &sampler->cpus.events[cpu];

			if (event->event < 0)
				continue;
			values[count++] = cpu;
			values[count++] = copy_or_note(event->event, &error);
			values[count++] = copy_or_note(event->link, &error);
		}
	}
	pthread_mutex_unlock(&sampler->lock);
	handle_put(handle);
	if (!values) {
		throw_out_of_memory(env);
		return NULL;
	}
	if (!error)
		array = ints_of(env, values, count);
	if (!array) {
		jsize i;

		/* Then come triples that begin with a CPU, which is no descriptor. */
		for (i = 0; i < count; i++)
			if ((i < DESCRIPTORS || (i - DESCRIPTORS) % 3) && values[i] >= 0)
				close(values[i]);
		if (error) {
			failure.advice = privilege_advice(error);
			fail(&failure, error, "copying the sampler's descriptors");
			throw_failure(env, &failure);
		}
	}
	free(values);
	return array;
}

NATIVE(jlong, unwindOpen)(JNIEnv *env, jclass class, jlong sampler_handle)
{
	struct unwind_maps maps = { -1, -1, -1 };
	struct failure failure = NO_FAILURE;
	struct unwind *unwind;
	int error = 0;

	(void)class;
	if (sampler_handle) {
		struct sampler *sampler = get(env, sampler_handle, HANDLE_SAMPLER);

		if (!sampler)
			return 0;
		maps.chunks = copy_or_note(sampler->unwind.chunks, &error);
		maps.tables = copy_or_note(sampler->unwind.tables, &error);
		maps.processes = copy_or_note(sampler->unwind.processes, &error);
		if (!error && maps.chunks < 0)
			error = EINVAL;
		handle_put(sampler_handle);
	}
	unwind = calloc(1, sizeof(*unwind));
	if (!unwind) {
		throw_out_of_memory(env);
		return 0;
	}
	pthread_mutex_init(&unwind->lock, NULL);
	if (error)
		fail(&failure, error, "taking the sampler's unwind tables (expected: it has any)");
	else
		error = unwind_memory_open(&unwind->memory, &maps, &failure);
	if (error) {
		unwind->memory.maps = maps;
		unwind_destroy(unwind);
		throw_failure(env, &failure);
		return 0;
	}
	return handle_or_throw(env, HANDLE_UNWIND, unwind);
}

/* The memory of a handle, locked; NULL and an exception if it is closed. */
static struct unwind *lock_unwind(JNIEnv *env, jlong handle)
{
	struct unwind *unwind = get(env, handle, HANDLE_UNWIND);

	if (unwind)
		pthread_mutex_lock(&unwind->lock);
	return unwind;
}

static void unlock_unwind(struct unwind *unwind, jlong handle)
{
	pthread_mutex_unlock(&unwind->lock);
	handle_put(handle);
}

NATIVE(jint, unwindAddChunk)(JNIEnv *env, jclass class, jlong handle)
{
	struct unwind *unwind = lock_unwind(env, handle);
	struct failure failure = NO_FAILURE;
	int number;

	(void)class;
	if (!unwind)
		return 0;
	number = unwind_memory_add_chunk(&unwind->memory, &failure);
	unlock_unwind(unwind, handle);
	if (number < 0)
		throw_failure(env, &failure);
	return number;
}

NATIVE(void, unwindRemoveChunk)(JNIEnv *env, jclass class, jlong handle, jint number)
{
	struct unwind *unwind = lock_unwind(env, handle);
	struct failure failure = NO_FAILURE;
	int error;

	(void)class;
	if (!unwind)
		return;
	error = unwind_memory_remove_chunk(&unwind->memory, (uint32_t)number, &failure);
	unlock_unwind(unwind, handle);
	if (error)
		throw_failure(env, &failure);
}

NATIVE(jboolean, unwindWrite)(JNIEnv *env, jclass class, jlong handle, jint place, jintArray words,
			      jint count)
{
	struct unwind *unwind = lock_unwind(env, handle);
	uint32_t *target;

	(void)class;
	if (!unwind)
		return JNI_FALSE;
	target = unwind_memory_words(&unwind->memory, (uint32_t)place, (uint32_t)count);
	if (target)
		(*env)->GetIntArrayRegion(env, words, 0, count, (jint *)target);
	unlock_unwind(unwind, handle);
	return target != NULL;
}

NATIVE(void, unwindSetTable)(JNIEnv *env, jclass class, jlong handle, jint number, jint state)
{
	struct unwind *unwind = lock_unwind(env, handle);

	(void)class;
	if (!unwind)
		return;
	unwind_memory_set_table(&unwind->memory, (uint32_t)number, (uint32_t)state);
	unlock_unwind(unwind, handle);
}

NATIVE(jint, unwindTableUsed)(JNIEnv *env, jclass class, jlong handle, jint number)
{
	struct unwind *unwind = lock_unwind(env, handle);
	uint32_t used;

	(void)class;
	if (!unwind)
		return 0;
	used = unwind->memory.slots[(uint32_t)number & (TABLES_MAX - 1)].used;
	unlock_unwind(unwind, handle);
	return (jint)used;
}

NATIVE(void, unwindSetProcess)(JNIEnv *env, jclass class, jlong handle, jint pid, jlong space,
			       jint place, jint count, jboolean settled)
{
	struct unwind_process process = {
		.space = (uint64_t)space,
		.mappings = (uint32_t)place,
		.count = (uint32_t)count | (settled ? PROCESS_SETTLED : 0),
	};
	struct unwind *unwind = lock_unwind(env, handle);
	struct failure failure = NO_FAILURE;
	int error;

	(void)class;
	if (!unwind)
		return;
	error = unwind_memory_set_process(&unwind->memory, (uint32_t)pid, &process, &failure);
	unlock_unwind(unwind, handle);
	if (error)
		throw_failure(env, &failure);
}

NATIVE(void, unwindRemoveProcess)(JNIEnv *env, jclass class, jlong handle, jint pid)
{
	struct unwind *unwind = lock_unwind(env, handle);
	struct failure failure = NO_FAILURE;
	int error;

	(void)class;
	if (!unwind)
		return;
	error = unwind_memory_remove_process(&unwind->memory, (uint32_t)pid, &failure);
	unlock_unwind(unwind, handle);
	if (error)
		throw_failure(env, &failure);
}

NATIVE(jboolean, unwindFind)(JNIEnv *env, jclass class, jlong handle, jint place, jint count,
			     jlong address, jlongArray found)
{
	struct unwind *unwind = lock_unwind(env, handle);
	uint32_t table = 0;
	uint64_t bias = 0;
	jlong values[2];
	bool any;

	(void)class;
	if (!unwind)
		return JNI_FALSE;
	any = unwind_memory_find(&unwind->memory, (uint32_t)place, (uint32_t)count,
				 (uint64_t)address, &table, &bias);
	unlock_unwind(unwind, handle);
	values[0] = table;
	values[1] = (jlong)bias;
	(*env)->SetLongArrayRegion(env, found, 0, 2, values);
	return any;
}

NATIVE(jint, unwindWalk)(JNIEnv *env, jclass class, jlong handle, jlongArray words, jint start,
			 jint count, jint place, jint mappings, jlongArray frames, jint from)
{
	struct unwind_process process = { 0, (uint32_t)place, (uint32_t)mappings };
	uint64_t found[USER_FRAMES_MAX + 1] = { 0 };
	struct unwind *unwind = lock_unwind(env, handle);
	enum walk_end end = WALK_COPY_CUT;
	struct resumption *resumption;
	uint32_t length = 0;

	(void)class;
	if (!unwind)
		return 0;
	if (count >= RESUMPTION_WORDS && count <= (jint)RESUMED_WORDS_MAX && from >= 0 &&
	    from <= USER_FRAMES_MAX) {
		resumption = malloc(8 * (size_t)count);
		if (resumption)
			(*env)->GetLongArrayRegion(env, words, start, count, (jlong *)resumption);
		if (resumption && !(*env)->ExceptionCheck(env))
			length = unwind_memory_walk(&unwind->memory, resumption,
						    (const uint8_t *)(resumption + 1),
						    8 * (size_t)(count - RESUMPTION_WORDS), &process,
						    found, USER_FRAMES_MAX - (uint32_t)from, &end);
		free(resumption);
	}
	unlock_unwind(unwind, handle);
	if (!(*env)->ExceptionCheck(env))
		(*env)->SetLongArrayRegion(env, frames, from, (jsize)length + 1, (jlong *)found);
	return (jint)(length | (uint32_t)end << 16);
}

/* Uses up what an edge-triggered set has to say; whether it was anything. */
static bool use_up(int epoll)
{
	struct epoll_event events[EVENTS_MAX];
	bool any = false;
	int found;

	do {
		found = epoll_wait(epoll, events, EVENTS_MAX, 0);
		any |= found > 0;
	} while (found == EVENTS_MAX);
	return any;
}

NATIVE(jboolean, await)(JNIEnv *env, jclass class, jlong sampler_handle, jlong side_band_handle,
			jint timeout_millis)
{
	struct sampler *sampler = get(env, sampler_handle, HANDLE_SAMPLER);
	struct side_band *side_band = NULL;
	struct pollfd wanted[4];
	bool filled = false;
	nfds_t count = 2;

	(void)class;
	if (!sampler)
		return JNI_FALSE;
	if (side_band_handle) {
		side_band = get(env, side_band_handle, HANDLE_SIDE_BAND);
		if (!side_band) {
			handle_put(sampler_handle);
			return JNI_FALSE;
		}
	}
	wanted[0] = (struct pollfd){ .fd = sampler->epoll, .events = POLLIN };
	wanted[1] = (struct pollfd){ .fd = sampler->wake, .events = POLLIN };
	if (side_band) {
		wanted[2] = (struct pollfd){ .fd = side_band->cpus.epoll, .events = POLLIN };
		wanted[3] = (struct pollfd){ .fd = side_band->wake, .events = POLLIN };
		count = 4;
	}
	if (poll(wanted, count, timeout_millis) > 0) {
		filled = wanted[0].revents && use_up(sampler->epoll);
		if (side_band && wanted[2].revents)
			filled |= use_up(side_band->cpus.epoll);
	}
	if (side_band)
		handle_put(side_band_handle);
	handle_put(sampler_handle);
	return filled;
}

NATIVE(jintArray, refreshCpus)(JNIEnv *env, jclass class, jlong handle)
{
	enum handle_kind kind = handle_kind_of(handle);
	struct failure failure = NO_FAILURE;
	struct cpu_changes changes;
	jint values[3];
	int error;

	(void)class;
	if (kind == HANDLE_SAMPLER) {
		struct sampler *sampler = get(env, handle, kind);

		if (!sampler)
			return NULL;
		pthread_mutex_lock(&sampler->lock);
		error = sampler_refresh(sampler, &changes, &failure);
		pthread_mutex_unlock(&sampler->lock);
	} else {
		struct side_band *side_band = get(env, handle, HANDLE_SIDE_BAND);

		if (!side_band)
			return NULL;
		pthread_mutex_lock(&side_band->lock);
		error = side_band_refresh(side_band, &changes, &failure);
		pthread_mutex_unlock(&side_band->lock);
	}
	handle_put(handle);
	if (error) {
		throw_failure(env, &failure);
		return NULL;
	}
	values[0] = changes.opened;
	values[1] = changes.closed;
	values[2] = changes.failed;
	return ints_of(env, values, 3);
}

static void wake(enum handle_kind kind, void *object)
{
	static const uint64_t one = 1;
	int event = -1;

	if (kind == HANDLE_SAMPLER)
		event = ((struct sampler *)object)->wake;
	else if (kind == HANDLE_SIDE_BAND)
		event = ((struct side_band *)object)->wake;
	/* It can only fail because it is written already. */
	if (event >= 0 && write(event, &one, sizeof(one)) < 0)
		return;
}

NATIVE(void, close)(JNIEnv *env, jclass class, jlong handle)
{
	enum handle_kind kind = handle_kind_of(handle);
	void *object = handle_close(handle, wake);

	(void)env;
	(void)class;
	if (object)
		destroy(kind, object);
}

NATIVE(jlong, sideBandOpen)(JNIEnv *env, jclass class, jint ring_bytes)
{
	struct failure failure = NO_FAILURE;
	struct side_band *side_band = side_band_open((size_t)ring_bytes, &failure);

	(void)class;
	if (!side_band) {
		throw_failure(env, &failure);
		return 0;
	}
	return handle_or_throw(env, HANDLE_SIDE_BAND, side_band);
}

NATIVE(jintArray, sideBandFeatures)(JNIEnv *env, jclass class, jlong handle)
{
	struct side_band *side_band = get(env, handle, HANDLE_SIDE_BAND);
	jint values[2];

	(void)class;
	if (!side_band)
		return NULL;
	pthread_mutex_lock(&side_band->lock);
	values[0] = (jint)side_band->ring_bytes;
	values[1] = side_band->features;
	pthread_mutex_unlock(&side_band->lock);
	handle_put(handle);
	return ints_of(env, values, 2);
}

struct java_bytes {
	JNIEnv *env;
	jbyteArray array;
};

static void copy_to_java(void *target, size_t at, const void *bytes, size_t length)
{
	const struct java_bytes *java = target;

	(*java->env)->SetByteArrayRegion(java->env, java->array, (jsize)at, (jsize)length, bytes);
}

NATIVE(jint, sideBandDrain)(JNIEnv *env, jclass class, jlong handle, jbyteArray target)
{
	struct side_band *side_band = get(env, handle, HANDLE_SIDE_BAND);
	struct java_bytes java = { .env = env, .array = target };
	size_t bytes;

	(void)class;
	if (!side_band)
		return 0;
	pthread_mutex_lock(&side_band->lock);
	bytes = side_band_drain(side_band, (size_t)(*env)->GetArrayLength(env, target),
				copy_to_java, &java);
	pthread_mutex_unlock(&side_band->lock);
	handle_put(handle);
	return (jint)bytes;
}

static jlong file_or_throw(JNIEnv *env, int fd, const struct safe_attributes *found,
			   jlongArray attributes, struct failure *failure)
{
	jlong values[6];

	if (fd < 0) {
		throw_failure(env, failure);
		return 0;
	}
	values[0] = found->size;
	values[1] = found->modified_nanos;
	values[2] = (jlong)found->inode;
	values[3] = found->device_major;
	values[4] = found->device_minor;
	values[5] = found->owner;
	(*env)->SetLongArrayRegion(env, attributes, 0, 6, values);
	if ((*env)->ExceptionCheck(env)) {
		close(fd);
		return 0;
	}
	return handle_of_fd(env, HANDLE_FILE, fd);
}

NATIVE(jlong, fileOpen)(JNIEnv *env, jclass class, jint pid, jbyteArray path, jlong size_max,
			jlong process_start, jboolean any_owner, jlongArray attributes)
{
	struct safe_rules rules = {
		.size_max = size_max,
		.process_start = (uint64_t)process_start,
		.any_owner = any_owner,
	};
	struct failure failure = NO_FAILURE;
	struct safe_attributes found;
	size_t length;
	char *name;
	int fd;

	(void)class;
	name = bytes_of(env, path, &length);
	if (!name)
		return 0;
	if (strlen(name) != length) {
		failure.reason = REFUSED_BAD_PATH;
		fd = fail(&failure, EINVAL, "path: holds a zero byte (expected: none)");
	} else {
		fd = safe_open(pid, name, &rules, &found, &failure);
	}
	free(name);
	return file_or_throw(env, fd, &found, attributes, &failure);
}

NATIVE(jlong, fileOpenMapped)(JNIEnv *env, jclass class, jint pid, jlong start, jlong end,
			      jlong size_max, jlong process_start, jlongArray attributes)
{
	struct safe_rules rules = {
		.size_max = size_max,
		.process_start = (uint64_t)process_start,
		.any_owner = true,
	};
	struct failure failure = NO_FAILURE;
	struct safe_attributes found;
	int fd;

	(void)class;
	fd = safe_open_mapped(pid, (uint64_t)start, (uint64_t)end, &rules, &found, &failure);
	return file_or_throw(env, fd, &found, attributes, &failure);
}

NATIVE(jint, fileRead)(JNIEnv *env, jclass class, jlong handle, jlong position,
		       jbyteArray target, jint offset, jint length)
{
	int *fd = get(env, handle, HANDLE_FILE);
	struct failure failure = NO_FAILURE;
	jbyte chunk[PIECE_BYTES];
	int error = 0;
	jint done = 0;

	(void)class;
	if (!fd)
		return 0;
	while (done < length) {
		size_t wanted = (size_t)(length - done);
		ssize_t got;

		if (wanted > sizeof(chunk))
			wanted = sizeof(chunk);
		got = pread(*fd, chunk, wanted, position + done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			error = errno;
		if (got <= 0)
			break;
		(*env)->SetByteArrayRegion(env, target, offset + done, (jsize)got, chunk);
		done += (jint)got;
	}
	handle_put(handle);
	if (error) {
		fail(&failure, error, "reading a file at %lld", (long long)position);
		throw_failure(env, &failure);
	}
	return done;
}

NATIVE(jboolean, fileHasChanged)(JNIEnv *env, jclass class, jlong handle, jlong size,
				 jlong modified_nanos)
{
	int *fd = get(env, handle, HANDLE_FILE);
	struct failure failure = NO_FAILURE;
	int found;

	(void)class;
	if (!fd)
		return false;
	found = safe_has_changed(*fd, size, modified_nanos, &failure);
	handle_put(handle);
	if (found < 0)
		throw_failure(env, &failure);
	return found > 0;
}

NATIVE(jlong, symbolsOpen)(JNIEnv *env, jclass class, jbyteArray object)
{
	struct failure failure = NO_FAILURE;
	size_t length;
	char *bytes = bytes_of(env, object, &length);
	int fd;

	(void)class;
	if (!bytes)
		return 0;
	fd = kernel_symbols_open(bytes, length, &failure);
	free(bytes);
	if (fd < 0) {
		throw_failure(env, &failure);
		return 0;
	}
	free(failure.log);
	return handle_of_fd(env, HANDLE_FILE, fd);
}

/* Reads on where the last read ended: an iterator has no positions. */
NATIVE(jint, symbolsRead)(JNIEnv *env, jclass class, jlong handle, jbyteArray target, jint offset,
			  jint length)
{
	int *fd = get(env, handle, HANDLE_FILE);
	struct failure failure = NO_FAILURE;
	jbyte chunk[PIECE_BYTES];
	size_t wanted = (size_t)length;
	ssize_t got;

	(void)class;
	if (!fd)
		return 0;
	if (wanted > sizeof(chunk))
		wanted = sizeof(chunk);
	do {
		got = read(*fd, chunk, wanted);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	handle_put(handle);
	if (got < 0) {
		fail(&failure, errno, "reading kernel symbols");
		throw_failure(env, &failure);
		return 0;
	}
	(*env)->SetByteArrayRegion(env, target, offset, (jsize)got, chunk);
	return (jint)got;
}

NATIVE(jlong, pidOpen)(JNIEnv *env, jclass class, jint pid)
{
	struct failure failure = NO_FAILURE;
	int fd = process_open(pid, &failure);

	(void)class;
	if (fd < 0) {
		throw_failure(env, &failure);
		return 0;
	}
	return handle_of_fd(env, HANDLE_PID, fd);
}

NATIVE(jboolean, pidAlive)(JNIEnv *env, jclass class, jlong handle)
{
	int *fd = get(env, handle, HANDLE_PID);
	bool alive;

	(void)class;
	if (!fd)
		return JNI_FALSE;
	alive = process_alive(*fd);
	handle_put(handle);
	return alive;
}

NATIVE(jlong, pidStart)(JNIEnv *env, jclass class, jint pid)
{
	struct failure failure = NO_FAILURE;
	uint64_t ticks = 0;

	(void)class;
	if (process_start(pid, &ticks, &failure))
		throw_failure(env, &failure);
	return (jlong)ticks;
}

/* Gives every thread the nice value; how many had another, or -errno of the last refusal. */
static int set_priorities(int nice)
{
	DIR *tasks = opendir("/proc/self/task");
	int changed = 0, error = 0;
	struct dirent *entry;

	if (!tasks)
		return -errno;
	while ((entry = readdir(tasks))) {
		int thread = atoi(entry->d_name);

		if (thread <= 0 || getpriority(PRIO_PROCESS, (id_t)thread) == nice)
			continue;
		if (!setpriority(PRIO_PROCESS, (id_t)thread, nice))
			changed++;
		else if (errno != ESRCH) /* it ended just now */
			error = errno;
	}
	closedir(tasks);
	return error ? -error : changed;
}

NATIVE(jint, setPriority)(JNIEnv *env, jclass class, jint nice)
{
	struct failure failure = NO_FAILURE;
	int round, changed, total = 0;

	(void)class;
	for (round = 0; round < PRIORITY_ROUNDS_MAX; round++) {
		changed = set_priorities(nice);
		if (changed < 0) {
			failure.advice = "run as root, or with CAP_SYS_NICE";
			fail(&failure, -changed, "setting the nice value to %d", nice);
			throw_failure(env, &failure);
			return 0;
		}
		total += changed;
		if (!changed)
			break;
	}
	return total;
}

NATIVE(jlong, capabilities)(JNIEnv *env, jclass class)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct failure failure = NO_FAILURE;

	(void)class;
	if (syscall(SYS_capget, &header, data)) {
		fail(&failure, errno, "asking for our capabilities");
		throw_failure(env, &failure);
		return 0;
	}
	return (jlong)((uint64_t)data[1].effective << 32 | data[0].effective);
}

NATIVE(jlong, clockNanos)(JNIEnv *env, jclass class, jint clock)
{
	struct timespec now = { 0 };

	(void)env;
	(void)class;
	clock_gettime(clock, &now);
	return (jlong)now.tv_sec * 1000000000 + now.tv_nsec;
}

NATIVE(jlong, cgroupId)(JNIEnv *env, jclass class, jbyteArray path)
{
	struct {
		struct file_handle head;
		uint64_t id;
	} found = { .head = { .handle_bytes = sizeof(found.id) } };
	struct failure failure = NO_FAILURE;
	uint64_t id = 0;
	size_t length;
	int mount;
	char *name;

	(void)class;
	name = bytes_of(env, path, &length);
	if (!name)
		return 0;
	/* kernfs puts the 64-bit id into the handle; the inode number has it only on 64-bit kernels. */
	if (name_to_handle_at(AT_FDCWD, name, &found.head, &mount, 0))
		fail(&failure, errno, "asking for the id of cgroup %.400s", name);
	else if (found.head.handle_bytes != sizeof(id))
		fail(&failure, EINVAL, "asking for the id of cgroup %.400s: no cgroup", name);
	else
		memcpy(&id, found.head.f_handle, sizeof(id));
	free(name);
	if (failure.error)
		throw_failure(env, &failure);
	return (jlong)id;
}

NATIVE(jstring, errnoName)(JNIEnv *env, jclass class, jint error)
{
	char text[64];

	(void)class;
	return text_of(env, error_text(error, text, sizeof(text)));
}

NATIVE(jint, tryPerfEvent)(JNIEnv *env, jclass class, jint type, jlong config, jboolean sampling)
{
	struct perf_event_attr attributes = {
		.type = (uint32_t)type,
		.config = (uint64_t)config,
		.sample_period = sampling ? 1000000000 : 0,
		.disabled = 1,
	};
	int event;

	(void)env;
	(void)class;
	/* On all of CPU 0, as the sampler does; the boot CPU is the last that goes offline. */
	event = perf_open(&attributes, 0);
	if (event < 0)
		return -event;
	close(event);
	return 0;
}

NATIVE(jint, tryRingBuffer)(JNIEnv *env, jclass class)
{
	int map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "emberscope_try", 0, 0,
				 (uint32_t)sysconf(_SC_PAGESIZE), NULL);

	(void)env;
	(void)class;
	if (map < 0)
		return -map;
	close(map);
	return 0;
}

static jint try_with(JNIEnv *env, jbyteArray object, jobjectArray log,
		     int (*try)(const void *bytes, size_t length, struct failure *failure))
{
	struct failure failure = NO_FAILURE;
	size_t length;
	char *bytes = bytes_of(env, object, &length);
	jstring text;
	int error;

	if (!bytes)
		return ENOMEM;
	error = -try(bytes, length, &failure);
	free(bytes);
	if (log && failure.log) {
		text = text_of(env, failure.log);
		if (text)
			(*env)->SetObjectArrayElement(env, log, 0, text);
	}
	free(failure.log);
	return error;
}

NATIVE(jint, tryObject)(JNIEnv *env, jclass class, jbyteArray object, jobjectArray log)
{
	(void)class;
	return try_with(env, object, log, try_object);
}

NATIVE(jint, tryUnwinding)(JNIEnv *env, jclass class, jbyteArray object, jobjectArray log)
{
	(void)class;
	return try_with(env, object, log, try_unwinding);
}

NATIVE(jint, tryWaits)(JNIEnv *env, jclass class, jbyteArray object, jint how, jobjectArray log)
{
	(void)class;
	return try_with(env, object, log,
			how == WAIT_END_BY_TRACEPOINT ? try_waits_by_tracepoint :
							try_waits_by_interrupt);
}

NATIVE(jboolean, hasWaitEnd)(JNIEnv *env, jclass class, jint how)
{
	struct failure failure = NO_FAILURE;
	int found = has_wait_end((enum wait_end)how, &failure);

	(void)class;
	if (found < 0)
		throw_failure(env, &failure);
	return found > 0;
}

NATIVE(jint, tryPerfLink)(JNIEnv *env, jclass class, jbyteArray object)
{
	(void)class;
	return try_with(env, object, NULL, try_perf_link);
}
