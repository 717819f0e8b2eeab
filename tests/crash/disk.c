/*
 * A small disk, see disk.h. It is mounted in a name space of its own, which goes
 * with the processes in it, so that nothing is left behind however they end. Who
 * is not root becomes so in a name space for users, where the kernel permits that.
 */
#include "tests/crash/disk.h"

#include "lib/result.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { CHUNK = 1 << 16 };

static bool write_file(const char *path, const char *text)
{
	_cleanup_(closing_fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* The same user as before, but one who may mount. */
static bool enter_user_space(void)
{
	unsigned uid = getuid(), gid = getgid();
	char users[32], groups[32];

	snprintf(users, sizeof(users), "%u %u 1", uid, uid);
	snprintf(groups, sizeof(groups), "%u %u 1", gid, gid);
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/uid_map", users) && write_file("/proc/self/gid_map", groups);
}

static bool enter_own_space(void)
{
	if (unshare(CLONE_NEWNS) < 0 && !enter_user_space())
		return false;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int disk_set_up(struct disk *disk, const char *directory, uint64_t size)
{
	char options[64];

	*disk = (struct disk){ 0 };
	snprintf(options, sizeof(options), "mode=0700,size=%llu", (unsigned long long)size);
	if (!enter_own_space() ||
		mount("tidings-disk", directory, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		return DISK_NOT_PERMITTED;
	snprintf(disk->directory, sizeof(disk->directory), "%s", directory);
	snprintf(disk->ballast, sizeof(disk->ballast), "%s/ballast", directory);
	return 0;
}

uint64_t disk_free(const struct disk *disk)
{
	struct statvfs status;

	return statvfs(disk->directory, &status) < 0 ? 0
						     : (uint64_t)status.f_bavail * status.f_frsize;
}

/* By writing, so that the last page is taken, too. */
int disk_leave(const struct disk *disk, uint64_t bytes)
{
	_cleanup_(closing_fd) int fd =
		open(disk->ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char chunk[CHUNK] = { 0 };
	uint64_t free_bytes;

	if (fd < 0)
		return -errno;
	while ((free_bytes = disk_free(disk)) > bytes) {
		uint64_t n = free_bytes - bytes < CHUNK ? free_bytes - bytes : CHUNK;

		if (write(fd, chunk, n) < 0)
			return errno == ENOSPC ? 0 : -errno;
	}
	return 0;
}

int disk_clear(const struct disk *disk)
{
	return unlink(disk->ballast) < 0 && errno != ENOENT ? -errno : 0;
}

void disk_tear_down(struct disk *disk)
{
	if (*disk->directory)
		umount2(disk->directory, MNT_DETACH);
	*disk->directory = '\0';
}
