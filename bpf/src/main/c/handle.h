/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java holds numbers, not pointers. A number is looked up under a lock; one that is not known, of
 * another kind, or closed gives nothing. An object in use is not destroyed before it is put back.
 */
#ifndef EMBERSCOPE_HANDLE_H
#define EMBERSCOPE_HANDLE_H

#include <stdint.h>

enum handle_kind {
	HANDLE_SAMPLER = 1,
	HANDLE_SIDE_BAND,
	HANDLE_UNWIND,
	HANDLE_FILE,
	HANDLE_PID,
};

/* Open objects at most; most of them will be files. */
#define HANDLES_MAX 4096

/* A handle for the object, or 0 if there are too many. */
int64_t handle_new(enum handle_kind kind, void *object);

/* The object, to be put back, or NULL. */
void *handle_get(int64_t handle, enum handle_kind kind);
void handle_put(int64_t handle);

/* What the handle names, or 0. */
enum handle_kind handle_kind_of(int64_t handle);

/*
 * Takes the object out of the table: new gets fail from here on. wake is called with it, to end
 * waits; then all who have it must put it back, and the caller may destroy it. NULL if the handle
 * is not known or somebody else closes it.
 */
void *handle_close(int64_t handle, void (*wake)(enum handle_kind kind, void *object));

#endif
