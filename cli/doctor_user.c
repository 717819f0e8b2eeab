/*
 * tidings doctor --user: why this user hears nothing. The store knows what there is to hear, the
 * push daemon who listens, and whom it has turned away.
 */
#include "cli/doctor.h"

#include "lib/quantity.h"
#include "lib/timestamp.h"

#include <inttypes.h>
#include <time.h>

enum {
	CALL_TIMEOUT = 10000, /* milliseconds */
	PATIENCE = 3000,      /* the same: for what was just changed to be told */
	PAUSE = 50,
};

static int count(struct doctor *doctor, struct inbox_answer *ret_answer)
{
	struct inbox_request request = { .operation = INBOX_COUNT, .user = slice_of(doctor->user) };

	return inbox_call(doctor->tool.inbox, &request, CALL_TIMEOUT, ret_answer);
}

/* Asks the push daemon about the user. Returns as control_call(). */
static int ask(struct doctor *doctor, const char *command, struct control_answer *ret_answer)
{
	_cleanup_(buffer_release) struct buffer request = { 0 };

	buffer_print(&request, "{\"command\":\"%s\",\"user\":", command);
	json_append_string(&request, slice_of(doctor->user));
	buffer_append_string(&request, "}");
	return control_call(doctor->tool.config, buffer_slice(&request), CALL_TIMEOUT, ret_answer);
}

/* ---- the store ---- */

void doctor_inbox(struct doctor *doctor)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	_cleanup_(buffer_release) struct buffer sentence = { 0 };
	int result = count(doctor, &answer);

	if (result != 0) {
		tool_explain(&doctor->tool, INBOX_COUNT, result, &sentence);
		doctor_say(doctor, DOCTOR_FAILURE, "%.*s", (int)sentence.len,
			sentence.data ? sentence.data : "");
		doctor_advise(doctor, "tidings doctor, without --user, looks for the cause");
	} else if (answer.stranger) {
		doctor_say(doctor, DOCTOR_FAILURE,
			"nobody of this name is known: nothing was sent to them, and they never "
			"came");
		doctor_advise(doctor,
			"is it spelt as in userId of what is sent, and as the %s of "
			"their tokens?",
			doctor->tool.config->auth.user_claim);
	} else {
		doctor_say(doctor, DOCTOR_OK,
			"%" PRIu64 " notifications, %" PRIu64 " of them unread; seq %" PRIu64,
			(uint64_t)answer.counts.total, (uint64_t)answer.counts.unread,
			(uint64_t)answer.counts.seq);
	}
}

void doctor_tokens(struct doctor *doctor)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	char time[TIMESTAMP_SIZE];

	if (count(doctor, &answer) != 0) {
		doctor_say(doctor, DOCTOR_UNCHECKED, "the store is needed");
	} else if (answer.tokens_valid_from == 0) {
		doctor_say(doctor, DOCTOR_OK, "none were revoked");
	} else {
		timestamp_format(answer.tokens_valid_from * 1000, time);
		doctor_say(doctor, DOCTOR_WARNING, "those issued before %s were revoked", time);
		doctor_advise(doctor, "have the user log in to the application anew, for a token "
				      "with a later iat");
	}
}

/* ---- the push daemon ---- */

/* Tells why there is no answer. */
static void tell_unasked(struct doctor *doctor, int result, const struct control_answer *answer)
{
	if (result == CONTROL_REFUSED)
		doctor_say(doctor, DOCTOR_UNCHECKED, "the push daemon refused: %.*s",
			(int)control_refusal(answer).len, control_refusal(answer).data);
	else if (!*doctor->tool.config->push.control)
		doctor_say(doctor, DOCTOR_UNCHECKED, "control of the configuration is empty");
	else
		doctor_say(doctor, DOCTOR_FAILURE, "the push daemon cannot be reached at %s: %s",
			doctor->tool.config->push.control, strerror(-result));
	doctor_advise(doctor, "tidings doctor, without --user, looks for the cause");
}

static void tell_connection(struct doctor *doctor, struct json_object *connection)
{
	_cleanup_(buffer_release) struct buffer age = { 0 };
	int64_t queue = doctor_number(connection, NULL, "queue");
	struct slice address = json_string(json_object_object_get(connection, "address"));
	struct slice kind = json_string(json_object_object_get(connection, "kind"));
	int64_t seconds = doctor_number(connection, NULL, "age");

	quantity_seconds(&age, seconds > 0 ? (uint64_t)seconds : 0);
	if (!buffer_string(&age))
		return;
	doctor_say(doctor, queue > 0 ? DOCTOR_WARNING : DOCTOR_OK, "a %.*s from %.*s, since %s%s",
		(int)kind.len, kind.data, (int)address.len, address.data, age.data,
		queue > 0 ? ", which does not take what is sent" : "");
	if (queue > 0)
		doctor_advise(doctor, "the client, or the way to it, is too slow");
}

static void tell_connections(struct doctor *doctor)
{
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	struct json_object *list;

	if (ask(doctor, "connections", &answer) != 0)
		return;
	list = json_object_object_get(answer.json, "connections");
	if (!json_object_is_type(list, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		tell_connection(doctor, json_object_array_get_idx(list, i));
}

/*
 * Whether they were told all that the store has. Both go on meanwhile: so the store is asked
 * first, and what it says has to be told within some time.
 */
static void compare_seq(struct doctor *doctor)
{
	_cleanup_(inbox_answer_release) struct inbox_answer store = { 0 };
	const struct timespec pause = { 0, PAUSE * 1000000L };
	int64_t told = -1;

	if (count(doctor, &store) != 0)
		return;
	for (int waited = 0; told < (int64_t)store.counts.seq && waited < PATIENCE;
		waited += PAUSE) {
		_cleanup_(control_answer_release) struct control_answer answer = { 0 };

		if (waited > 0)
			nanosleep(&pause, NULL);
		if (ask(doctor, "user", &answer) != 0)
			return;
		told = doctor_number(answer.json, NULL, "seq");
	}
	if (told >= (int64_t)store.counts.seq) {
		doctor_say(doctor, DOCTOR_OK, "they were told all up to seq %" PRId64, told);
		return;
	}
	doctor_say(doctor, DOCTOR_FAILURE,
		"they were told up to seq %" PRId64 ", and the store is at %" PRIu64,
		told < 0 ? 0 : told, (uint64_t)store.counts.seq);
	doctor_advise(doctor, "tidings doctor, without --user, looks for the cause");
}

void doctor_sessions(struct doctor *doctor)
{
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	int result = ask(doctor, "user", &answer);

	if (result != 0) {
		tell_unasked(doctor, result, &answer);
	} else if (doctor_number(answer.json, NULL, "connections") > 0) {
		tell_connections(doctor);
		compare_seq(doctor);
	} else {
		doctor_say(doctor, DOCTOR_FAILURE, "nobody is connected for this user");
		doctor_advise(doctor, "does the page come to open its connection? tidings doctor "
				      "--url tries the way; the browser's console tells more");
	}
}

/* ---- the last refusal ---- */

static const struct {
	const char *code;
	const char *remedy;
} remedies[] = {
	{ "token_expired", "have the page get a new token before the old one ends" },
	{ "token_not_yet", "the clocks of the application and of this machine differ: set both "
			   "by NTP" },
	{ "token_revoked", "have the user log in to the application anew" },
	{ "token_signature", "the key that has signed it is gone: have the user log in anew" },
	{ "too_many_connections", "see max-connections-per-user of the configuration" },
	{ "too_many_messages", "the client says more than max-messages-per-second allows" },
	{ "timeout", "nothing came back from the client: does the web server cut off what is "
		     "silent? tidings doctor --url … --patient tries it" },
	{ "unavailable", "the client took nothing for too long, or the store did not answer" },
	{ "disconnected", "an administrator has ended the connections; the client comes back" },
};

void doctor_refusal(struct doctor *doctor)
{
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	_cleanup_(buffer_release) struct buffer age = { 0 };
	struct json_object *refusal;
	struct slice code;

	if (ask(doctor, "user", &answer) != 0) {
		doctor_say(doctor, DOCTOR_UNCHECKED, "the push daemon is needed");
		return;
	}
	refusal = json_object_object_get(answer.json, "lastRefusal");
	code = json_string(json_object_object_get(refusal, "code"));
	if (!code.data) {
		doctor_say(doctor, DOCTOR_OK, "none that the push daemon remembers");
		return;
	}
	quantity_seconds(&age, (uint64_t)doctor_number(refusal, NULL, "secondsAgo"));
	if (!buffer_string(&age))
		return;
	doctor_say(doctor, DOCTOR_WARNING, "%s ago: %.*s", age.data, (int)code.len, code.data);
	for (size_t i = 0; i < ARRAY_LENGTH(remedies); i++)
		if (slice_is(code, remedies[i].code))
			doctor_advise(doctor, "%s", remedies[i].remedy);
}
