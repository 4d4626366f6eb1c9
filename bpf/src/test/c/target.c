/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process to be profiled: goes where the files are that it is told of, becomes another user and
 * waits.
 *
 * target chroot DIRECTORY: that directory is its root
 * target mount DIRECTORY: in a mount namespace of its own, with a file system of its own there, which
 *   holds the file "inside"
 * target memory DIRECTORY: has mapped a file that is only memory; prints where
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define USER 54321

static int own_mount(const char *directory)
{
	int file;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("own", directory, "tmpfs", 0, "mode=755") || chdir(directory))
		return 1;
	file = open("inside", O_CREAT | O_WRONLY, 0644);
	return file < 0 || write(file, "its own", 7) != 7 || close(file) || chdir("/");
}

static int own_memory(void)
{
	int file = memfd_create("code", 0);
	void *mapped;

	if (file < 0 || write(file, "its own", 7) != 7)
		return 1;
	mapped = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
	if (mapped == MAP_FAILED)
		return 1;
	printf("%p ", mapped);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "chroot")) {
		if (chroot(argv[2]) || chdir("/"))
			return 3;
	} else if (!strcmp(argv[1], "mount")) {
		if (own_mount(argv[2]))
			return 4;
	} else if (own_memory()) {
		return 5;
	}
	if (setgid(USER) || setuid(USER))
		return 6;
	puts("ready");
	fflush(stdout);
	sleep(300);
	return 0;
}
