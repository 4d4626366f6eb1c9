/* SPDX-License-Identifier: Apache-2.0 */
/* silent_fuse DIRECTORY: serves a FUSE file system there that never answers anything. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char options[128];
	int fuse = open("/dev/fuse", O_RDWR);

	if (argc != 2 || fuse < 0)
		return 2;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
	if (mount("silent", argv[1], "fuse", 0, options))
		return 3;
	puts("ready");
	fflush(stdout);
	sleep(300);
	return 0;
}
