/*
 * Power cuts, see power.h.
 *
 * A disk may keep more than it was told to flush: any of the later writes, in any
 * order, a sector or a page at a time. A torn cut leaves a random part of them. A
 * page of the data files is kept as a whole or not at all, for it is no larger
 * than the page of the file system; the log, which has a checksum for each of its
 * records, is torn at sectors.
 */
#include "tests/crash/power.h"

#include "lib/inbox.h"
#include "tests/crash/chance.h"
#include "tests/crash/files.h"
#include "tests/crash/spawn.h"
#include "tests/crash/whole.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>

enum {
	SECTOR = 512,
	PAGE = 4096,
	GREETING_MS = 30000,
	BOOT_ID_LENGTH = 36,
};

/* One cut: of what was not flushed so many percent are kept. */
struct tearing {
	struct power *power;
	unsigned percent;
};

int power_set_up(struct power *power, struct trial *trial)
{
	*power = (struct power){ .trial = trial };
	snprintf(power->shadow, sizeof(power->shadow), "%s/shadow", trial->setting.directory);
	built_path("tests/crash/flushed.so", power->preload, sizeof(power->preload));
	setenv("FLUSHED_HOME", trial->setting.home, 1);
	setenv("FLUSHED_SHADOW", power->shadow, 1);
	/* The sanitizers' library comes behind the preloaded one, which it minds */
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0);
	trial->programs.preload = power->preload;
	return power_renew(power);
}

int power_renew(struct power *power)
{
	const char *home = power->trial->setting.home;

	files_remove(power->shadow);
	*power->epoch = '\0';
	return mkdir(home, 0750) < 0 || mkdir(power->shadow, 0750) < 0 ? -errno : 0;
}

/* Copies some of the blocks in which the two differ; the others are lost. */
static int tear(struct tearing *tearing, int from_fd, int to_fd, size_t block)
{
	char from[PAGE], to[PAGE];
	ssize_t n;

	for (off_t at = 0; (n = pread(from_fd, from, block, at)) > 0; at += n) {
		if (pread(to_fd, to, (size_t)n, at) == n && memcmp(from, to, (size_t)n) == 0)
			continue;
		if (!by_chance(tearing->percent, 100)) {
			tearing->power->taken++;
			continue;
		}
		if (pwrite(to_fd, from, (size_t)n, at) != n)
			return -errno;
		tearing->power->kept++;
	}
	return n < 0 ? -errno : 0;
}

/* A file that was never flushed is not kept, unless it is of the log: that begins new ones. */
static int tear_one(void *context, const char *name)
{
	struct tearing *tearing = context;
	bool is_log = strncmp(name, "log/", 4) == 0;
	bool may_begin = is_log && tearing->percent > 0;
	_cleanup_(closing_fd) int from_fd = -1;
	_cleanup_(closing_fd) int to_fd = -1;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", tearing->power->trial->setting.home, name);
	from_fd = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/%s", tearing->power->shadow, name);
	to_fd = open(path, may_begin ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDWR | O_CLOEXEC, 0640);
	if (to_fd < 0 && errno == ENOENT)
		return 0;
	if (from_fd < 0 || to_fd < 0)
		return -errno;
	return tear(tearing, from_fd, to_fd, is_log ? SECTOR : PAGE);
}

static int take_away(struct power *power, bool torn)
{
	static const unsigned shares[] = { 5, 50, 95 };
	struct tearing tearing = {
		.power = power,
		.percent = torn ? shares[pick(ARRAY_LENGTH(shares))] : 0,
	};

	power->torn += torn;
	return files_walk(power->trial->setting.home, tear_one, &tearing);
}

/* The kernel has another boot id than the one in the mark, as after a real restart. */
static int change_boot_id(const char *home)
{
	_cleanup_(closing_fd) int fd = -1;
	char path[PATH_MAX], id[BOOT_ID_LENGTH] = { 0 };
	ssize_t n;

	snprintf(path, sizeof(path), "%s/running", home);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	n = pread(fd, id, sizeof(id), 0);
	for (ssize_t i = 0; i < n; i++)
		id[i] = id[i] == '-' ? '-' : (char)('a' + pick(6));
	return pwrite(fd, id, (size_t)n, 0) == n ? 0 : -errno;
}

/* What is left must be a whole store, once it is recovered; here that is done in a copy. */
static int check_copy(struct power *power)
{
	const struct setting *setting = &power->trial->setting;
	char copy[64];
	int r;

	snprintf(copy, sizeof(copy), "%s/copy", setting->directory);
	r = files_copy(setting->home, copy);
	if (r == 0)
		power->damaged += !store_is_whole(setting, copy);
	files_remove(copy);
	return r;
}

int power_cut(struct power *power, bool torn)
{
	struct trial *trial = power->trial;
	const char *home = trial->setting.home;
	int r;

	programs_kill(&trial->programs, STORED); /* from here on the shadow stays as it is */
	tools_kill(&trial->tools);
	programs_kill_all(&trial->programs);
	load_cut_off(&trial->load);
	load_pause(&trial->load);
	power->cuts++;
	r = take_away(power, torn);
	if (r == 0) {
		files_remove(home);
		r = files_copy(power->shadow, home);
	}
	if (r == 0)
		r = change_boot_id(home);
	if (r == 0)
		r = check_copy(power);
	if (r == 0)
		r = setting_listen(&trial->setting);
	return r < 0 ? r : programs_start_all(&trial->programs);
}

/* The epoch that the store greets with; "" if it does not greet. */
static void read_epoch(struct inbox *inbox, char epoch[static 64])
{
	int64_t deadline = monotonic_us() + (int64_t)GREETING_MS * 1000;

	*epoch = '\0';
	while (!inbox_greeted(inbox) && monotonic_us() < deadline) {
		struct pollfd fd = { .events = POLLIN };

		inbox_dispatch(inbox);
		fd.fd = inbox_fd(inbox);
		poll(&fd, 1, 10);
	}
	if (inbox_greeted(inbox))
		strcpy(epoch, inbox_greeting(inbox)->epoch);
}

static bool is_reset(struct inbox *inbox, const char *epoch)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	char name[16];
	struct inbox_request request = {
		.operation = INBOX_CHANGES,
		.user = slice_of(setting_user(0, name)),
		.epoch = slice_of(epoch),
	};

	return inbox_call(inbox, &request, GREETING_MS, &answer) == 0 && answer.reset;
}

bool power_has_new_epoch(struct power *power)
{
	_cleanup_(freeing_inbox_free) struct inbox *inbox = NULL;
	char epoch[64];
	bool new;

	if (inbox_new(power->trial->setting.config, &inbox) < 0)
		return false;
	read_epoch(inbox, epoch);
	new = *epoch &&strcmp(epoch, power->epoch) != 0 &&
	      (!*power->epoch || is_reset(inbox, power->epoch));
	strcpy(power->epoch, epoch);
	return new;
}
