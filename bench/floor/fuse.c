// A file served by FUSE and nothing else: the limit of bench/mount.js that the protocol sets. The bytes of a file stand in
// memory, and each request of the kernel is answered at once, by one thread that does nothing but read() and writev().
//
// Usage: fuse DIRECTORY FILE: DIRECTORY/file has the bytes of FILE until the directory is unmounted.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILE_NODE 2
#define REQUEST_BYTES (1 << 17)

static int device;

static void answer(const struct fuse_in_header *in, int error, const void *bytes, size_t length)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + length,
		.error = error,
		.unique = in->unique,
	};
	struct iovec parts[] = { { &out, sizeof(out) }, { (void *)bytes, length } };
	if (writev(device, parts, 2) < 0 && errno != ENOENT)
		perror("writev");
}

static struct fuse_attr attributes(unsigned long node)
{
	struct fuse_attr attr = { .ino = node, .mode = S_IFDIR | 0755, .nlink = 2 };
	if (node == FILE_NODE) {
		attr.mode = S_IFREG | 0444;
		attr.nlink = 1;
	}
	return attr;
}

static void handle(const struct fuse_in_header *in, const char *text, size_t length)
{
	const void *body = in + 1;
	switch (in->opcode) {
	case FUSE_INIT: {
		struct fuse_init_out out = {
			.major = FUSE_KERNEL_VERSION,
			.minor = 31,
			.max_write = 1 << 16,
			.time_gran = 1,
		};
		answer(in, 0, &out, sizeof(out));
		return;
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out out = { .nodeid = FILE_NODE, .attr = attributes(FILE_NODE) };
		if (strcmp(body, "file") == 0)
			answer(in, 0, &out, sizeof(out));
		else
			answer(in, -ENOENT, NULL, 0);
		return;
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out out = { .attr = attributes(in->nodeid) };
		answer(in, 0, &out, sizeof(out));
		return;
	}
	case FUSE_OPEN: {
		struct fuse_open_out out = { .open_flags = FOPEN_DIRECT_IO };
		answer(in, 0, &out, sizeof(out));
		return;
	}
	case FUSE_READ: {
		const struct fuse_read_in *read = body;
		size_t from = read->offset < length ? read->offset : length;
		size_t bytes = length - from < read->size ? length - from : read->size;
		answer(in, 0, text + from, bytes);
		return;
	}
	case FUSE_RELEASE:
	case FUSE_DESTROY:
		answer(in, 0, NULL, 0);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	default:
		answer(in, -ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static char request[REQUEST_BYTES] __attribute__((aligned(8)));
	char options[100];
	struct stat found;
	char *text;
	int file;
	if (argc != 3)
		return 2;
	file = open(argv[2], O_RDONLY);
	if (file < 0 || fstat(file, &found) < 0 || (text = malloc(found.st_size)) == NULL ||
	    read(file, text, found.st_size) != found.st_size) {
		perror(argv[2]);
		return 1;
	}
	device = open("/dev/fuse", O_RDWR);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	if (device < 0 || mount("floor", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		perror(argv[1]);
		return 1;
	}
	for (;;) {
		ssize_t length = read(device, request, sizeof(request));
		if (length >= (ssize_t)sizeof(struct fuse_in_header))
			handle((const struct fuse_in_header *)request, text, found.st_size);
		else if (length < 0 && errno != EINTR && errno != ENOENT)
			return errno == ENODEV ? 0 : 1;
	}
}
