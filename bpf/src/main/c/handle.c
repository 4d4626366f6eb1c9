/* SPDX-License-Identifier: Apache-2.0 */
#include "handle.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct slot {
	void *object; /* NULL if free */
	enum handle_kind kind;
	uint32_t generation;
	uint32_t users;
	bool closing;
};

static struct slot slots[HANDLES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t put_back = PTHREAD_COND_INITIALIZER;
static unsigned int next_slot;

/* The low 16 bits are the slot, the others the generation, which is never 0. */
static struct slot *find(int64_t handle)
{
	uint64_t index = (uint64_t)handle & 0xffff;
	struct slot *slot;

	if (index >= HANDLES_MAX)
		return NULL;
	slot = &slots[index];
	if (!slot->object || slot->generation != (uint64_t)handle >> 16)
		return NULL;
	return slot;
}

int64_t handle_new(enum handle_kind kind, void *object)
{
	int64_t handle = 0;
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < HANDLES_MAX; i++) {
		unsigned int index = (next_slot + i) % HANDLES_MAX;
		struct slot *slot = &slots[index];

		if (slot->object)
			continue;
		next_slot = index + 1;
		slot->object = object;
		slot->kind = kind;
		slot->users = 0;
		slot->closing = false;
		if (!++slot->generation)
			slot->generation = 1;
		handle = (int64_t)((uint64_t)slot->generation << 16 | index);
		break;
	}
	pthread_mutex_unlock(&lock);
	return handle;
}

void *handle_get(int64_t handle, enum handle_kind kind)
{
	void *object = NULL;
	struct slot *slot;

	pthread_mutex_lock(&lock);
	slot = find(handle);
	if (slot && slot->kind == kind && !slot->closing) {
		slot->users++;
		object = slot->object;
	}
	pthread_mutex_unlock(&lock);
	return object;
}

void handle_put(int64_t handle)
{
	struct slot *slot;

	pthread_mutex_lock(&lock);
	slot = find(handle);
	if (slot && slot->users && !--slot->users && slot->closing)
		pthread_cond_broadcast(&put_back);
	pthread_mutex_unlock(&lock);
}

enum handle_kind handle_kind_of(int64_t handle)
{
	enum handle_kind kind = 0;
	struct slot *slot;

	pthread_mutex_lock(&lock);
	slot = find(handle);
	if (slot && !slot->closing)
		kind = slot->kind;
	pthread_mutex_unlock(&lock);
	return kind;
}

void *handle_close(int64_t handle, void (*wake)(enum handle_kind kind, void *object))
{
	void *object = NULL;
	struct slot *slot;

	pthread_mutex_lock(&lock);
	slot = find(handle);
	if (slot && !slot->closing) {
		slot->closing = true;
		wake(slot->kind, slot->object);
		while (slot->users)
			pthread_cond_wait(&put_back, &lock);
		object = slot->object;
		slot->object = NULL;
	}
	pthread_mutex_unlock(&lock);
	return object;
}
