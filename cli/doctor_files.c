/* tidings doctor: the configuration, and the files of keys that it names. */
#include "cli/doctor.h"

#include "lib/publisher_keys.h"
#include "lib/timestamp.h"
#include "lib/token.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

DEFINE_CLEANUP(struct token_verifier *, token_verifier_free)
DEFINE_CLEANUP(DIR *, closedir)

/* ---- the configuration ---- */

/* Each line of what config_load() has found. */
static void tell_lines(struct doctor *doctor, enum doctor_grade grade, struct slice lines)
{
	struct slice line;

	while (slice_take_line(&lines, &line)) {
		doctor_say(doctor, grade, "%.*s", (int)line.len, line.data);
		doctor_advise(doctor, "tidings.conf(5) tells what may stand there");
	}
}

void doctor_configuration(struct doctor *doctor)
{
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	int result = config_load(doctor->config_path, &doctor->tool.config, &problems);

	tell_lines(doctor, result == 0 ? DOCTOR_WARNING : DOCTOR_FAILURE, buffer_slice(&problems));
	if (result < 0 && problems.len == 0)
		doctor_say(doctor, DOCTOR_FAILURE, "%s: %s", doctor->config_path,
			strerror(-result));
	if (result != 0)
		return;
	doctor->installed = strcmp(doctor->config_path, CONFDIR "/tidings.conf") == 0;
	if (problems.len == 0)
		doctor_say(doctor, DOCTOR_OK, "%s can be used", doctor->config_path);
	result = inbox_new(doctor->tool.config, &doctor->tool.inbox);
	if (result < 0) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s", strerror(-result));
		doctor->tool.config = config_free(doctor->tool.config);
	}
}

/* ---- keys ---- */

/* Whether nobody may read it who need not: a secret, or a private key where a public one does. */
static bool is_secret(const struct config *config, const char *path)
{
	static const char mark[] = "PRIVATE KEY-----";
	_cleanup_(closing_fd) int fd = -1;
	char text[65536];
	ssize_t n;

	if (strncmp(config->auth.algorithm, "HS", 2) == 0)
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	return n > 0 && memmem(text, (size_t)n, mark, sizeof(mark) - 1);
}

/* The services read it by their group. */
static void check_group(struct doctor *doctor, const char *path, const struct stat *status)
{
	const struct group *group = getgrnam("tidings-keys");

	if (!group || (status->st_mode & 0004) ||
		((status->st_mode & 0040) && status->st_gid == group->gr_gid))
		return;
	doctor_say(doctor, DOCTOR_FAILURE, "%s cannot be read by the services", path);
	doctor_advise(doctor, "chgrp tidings-keys %s; chmod 640 %s", path, path);
}

static void check_file(struct doctor *doctor, const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0) {
		doctor_say(doctor, errno == EACCES ? DOCTOR_UNCHECKED : DOCTOR_FAILURE, "%s: %s",
			path, strerror(errno));
		if (errno == EACCES)
			doctor_advise(doctor, "run this as root");
		else
			doctor_advise(doctor, "(umask 077; openssl rand -base64 48 >%s)", path);
		return;
	}
	if (!S_ISREG(status.st_mode)) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s is no regular file", path);
		return;
	}
	if ((status.st_mode & 0007) && is_secret(doctor->tool.config, path)) {
		doctor_say(doctor, DOCTOR_FAILURE,
			"%s can be read or written by everybody: whoever has it can be anybody",
			path);
		doctor_advise(doctor, "chmod o= %s, and choose another key if somebody may have it",
			path);
	}
	if (doctor->installed)
		check_group(doctor, path, &status);
}

static void check_directory(struct doctor *doctor, const char *path)
{
	_cleanup_(freeing_closedir) DIR *directory = opendir(path);
	const struct dirent *entry;

	if (!directory)
		return; /* reading all keys tells it */
	while ((entry = readdir(directory))) {
		_cleanup_(buffer_release) struct buffer file = { 0 };

		if (entry->d_name[0] == '.')
			continue;
		buffer_print(&file, "%s/%s", path, entry->d_name);
		if (buffer_string(&file))
			check_file(doctor, file.data);
	}
}

void doctor_keys(struct doctor *doctor)
{
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
	_cleanup_(freeing_memory) char *problem = NULL;
	const struct config *config = doctor->tool.config;
	size_t before = doctor->findings.len;
	int r;

	if (*config->auth.key_file)
		check_file(doctor, config->auth.key_file);
	if (*config->auth.keys_dir)
		check_directory(doctor, config->auth.keys_dir);
	r = token_verifier_new(config, &verifier, &problem);
	if (r == -EACCES) {
		doctor_say(doctor, DOCTOR_UNCHECKED, "%s", problem ? problem : strerror(-r));
		doctor_advise(doctor, "run this as root, or in the group tidings-keys");
	} else if (r < 0 && r != -ENOENT) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s", problem ? problem : strerror(-r));
		doctor_advise(doctor, "tidings.conf(5) tells what a key must be");
	} else if (r < 0 && doctor->findings.len == before) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s", problem ? problem : strerror(-r));
	} else if (doctor->findings.len == before) {
		doctor_say(doctor, DOCTOR_OK, "tokens can be verified with %s",
			*config->auth.key_file ? config->auth.key_file : config->auth.keys_dir);
	}
}

/* ---- publisher keys ---- */

static void tell_unusable(struct doctor *doctor, const char *path, const char *problem, int result)
{
	doctor_say(doctor, result == -EACCES ? DOCTOR_UNCHECKED : DOCTOR_FAILURE, "%s",
		problem ? problem : strerror(-result));
	if (result == -EACCES)
		doctor_advise(doctor, "run this as root, or in the group tidings-keys");
	else if (result == -EPERM)
		doctor_advise(doctor, "chmod go-w %s, and see who is in: tidings key list", path);
	else
		doctor_advise(doctor, "tidings-publishers(5) tells what may stand there");
}

static void tell_expired(struct doctor *doctor, const struct publisher_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct publisher_key *key = &keys->list[i];

		if (!publisher_key_expired(key, timestamp_now()))
			continue;
		doctor_say(doctor, DOCTOR_WARNING, "the publisher key %s has expired", key->name);
		doctor_advise(doctor, "tidings key revoke %s, and make another if it is used",
			key->name);
	}
}

void doctor_publishers(struct doctor *doctor)
{
	const char *path = doctor->tool.config->auth.publisher_keys;
	_cleanup_(publisher_keys_release) struct publisher_keys keys = { 0 };
	_cleanup_(freeing_memory) char *problem = NULL;
	size_t before = doctor->findings.len;
	struct stat status;
	int r = *path ? publisher_keys_read(path, &keys, &problem) : 0;

	if (r < 0)
		tell_unusable(doctor, path, problem, r);
	else if (doctor->installed && stat(path, &status) == 0)
		check_group(doctor, path, &status);
	tell_expired(doctor, &keys);
	if (doctor->findings.len == before)
		doctor_say(doctor, DOCTOR_OK, "there are %zu", keys.count);
}

/* Of a user that nobody has: the name has to be valid, and broadcasts are nobody's there. */
const char *doctor_token(struct doctor *doctor)
{
	_cleanup_(freeing_memory) char *problem = NULL;
	int64_t now = timestamp_now() / 1000;
	struct token_claims claims = { .user = "tidings-doctor",
		.issued = now,
		.expires = now + 3600 };

	if (doctor->token)
		return doctor->token;
	if (!doctor->minted &&
		token_sign(doctor->tool.config, &claims, &doctor->minted, &problem) < 0) {
		doctor_say(doctor, DOCTOR_UNCHECKED, "no token can be made: %s",
			problem ? problem : "out of memory");
		doctor_advise(doctor, "give one by --token");
	}
	return doctor->minted;
}
