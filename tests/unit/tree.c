/* Directories that are copied, measured, given away and removed. */
#include "lib/tree.h"

#include "lib/result.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int top;

static void make_file(const char *path, const char *text, off_t at)
{
	_cleanup_(closing_fd) int fd = openat(top, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || pwrite(fd, text, strlen(text), at) != (ssize_t)strlen(text))
		exit(1);
}

static bool is_there(const char *path)
{
	return faccessat(top, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct stat look(const char *path)
{
	struct stat status = { 0 };

	fstatat(top, path, &status, AT_SYMLINK_NOFOLLOW);
	return status;
}

/* Whether a file has this text at this place, and ends there. */
static bool has(const char *path, const char *text, off_t at)
{
	_cleanup_(closing_fd) int fd = openat(top, path, O_RDONLY | O_CLOEXEC);
	char found[64] = "";

	return fd >= 0 && pread(fd, found, sizeof(found) - 1, at) == (ssize_t)strlen(text) &&
	       strcmp(found, text) == 0;
}

static int add_up(void *context, uint64_t bytes)
{
	*(uint64_t *)context += bytes;
	return 0;
}

static int refuse(void *context, uint64_t bytes)
{
	(void)context;
	(void)bytes;
	return -ECANCELED;
}

static void make_tree(void)
{
	if (mkdirat(top, "tree", 0700) < 0 || mkdirat(top, "tree/below", 0700) < 0)
		exit(1);
	make_file("tree/one", "1", 0);
	make_file("tree/below/two", "22", 0);
	make_file("tree/below/sparse", "end", 8 << 20);
	make_file("tree/empty", "", 0);
}

static void test_copy(void)
{
	uint64_t copied = 0, bytes = 0;

	ok_int_equal(tree_copy(top, "tree", top, "copy", add_up, &copied), 0, "a tree is copied");
	ok_int_equal(copied, (8 << 20) + 6, "what was copied is told");
	tap_ok(has("copy/one", "1", 0) && has("copy/below/two", "22", 0), "files are the same");
	tap_ok(is_there("copy/empty") && look("copy/empty").st_size == 0, "an empty one, too");
	tap_ok(has("copy/below/sparse", "end", 8 << 20), "and one with a hole");
	tap_ok(look("copy/below/sparse").st_blocks * 512 < 1 << 20, "which stays one");
	ok_int_equal(look("copy/one").st_mode & 0777, 0640, "files get a mode");
	ok_int_equal(look("copy/below").st_mode & 0777, 0750, "directories, too");
	ok_int_equal(tree_size(top, "copy", &bytes), 0, "it is measured");
	tap_ok(bytes > 0 && bytes < 1 << 20, "by what it takes: %llu bytes",
		(unsigned long long)bytes);
	ok_int_equal(tree_copy(top, "tree", top, "copy", NULL, NULL), -EEXIST,
		"what is there is not copied over");
	ok_int_equal(tree_copy(top, "tree", top, "broken", refuse, NULL), -ECANCELED,
		"a copy can be broken off");
	ok_int_equal(tree_copy(top, "nothing", top, "other", NULL, NULL), -ENOENT,
		"what is not there is not copied");
}

static void test_file(void)
{
	ok_int_equal(tree_copy_file(top, "tree/below/two", top, "part", 1, NULL, NULL), 0,
		"a part of a file is copied");
	tap_ok(has("part", "2", 0), "and no more");
	ok_int_equal(tree_copy_file(top, "tree/one", top, "more", 2, NULL, NULL), -EIO,
		"one that is too short is told");
}

static void test_links(void)
{
	if (symlinkat("tree", top, "link") < 0 || symlinkat("../one", top, "tree/below/link") < 0)
		exit(1);
	ok_int_equal(tree_open(top, "link"), -ENOTDIR, "a link is no directory");
	ok_int_equal(tree_copy(top, "tree", top, "linked", NULL, NULL), -EINVAL,
		"a link in a tree is not copied");
	ok_int_equal(tree_remove(top, "link"), 0, "a link is removed");
	tap_ok(is_there("tree/one"), "but not what it leads to");
}

static void test_remove(void)
{
	static const char *const names[] = { "tree", "copy", "broken", "linked", "other", "part",
		"more", "nothing" };

	ok_int_equal(tree_give(top, "tree", geteuid(), getegid()), 0, "a tree is given");
	ok_int_equal(tree_give(top, "nothing", geteuid(), getegid()), -ENOENT, "if it is there");
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		tap_ok(tree_remove(top, names[i]) == 0 && !is_there(names[i]), "%s is removed",
			names[i]);
}

int main(void)
{
	char directory[] = "/tmp/tidings-tree.XXXXXX";

	umask(022);
	if (!mkdtemp(directory))
		return 1;
	top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_tree();
	test_copy();
	test_file();
	test_links();
	test_remove();
	close(top);
	tap_ok(rmdir(directory) == 0, "nothing is left");
	return tap_done();
}
