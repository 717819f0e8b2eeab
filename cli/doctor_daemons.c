/* tidings doctor: the store, the push daemon, and the log between them. */
#include "cli/doctor.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>

enum {
	CALL_TIMEOUT = 3000,  /* milliseconds */
	FEED_PATIENCE = 3000, /* the same: for the push daemon to read what was there before */
	FEED_PAUSE = 50,
	OWN_DESCRIPTORS = 64, /* that the push daemon keeps beside its clients' */
};

int64_t doctor_number(struct json_object *statistics, const char *object, const char *name)
{
	struct json_object *of = statistics;
	int64_t number;

	if (object)
		of = json_object_object_get(statistics, object);
	if (!json_object_is_type(of, json_type_object) ||
		json_member_number(of, name, 0, INT64_MAX, -1, &number) < 0)
		return -1;
	return number;
}

/* ---- the store ---- */

static void judge_store(struct doctor *doctor)
{
	struct json_object *full = json_object_object_get(doctor->store, "diskFull");

	if (json_object_get_boolean(full)) {
		doctor_say(doctor, DOCTOR_FAILURE, "its disk is full: nothing more is stored");
		doctor_advise(doctor, "make room at %s, above disk-reserve of the configuration",
			doctor->tool.config->store.home);
	} else {
		doctor_say(doctor, DOCTOR_OK, "it answers at %s",
			doctor->tool.config->store.socket);
	}
}

void doctor_store(struct doctor *doctor)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	_cleanup_(buffer_release) struct buffer sentence = { 0 };
	struct inbox_request request = { .operation = INBOX_STATISTICS };
	int result = inbox_call(doctor->tool.inbox, &request, CALL_TIMEOUT, &answer);
	struct slice text;

	if (result == 0 && inbox_next_statistics(&answer, &text))
		result = json_parse(text, &doctor->store) == 0 ? 0 : -EBADMSG;
	if (result == 0 && doctor->store) {
		judge_store(doctor);
		return;
	}
	tool_explain(&doctor->tool, request.operation, result, &sentence);
	doctor_say(doctor, DOCTOR_FAILURE, "%.*s", (int)sentence.len,
		sentence.data ? sentence.data : "");
	doctor_advise(doctor, "%s",
		doctor->installed ? "systemctl start tidings.target; journalctl -u tidings-stored "
				    "tells why it ended"
				  : "start tidings-stored with this configuration");
}

/* ---- the push daemon ---- */

void doctor_push_daemon(struct doctor *doctor)
{
	const struct config *config = doctor->tool.config;
	int result = control_call(config, SLICE("{\"command\":\"statistics\"}"), CALL_TIMEOUT,
		&doctor->push);

	if (result == 0) {
		doctor_say(doctor, DOCTOR_OK, "it answers, and has %" PRId64 " clients",
			doctor_number(doctor->push.json, "connections", "authenticated"));
		return;
	}
	if (result == -EDESTADDRREQ) {
		doctor_say(doctor, DOCTOR_UNCHECKED, "control of the configuration is empty");
	} else if (result == CONTROL_REFUSED) {
		doctor_say(doctor, DOCTOR_UNCHECKED, "it refused: %.*s",
			(int)control_refusal(&doctor->push).len,
			control_refusal(&doctor->push).data);
		doctor_advise(doctor, "run this as root, or in the group tidings");
	} else {
		doctor_say(doctor, DOCTOR_FAILURE, "it cannot be reached at %s: %s",
			config->push.control, strerror(-result));
		doctor_advise(doctor, "%s",
			doctor->installed ? "systemctl start tidings.target; journalctl -u "
					    "tidings-pushd tells why"
					  : "start tidings-pushd with this configuration");
	}
	control_answer_release(&doctor->push);
}

/* ---- the log ---- */

/* The push daemon's user reads it by the group of the store. */
static bool group_reads(const struct stat *status)
{
	const struct group *group = getgrnam("tidings-stored");

	return (status->st_mode & 0050) == 0050 && group && status->st_gid == group->gr_gid;
}

void doctor_log(struct doctor *doctor)
{
	const char *home = doctor->tool.config->store.home;
	_cleanup_(buffer_release) struct buffer path = { 0 };
	struct stat status, above;

	buffer_print(&path, "%s/log", home);
	if (!buffer_string(&path))
		return;
	if (stat(home, &above) < 0 || stat(path.data, &status) < 0) {
		doctor_say(doctor, errno == EACCES ? DOCTOR_UNCHECKED : DOCTOR_FAILURE, "%s: %s",
			path.data, strerror(errno));
		if (errno == ENOENT)
			doctor_advise(doctor, "start the store, which makes it");
	} else if (!doctor->installed) {
		doctor_say(doctor, DOCTOR_OK, "%s is there", path.data);
	} else if (!group_reads(&above) || !group_reads(&status)) {
		doctor_say(doctor, DOCTOR_FAILURE, "tidings-pushd cannot read %s", path.data);
		doctor_advise(doctor, "chgrp tidings-stored %s %s; chmod g+rx %s %s", home,
			path.data, home, path.data);
	} else {
		doctor_say(doctor, DOCTOR_OK, "tidings-pushd can read %s", path.data);
	}
}

/* ---- the feed ---- */

/* Whether the push daemon has read the log up to here. */
static bool has_read(struct json_object *push, const struct inbox_greeting *end)
{
	int64_t file = doctor_number(push, "feed", "file");
	int64_t offset = doctor_number(push, "feed", "offset");

	return file > end->log_file || (file == end->log_file && offset >= end->log_offset);
}

static bool has_epoch(struct json_object *push, const struct inbox_greeting *greeting)
{
	return slice_is(json_string(json_object_object_get(push, "epoch")), greeting->epoch);
}

/* Asks it until it has read all of this store, or for some time. */
static bool await_feed(struct doctor *doctor, const struct inbox_greeting *end)
{
	const struct timespec pause = { 0, FEED_PAUSE * 1000000L };

	for (int waited = 0; waited < FEED_PATIENCE; waited += FEED_PAUSE) {
		struct control_answer answer = { 0 };

		if (has_epoch(doctor->push.json, end) && has_read(doctor->push.json, end))
			return true;
		nanosleep(&pause, NULL);
		if (control_call(doctor->tool.config, SLICE("{\"command\":\"statistics\"}"),
			    CALL_TIMEOUT, &answer) == 0) {
			control_answer_release(&doctor->push);
			doctor->push = answer;
		} else {
			control_answer_release(&answer);
		}
	}
	return false;
}

void doctor_feed(struct doctor *doctor)
{
	const struct inbox_greeting *greeting = inbox_greeting(doctor->tool.inbox);

	if (!doctor->push.json || !greeting) {
		doctor_say(doctor, DOCTOR_UNCHECKED,
			"both the store and the push daemon are needed");
	} else if (await_feed(doctor, greeting)) {
		doctor_say(doctor, DOCTOR_OK,
			"the push daemon has read all that the store has logged");
	} else if (!has_epoch(doctor->push.json, greeting)) {
		doctor_say(doctor, DOCTOR_FAILURE, "the push daemon follows another store");
		doctor_advise(doctor,
			"have both use one configuration, and restart the push daemon");
	} else {
		doctor_say(doctor, DOCTOR_FAILURE,
			"the push daemon does not read on in the log of the store");
		doctor_advise(doctor, "its log says why; it must be able to read %s/log",
			doctor->tool.config->store.home);
	}
}

/* ---- descriptors ---- */

void doctor_descriptors(struct doctor *doctor)
{
	int64_t limit = doctor_number(doctor->push.json, "connections", "descriptors");
	int64_t needed = (int64_t)doctor->tool.config->push.max_connections + OWN_DESCRIPTORS;

	if (limit <= 0) {
		doctor_say(doctor, DOCTOR_UNCHECKED, "the push daemon does not tell its limit");
	} else if (limit < needed) {
		doctor_say(doctor, DOCTOR_WARNING,
			"the push daemon may have %" PRId64 ", so fewer clients than the %u of "
			"max-connections have a place",
			limit, doctor->tool.config->push.max_connections);
		doctor_advise(doctor,
			"LimitNOFILE=%" PRId64 " by systemctl edit tidings-pushd, or "
			"a smaller max-connections",
			needed);
	} else {
		doctor_say(doctor, DOCTOR_OK, "%" PRId64 " are enough for max-connections", limit);
	}
}
