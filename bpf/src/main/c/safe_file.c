/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096
/* Directories between the root and a file at most. */
#define DEPTH_MAX 64
/* Symbolic links on the way at most, as the kernel has it. */
#define LINKS_MAX 40
#define GROUPS_MAX 1024
#define MOUNTS_BYTES_MAX (4 * 1024 * 1024)
#define STATUS_BYTES_MAX 16384

static int refuse(struct failure *failure, enum refusal reason, int error, const char *what)
{
	failure->reason = reason;
	return fail(failure, error, "%s", what);
}

/* Reads a file of /proc whole; NULL if it cannot be read or is longer than bytes_max. */
static char *read_proc(const char *path, size_t bytes_max)
{
	size_t room = 16384 < bytes_max ? 16384 : bytes_max, used = 0;
	char *text = malloc(room + 1);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	while (text && file >= 0) {
		got = read(file, text + used, room - used);
		if (got <= 0)
			break;
		used += (size_t)got;
		if (used == room) {
			char *more;

			if (room == bytes_max) {
				got = -1;
				break;
			}
			room = 2 * room < bytes_max ? 2 * room : bytes_max;
			more = realloc(text, room + 1);
			if (!more) {
				got = -1;
				break;
			}
			text = more;
		}
	}
	if (file >= 0)
		close(file);
	if (got < 0) {
		free(text);
		return NULL;
	}
	text[used] = 0;
	return text;
}

int process_open(int pid, struct failure *failure)
{
	long pidfd = pid > 0 ? syscall(SYS_pidfd_open, pid, 0) : -1;

	if (pid <= 0)
		errno = ESRCH;
	return pidfd < 0 ? fail(failure, errno, "taking hold of process %d", pid) : (int)pidfd;
}

bool process_alive(int pidfd)
{
	struct pollfd wanted = { .fd = pidfd, .events = POLLIN };

	return poll(&wanted, 1, 0) == 0;
}

int process_start(int pid, uint64_t *ticks, struct failure *failure)
{
	char path[64], *text, *at, *end;
	int field;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	text = read_proc(path, STATUS_BYTES_MAX);
	if (!text)
		return fail(failure, ESRCH, "reading %s", path);
	/* The name may hold anything, also spaces and parentheses: fields count from its end. */
	at = strrchr(text, ')');
	for (field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at) {
		free(text);
		return fail(failure, EINVAL, "reading %s", path);
	}
	*ticks = strtoull(at + 1, &end, 10);
	free(text);
	return 0;
}

/* Whom a process acts as. */
struct identity {
	uint32_t user;
	uint32_t group;
	uint32_t groups[GROUPS_MAX];
	int group_count;
};

static int read_identity(int pid, struct identity *identity)
{
	char path[64], *text, *at;
	unsigned int real, effective;
	int found = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	text = read_proc(path, 1024 * 1024);
	if (!text)
		return -ESRCH;
	identity->group_count = 0;
	at = strstr(text, "\nUid:");
	if (at && sscanf(at + 5, "%u %u", &real, &effective) == 2) {
		identity->user = effective;
		found++;
	}
	at = strstr(text, "\nGid:");
	if (at && sscanf(at + 5, "%u %u", &real, &effective) == 2) {
		identity->group = effective;
		found++;
	}
	at = strstr(text, "\nGroups:");
	if (at) {
		at += 8;
		while (identity->group_count < GROUPS_MAX) {
			char *end;

			while (*at == ' ' || *at == '\t')
				at++;
			if (*at < '0' || *at > '9')
				break;
			identity->groups[identity->group_count++] =
				(uint32_t)strtoul(at, &end, 10);
			at = end;
		}
	}
	free(text);
	return found == 2 ? 0 : -ESRCH;
}

static bool in_group(const struct identity *identity, uint32_t group)
{
	int i;

	if (identity->group == group)
		return true;
	for (i = 0; i < identity->group_count; i++)
		if (identity->groups[i] == group)
			return true;
	return false;
}

/*
 * Whether the file may be taken for the process's own: it belongs to the process's user; or to root,
 * and then the process could read it, since otherwise a hard link made by the process would have us
 * read root's secrets for it.
 */
static bool owner_allowed(const struct identity *identity, const struct stat *file)
{
	if (file->st_uid == identity->user)
		return true;
	if (file->st_uid != 0)
		return false;
	return file->st_mode & S_IROTH ||
	       (file->st_mode & S_IRGRP && in_group(identity, file->st_gid));
}

/*
 * File systems that are served by somebody who may never answer, or that are no store of files. All
 * else the kernel serves itself from local devices or memory.
 */
static const char *const refused_types[] = {
	"fuse", "fuseblk", "fusectl", "virtiofs", "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs",
	"9p", "ceph", "afs", "coda", "orangefs", "pvfs2", "lustre", "gfs2", "ocfs2", "gpfs",
	"beegfs", "vboxsf", "autofs", "proc", "sysfs", "debugfs", "tracefs", "cgroup", "cgroup2",
	"securityfs", "selinuxfs", "smackfs", "configfs", "bpf", "pstore", "devpts", "mqueue",
	"binfmt_misc", "efivarfs", "rpc_pipefs", "nfsd", "binder", "nsfs", "pipefs", "sockfs",
};

static bool type_refused(const char *type, size_t length)
{
	size_t i;

	/* "fuse.sshfs" and the like. */
	if (length > 5 && !strncmp(type, "fuse.", 5))
		return true;
	for (i = 0; i < sizeof(refused_types) / sizeof(refused_types[0]); i++)
		if (strlen(refused_types[i]) == length &&
		    !strncmp(type, refused_types[i], length))
			return true;
	return false;
}

enum verdict { UNKNOWN, ALLOWED, REFUSED };

/*
 * Looks for a mount, by its id or else by its device, in the text of a mountinfo file. Its lines:
 * id parent major:minor root mountpoint options... - type source options
 */
static enum verdict judge_in(const char *text, long mount, uint32_t major, uint32_t minor)
{
	enum verdict verdict = UNKNOWN;
	const char *line, *next;

	for (line = text; *line; line = next) {
		const char *end = strchrnul(line, '\n');
		const char *dash = memmem(line, (size_t)(end - line), " - ", 3);
		unsigned int line_major, line_minor;
		bool same_device;
		long id, parent;

		next = *end ? end + 1 : end;
		if (!dash || sscanf(line, "%ld %ld %u:%u", &id, &parent, &line_major,
				    &line_minor) != 4)
			continue;
		same_device = line_major == major && line_minor == minor;
		if (id == mount || same_device) {
			const char *type = dash + 3;
			size_t length = strcspn(type, " \n");

			verdict = type_refused(type, length) ? REFUSED : ALLOWED;
			if (id == mount)
				return verdict;
		}
	}
	return verdict;
}

/* The id of the mount a descriptor is on, without asking its file system; or -1. */
static long mount_of(int fd)
{
	char path[64], *text, *at;
	long mount = -1;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	text = read_proc(path, STATUS_BYTES_MAX);
	if (!text)
		return -1;
	at = strstr(text, "mnt_id:");
	if (at)
		mount = strtol(at + 7, NULL, 10);
	free(text);
	return mount;
}

/* What the kernel remembers of a file, without asking its file system for news. */
static int remembered(int fd, struct statx *known)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, known) ? -errno : 0;
}

/* Memory files (memfd_create) lie on a mount that nobody lists. */
static bool is_memory_file(const struct statx *known)
{
	struct statx memory;
	int fd = memfd_create("emberscope", MFD_CLOEXEC);
	bool same;

	if (fd < 0)
		return false;
	same = !remembered(fd, &memory) && memory.stx_dev_major == known->stx_dev_major &&
	       memory.stx_dev_minor == known->stx_dev_minor;
	close(fd);
	return same;
}

/* Whether a descriptor lies on a file system that answers by itself; never asks that file system. */
static bool file_system_allowed(int pid, int fd, long mount)
{
	enum verdict verdict = UNKNOWN;
	struct statx known;
	char path[64];
	int i;

	if (remembered(fd, &known))
		return false;
	for (i = 0; i < 2 && verdict == UNKNOWN; i++) {
		char *text;

		if (i)
			snprintf(path, sizeof(path), "/proc/self/mountinfo");
		else
			snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
		text = read_proc(path, MOUNTS_BYTES_MAX);
		if (!text)
			continue;
		verdict = judge_in(text, mount, known.stx_dev_major, known.stx_dev_minor);
		free(text);
	}
	return verdict == ALLOWED || (verdict == UNKNOWN && is_memory_file(&known));
}

/* Opens one name in a directory, without any effect on what it stands for; a link itself too. */
static int open_step(int directory, const char *name)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, directory, name, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* A walk from a process's root: the directories passed, and what is left of the path. */
struct walk {
	int pid;
	int passed[DEPTH_MAX + 1]; /* the root first; none is above it */
	int depth; /* of the last one */
	long mount; /* of the last one */
	int links;
	char rest[PATH_BYTES_MAX];
};

static void walk_end(struct walk *walk)
{
	while (walk->depth >= 0)
		close(walk->passed[walk->depth--]);
}

/* Cuts the next name off what is left; false if there is none. */
static bool next_name(struct walk *walk, char *name, size_t bytes)
{
	const char *at = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(at, "/");

	if (!length || length >= bytes)
		return false;
	memcpy(name, at, length);
	name[length] = 0;
	at += length;
	memmove(walk->rest, at, strlen(at) + 1);
	return true;
}

static bool is_last(const struct walk *walk)
{
	return walk->rest[strspn(walk->rest, "/")] == 0;
}

static void walk_to_root(struct walk *walk)
{
	while (walk->depth > 0)
		close(walk->passed[walk->depth--]);
	walk->mount = mount_of(walk->passed[0]);
}

/* Puts a link's text before what is left of the path. */
static int follow(struct walk *walk, int link, struct failure *failure)
{
	char target[PATH_BYTES_MAX];
	ssize_t length = readlinkat(link, "", target, sizeof(target) - 1);
	size_t left = strlen(walk->rest);

	if (length < 0)
		return refuse(failure, REFUSED_NOT_FOUND, errno, "reading a symbolic link");
	if (++walk->links > LINKS_MAX)
		return refuse(failure, REFUSED_SYMBOLIC_LINK, ELOOP, "too many symbolic links");
	if ((size_t)length + 1 + left >= sizeof(walk->rest))
		return refuse(failure, REFUSED_BAD_PATH, ENAMETOOLONG, "path too long");
	target[length] = 0;
	if (target[0] == '/')
		walk_to_root(walk);
	memmove(walk->rest + length + 1, walk->rest, left + 1);
	memcpy(walk->rest, target, (size_t)length);
	walk->rest[length] = '/';
	return 0;
}

static int refuse_by_errno(struct failure *failure, int error, const char *what)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return refuse(failure, REFUSED_NOT_FOUND, error, what);
	case ESRCH:
		return refuse(failure, REFUSED_PROCESS_GONE, error, what);
	case EPERM:
	case EACCES:
		return refuse(failure, REFUSED_DENIED, error, what);
	case ENAMETOOLONG:
		return refuse(failure, REFUSED_BAD_PATH, error, what);
	case ELOOP:
		return refuse(failure, REFUSED_SYMBOLIC_LINK, error, what);
	default:
		failure->reason = NOT_REFUSED;
		return fail(failure, error, "%s", what);
	}
}

/* Takes one step; 1 if it opened the last name, into *found, 0 to go on. */
static int walk_step(struct walk *walk, const char *name, int *found, struct failure *failure)
{
	bool last = is_last(walk);
	struct stat kind;
	long mount;
	int fd;

	if (!strcmp(name, "."))
		return 0;
	if (!strcmp(name, "..")) {
		/* Back to where we came from, never to where the kernel thinks it is. */
		if (walk->depth > 0) {
			close(walk->passed[walk->depth--]);
			walk->mount = mount_of(walk->passed[walk->depth]);
		}
		return 0;
	}
	fd = open_step(walk->passed[walk->depth], name);
	if (fd < 0)
		return refuse_by_errno(failure, -fd, "walking the path");
	mount = mount_of(fd);
	if (mount < 0 || (mount != walk->mount && !file_system_allowed(walk->pid, fd, mount))) {
		close(fd);
		return refuse(failure, REFUSED_FILE_SYSTEM, EXDEV,
			      "on a file system that is not trusted to answer");
	}
	if (fstat(fd, &kind)) {
		int error = errno;

		close(fd);
		return refuse_by_errno(failure, error, "asking what a name is");
	}
	if (S_ISLNK(kind.st_mode)) {
		int error = last ? refuse(failure, REFUSED_SYMBOLIC_LINK, ELOOP,
					  "a symbolic link") :
				   follow(walk, fd, failure);

		close(fd);
		return error;
	}
	if (last) {
		*found = fd;
		return 1;
	}
	if (!S_ISDIR(kind.st_mode)) {
		close(fd);
		return refuse(failure, REFUSED_NOT_FOUND, ENOTDIR, "walking the path");
	}
	if (walk->depth == DEPTH_MAX) {
		close(fd);
		return refuse(failure, REFUSED_BAD_PATH, ENAMETOOLONG, "path too deep");
	}
	walk->passed[++walk->depth] = fd;
	walk->mount = mount;
	return 0;
}

/* Finds what the process knows by a path; a descriptor with O_PATH, or a negative number. */
static int find(int pid, const char *path, struct failure *failure)
{
	char root[64], name[256];
	/* Every step takes a name away, or follows one of a bounded number of links. */
	struct walk *walk = calloc(1, sizeof(*walk));
	int found = -1, status = 0;

	if (!walk)
		return fail(failure, ENOMEM, "walking a path");
	if (path[0] != '/' || strlen(path) >= sizeof(walk->rest)) {
		free(walk);
		return refuse(failure, REFUSED_BAD_PATH, EINVAL,
			      "path (expected: absolute, at most 4095 bytes)");
	}
	walk->pid = pid;
	strcpy(walk->rest, path);
	snprintf(root, sizeof(root), "/proc/%d/root", pid);
	walk->passed[0] = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (walk->passed[0] < 0) {
		int error = errno == ENOENT ? ESRCH : errno;

		free(walk);
		return refuse_by_errno(failure, error, "opening the root of the process");
	}
	walk->mount = mount_of(walk->passed[0]);
	if (walk->mount < 0 || !file_system_allowed(pid, walk->passed[0], walk->mount))
		status = refuse(failure, REFUSED_FILE_SYSTEM, EXDEV,
				"its root is on a file system that is not trusted to answer");
	while (!status && next_name(walk, name, sizeof(name)))
		status = walk_step(walk, name, &found, failure);
	if (!status)
		status = refuse(failure, is_last(walk) ? REFUSED_NOT_REGULAR : REFUSED_BAD_PATH,
				is_last(walk) ? EISDIR : ENAMETOOLONG, "no file at the end");
	walk_end(walk);
	free(walk);
	return status < 0 ? status : found;
}

static int judge(int pid, const struct stat *file, const struct safe_rules *rules,
		 struct failure *failure)
{
	struct identity *identity;
	bool allowed = rules->any_owner;

	if (!S_ISREG(file->st_mode))
		return refuse(failure, REFUSED_NOT_REGULAR, EINVAL,
			      "not a regular file (expected: one)");
	if (file->st_size > rules->size_max) {
		failure->reason = REFUSED_TOO_LARGE;
		return fail(failure, EFBIG, "%lld bytes (expected: at most %lld)",
			    (long long)file->st_size, (long long)rules->size_max);
	}
	if (allowed)
		return 0;
	identity = malloc(sizeof(*identity));
	if (!identity)
		return fail(failure, ENOMEM, "looking at an owner");
	if (read_identity(pid, identity)) {
		free(identity);
		return refuse(failure, REFUSED_PROCESS_GONE, ESRCH, "the process is gone");
	}
	allowed = owner_allowed(identity, file);
	free(identity);
	if (allowed)
		return 0;
	failure->reason = REFUSED_WRONG_OWNER;
	return fail(failure, EACCES,
		    "owner %u, mode %o (expected: the process's user, or root and readable by it)",
		    file->st_uid, file->st_mode & 07777);
}

static int64_t modified_nanos(const struct stat *file)
{
	return (int64_t)file->st_mtim.tv_sec * 1000000000 + file->st_mtim.tv_nsec;
}

/* Judges what an O_PATH descriptor stands for, and only then opens it. Closes found. */
static int open_found(int pid, int found, const struct safe_rules *rules,
		      struct safe_attributes *attributes, struct failure *failure)
{
	struct stat file;
	char path[64];
	int fd = -1, error = 0;

	if (fstat(found, &file))
		error = refuse_by_errno(failure, errno, "asking about the file");
	if (!error)
		error = judge(pid, &file, rules, failure);
	if (!error) {
		/* The same file for sure: what is opened is the descriptor, not a name. */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd < 0)
			error = refuse_by_errno(failure, errno, "opening the file");
	}
	close(found);
	if (error)
		return error;
	attributes->size = file.st_size;
	attributes->modified_nanos = modified_nanos(&file);
	attributes->inode = file.st_ino;
	attributes->device_major = major(file.st_dev);
	attributes->device_minor = minor(file.st_dev);
	attributes->owner = file.st_uid;
	return fd;
}

int safe_has_changed(int fd, int64_t size, int64_t modified, struct failure *failure)
{
	struct stat file;

	if (fstat(fd, &file))
		return fail(failure, errno, "asking about an open file");
	return file.st_size != size || modified_nanos(&file) != modified;
}

/* Takes hold of the process, and sees that it is the one that is meant. */
static int hold(int pid, const struct safe_rules *rules, struct failure *failure)
{
	uint64_t start;
	int pidfd = process_open(pid, failure);

	if (pidfd < 0) {
		/* EINVAL is a thread that leads no process. */
		failure->reason = pidfd == -ESRCH || pidfd == -EINVAL ? REFUSED_PROCESS_GONE :
									NOT_REFUSED;
		return pidfd;
	}
	if (rules->process_start) {
		if (process_start(pid, &start, failure)) {
			close(pidfd);
			failure->reason = REFUSED_PROCESS_GONE;
			return -ESRCH;
		}
		if (start != rules->process_start) {
			close(pidfd);
			return refuse(failure, REFUSED_PROCESS_GONE, ESRCH,
				      "the pid is now another process's");
		}
	}
	return pidfd;
}

/* Lets go of the process; all that was looked up by its pid was its own only if it lives still. */
static int release(int pidfd, int fd, struct failure *failure)
{
	bool alive = process_alive(pidfd);

	close(pidfd);
	if (fd >= 0 && !alive) {
		close(fd);
		return refuse(failure, REFUSED_PROCESS_GONE, ESRCH,
			      "the process ended meanwhile");
	}
	return fd;
}

int safe_open(int pid, const char *path, const struct safe_rules *rules,
	      struct safe_attributes *attributes, struct failure *failure)
{
	int pidfd, found;

	failure->reason = NOT_REFUSED;
	pidfd = hold(pid, rules, failure);
	if (pidfd < 0)
		return pidfd;
	found = find(pid, path, failure);
	if (found >= 0)
		found = open_found(pid, found, rules, attributes, failure);
	return release(pidfd, found, failure);
}

int safe_open_mapped(int pid, uint64_t start, uint64_t end, const struct safe_rules *rules,
		     struct safe_attributes *attributes, struct failure *failure)
{
	struct safe_rules mapped = *rules;
	char path[128];
	int pidfd, found;

	failure->reason = NOT_REFUSED;
	pidfd = hold(pid, rules, failure);
	if (pidfd < 0)
		return pidfd;
	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", pid,
		 (unsigned long long)start, (unsigned long long)end);
	found = open(path, O_PATH | O_CLOEXEC);
	if (found < 0) {
		found = refuse_by_errno(failure, errno, "opening a mapped file");
	} else if (!file_system_allowed(pid, found, mount_of(found))) {
		close(found);
		found = refuse(failure, REFUSED_FILE_SYSTEM, EXDEV,
			       "on a file system that is not trusted to answer");
	} else {
		mapped.any_owner = true;
		found = open_found(pid, found, &mapped, attributes, failure);
	}
	return release(pidfd, found, failure);
}
