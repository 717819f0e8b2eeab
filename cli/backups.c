/* The backups in a directory, see backups.h. */
#include "cli/backups.h"

#include "lib/result.h"
#include "lib/tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <time.h>

/* 0 stands for a digit. */
static const char FORM[BACKUPS_NAME_SIZE] = "tidings-00000000T000000Z";

void backups_name(int64_t time, char name[static BACKUPS_NAME_SIZE])
{
	time_t seconds = time / 1000;
	struct tm fields;

	gmtime_r(&seconds, &fields);
	if (strftime(name, BACKUPS_NAME_SIZE, "tidings-%Y%m%dT%H%M%SZ", &fields) == 0)
		name[0] = '\0';
}

static bool begins_like_name(const char *name)
{
	for (size_t i = 0; i < BACKUPS_NAME_LENGTH; i++)
		if (FORM[i] == '0' ? !isdigit((unsigned char)name[i]) : name[i] != FORM[i])
			return false;
	return true;
}

bool backups_is_name(const char *name)
{
	return begins_like_name(name) && name[BACKUPS_NAME_LENGTH] == '\0';
}

/* Whether it is one that was broken off. */
static bool is_unfinished(const char *name)
{
	return begins_like_name(name) && strcmp(name + BACKUPS_NAME_LENGTH, BACKUPS_UNFINISHED) == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

typedef int visitor(int directory, const char *name, void *context);

/* Calls for each name in the directory that is such a one. */
static int each(int directory, bool (*wanted)(const char *name), visitor *visit, void *context)
{
	int fd = tree_open(directory, ".");
	const struct dirent *entry;
	DIR *list;
	int r = 0;

	if (fd < 0)
		return fd;
	list = fdopendir(fd);
	if (!list) {
		r = -errno;
		close(fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(list)))
		if (wanted(entry->d_name))
			r = visit(directory, entry->d_name, context);
	if (r == 0)
		r = -errno;
	closedir(list);
	return r;
}

static int add_name(int directory, const char *name, void *context)
{
	struct backups *backups = context;

	(void)directory;
	buffer_append(&backups->names, name, BACKUPS_NAME_SIZE);
	backups->count++;
	return buffer_status(&backups->names);
}

int backups_list(int directory, struct backups *ret_backups)
{
	_cleanup_(backups_release) struct backups backups = { 0 };
	int r = each(directory, backups_is_name, add_name, &backups);

	if (r < 0)
		return r;
	if (backups.count > 0)
		qsort(backups.names.data, backups.count, BACKUPS_NAME_SIZE, compare_names);
	*ret_backups = take(backups);
	return 0;
}

void backups_release(struct backups *backups)
{
	buffer_release(&backups->names);
	backups->count = 0;
}

const char *backups_at(const struct backups *backups, size_t i)
{
	return backups->names.data + i * BACKUPS_NAME_SIZE;
}

static int remove_one(int directory, const char *name, void *context)
{
	(void)context;
	return tree_remove(directory, name);
}

int backups_clean(int directory)
{
	return each(directory, is_unfinished, remove_one, NULL);
}
