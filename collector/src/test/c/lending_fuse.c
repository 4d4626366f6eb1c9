/* SPDX-License-Identifier: Apache-2.0 */
/* lending_fuse FILE DIRECTORY: serves a FUSE file system there whose only file, `lent`, has the
 * bytes of FILE and may be executed. Once something comes on standard input, it takes requests and
 * answers none of them any more, so that not even a signal ends who waits for one. It unmounts at
 * the end of standard input, as who started it may have died, and after SECONDS_MAX.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define LENT 2
#define BYTES_MAX (1 << 20)
#define SECONDS_MAX 300

static int fuse, file;
static off_t size;
static const char *directory;

/* Lets go of who waits for an answer, first, so that nothing waits for this one. */
static void leave(int status)
{
	close(fuse);
	umount2(directory, MNT_DETACH);
	_exit(status);
}

static void answer(const struct fuse_in_header *in, int error, const void *data, size_t length)
{
	static char out[sizeof(struct fuse_out_header) + BYTES_MAX];
	struct fuse_out_header header = {
		.len = (unsigned)(sizeof(header) + length),
		.error = -error,
		.unique = in->unique,
	};

	memcpy(out, &header, sizeof(header));
	if (length)
		memcpy(out + sizeof(header), data, length);
	if (write(fuse, out, header.len) < 0)
		perror("lending_fuse");
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = node == LENT ? (uint64_t)size : 0,
		.mode = node == LENT ? S_IFREG | 0755 : S_IFDIR | 0755,
		.nlink = 1,
		.blksize = 4096,
	};
}

static void serve(const struct fuse_in_header *in, const void *body)
{
	static char bytes[BYTES_MAX];

	switch (in->opcode) {
	case FUSE_INIT: {
		const struct fuse_init_in *asked = body;
		struct fuse_init_out init = {
			.major = FUSE_KERNEL_VERSION,
			.minor = 31,
			.max_readahead = asked->max_readahead,
			.max_write = 4096,
		};

		answer(in, 0, &init, sizeof(init));
		break;
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out entry = {
			.nodeid = LENT,
			.attr_valid = 3600,
			.attr = attributes(LENT),
		};

		answer(in, strcmp(body, "lent") ? ENOENT : 0, &entry,
		       strcmp(body, "lent") ? 0 : sizeof(entry));
		break;
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out out = { .attr_valid = 3600, .attr = attributes(in->nodeid) };

		answer(in, 0, &out, sizeof(out));
		break;
	}
	case FUSE_OPEN:
	case FUSE_OPENDIR: {
		struct fuse_open_out out = { .open_flags = FOPEN_KEEP_CACHE };

		answer(in, 0, &out, sizeof(out));
		break;
	}
	case FUSE_READ: {
		const struct fuse_read_in *read = body;
		size_t wanted = read->size < BYTES_MAX ? read->size : BYTES_MAX;
		ssize_t count = pread(file, bytes, wanted, (off_t)read->offset);

		answer(in, count < 0 ? EIO : 0, bytes, count < 0 ? 0 : (size_t)count);
		break;
	}
	case FUSE_RELEASE:
	case FUSE_FLUSH:
		answer(in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(in, ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static char request[BYTES_MAX + 4096];
	struct pollfd watched[2] = { { .events = POLLIN }, { .fd = 0, .events = POLLIN } };
	char options[128], told[16];
	int is_silent = 0;

	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (argc != 3 || fuse < 0)
		return 2;
	file = open(argv[1], O_RDONLY | O_CLOEXEC);
	size = lseek(file, 0, SEEK_END);
	if (size < 0)
		return 3;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
	directory = argv[2];
	if (mount("lending", directory, "fuse", 0, options))
		return 4;
	signal(SIGALRM, leave);
	alarm(SECONDS_MAX);
	puts("ready");
	fflush(stdout);
	watched[0].fd = fuse;
	for (;;) {
		ssize_t length;

		if (poll(watched, 2, -1) < 0)
			leave(5);
		if (watched[1].revents) {
			if (read(0, told, sizeof(told)) <= 0)
				leave(0);
			is_silent = 1;
			puts("silent");
			fflush(stdout);
			continue;
		}
		length = read(fuse, request, sizeof(request));
		if (length < 0 && errno != EAGAIN)
			leave(errno == ENODEV ? 0 : 6);
		if (length > 0 && !is_silent)
			serve((struct fuse_in_header *)request,
			      request + sizeof(struct fuse_in_header));
	}
}
