/*
 * Messages of a client, see command.h. Marks are only handed to the store: what
 * they change comes back through the feed, to this session as to all others.
 */
#include "pushd/command.h"

#include "lib/json.h"
#include "pushd/conversation.h"
#include "pushd/delivery.h"
#include "pushd/message.h"

#include <errno.h>

enum { REQUESTS_MAX = 8 /* of one client, that the store has not answered */ };

static void send_error(struct hub *hub, struct session *session, const char *code,
	const char *sentence)
{
	message_begin(&hub->message);
	message_error(&hub->message, code, sentence);
	hub_tell_surely(hub, session);
}

/* ---- members ---- */

static const char WRONG[] = "A member is missing, unknown or of the wrong kind";

static int get_id(struct json_object *object, const char *name, struct uuid *ret_id)
{
	struct slice text;
	int r = json_member_text(object, name, &text);

	return r == 0 ? uuid_parse(text, ret_id) : r;
}

/* ---- requests to the store ---- */

struct errand {
	struct hub *hub;
	struct session *session;
	enum inbox_operation operation;
};

static void send_list(struct hub *hub, struct session *session, struct inbox_answer *answer)
{
	_cleanup_(buffer_release) struct buffer notifications = { 0 };
	struct uuid last;
	bool whole = message_add_notifications(&notifications, answer,
		(size_t)hub->config->push.send_queue / 2, &last);
	const struct uuid *next = !whole ? &last : answer->more ? &answer->next : NULL;

	message_begin(&hub->message);
	message_list(&hub->message, &answer->counts, buffer_slice(&notifications), next);
	hub_tell_surely(hub, session);
}

static void on_answer(void *context, int result, struct inbox_answer *answer)
{
	struct errand errand = *(struct errand *)context;
	struct session *session = errand.session;

	free(context);
	session->requests--;
	errand.hub->errands--;
	if (session->state == SESSION_DEAD) {
		if (session->requests == 0 && session->buried)
			session_free(session);
		return;
	}
	if (session->state != SESSION_LIVE || result == -ECANCELED)
		return;
	if (result == INBOX_NOT_FOUND)
		send_error(errand.hub, session, "not_found", "There is no such notification");
	else if (result == INBOX_STORAGE_FULL)
		send_error(errand.hub, session, "storage_full", "The store has no space left");
	else if (result != 0)
		send_error(errand.hub, session, "unavailable", "The store cannot do that now");
	else if (errand.operation == INBOX_LIST)
		send_list(errand.hub, session, answer);
}

static void run_errand(struct hub *hub, struct session *session, struct inbox_request *request)
{
	struct errand *errand = NULL;

	if (session->requests < REQUESTS_MAX)
		errand = malloc(sizeof(*errand));
	request->user = subscriber_name(session->subscriber);
	if (errand) {
		*errand = (struct errand){ hub, session, request->operation };
		if (inbox_submit(hub->inbox, request, on_answer, errand) == 0) {
			session->requests++;
			hub->errands++;
			return;
		}
		free(errand);
	}
	send_error(hub, session, "unavailable", "Too many requests are under way");
}

void command_disappoint(struct hub *hub, struct session *session, unsigned requests)
{
	for (; requests > 0; requests--)
		send_error(hub, session, "unavailable", "The store cannot do that now");
}

/* ---- the commands; each returns 0, or -EINVAL for a wrong member ---- */

typedef int command_runner(struct hub *hub, struct session *session, struct json_object *object);

static uint32_t clamp_seconds(int64_t seconds)
{
	return seconds > UINT32_MAX ? UINT32_MAX : seconds < 0 ? 0 : (uint32_t)seconds;
}

void command_authenticate(struct hub *hub, struct session *session,
	const struct principal *principal, uint64_t since, struct slice epoch)
{
	bool renews = session->state == SESSION_LIVE;
	uint32_t expires = clamp_seconds(principal->expires);
	uint32_t issued;

	if (renews && !slice_is(subscriber_name(session->subscriber), principal->user)) {
		hub_close(hub, session, CLOSE_FORBIDDEN, "the token is another user's");
		return;
	}
	issued = clamp_seconds(principal->issued);
	if (renews && issued < session->subscriber->tokens_valid_from) {
		hub_refuse_token(hub, session, TOKEN_REVOKED);
		return;
	}
	session->issued = issued;
	session->warned = renews && session->warned && session->expires == expires;
	session->expires = expires;
	session->key = principal->key;
	if (!renews && delivery_join(hub, session, slice_of(principal->user), since, epoch) < 0)
		hub_kill(hub, session);
	else if (session->state == SESSION_LIVE)
		conversation_schedule(hub, session);
}

/* Keeps in mind whose token was right but for its time. */
static void note_refusal(struct hub *hub, struct slice token, enum token_error error)
{
	_cleanup_(freeing_memory) char *user = NULL;

	if ((error == TOKEN_EXPIRED || error == TOKEN_NOT_YET) &&
		token_read_user(hub->verifier, token, &user) == 0)
		hub_note_refusal(hub, slice_of(user), token_error_code(error));
}

static int on_auth(struct hub *hub, struct session *session, struct json_object *object)
{
	struct principal principal;
	struct slice token, epoch;
	int64_t since;
	int r;

	if (json_member_text(object, "token", &token) < 0 || !token.data ||
	    json_member_text(object, "epoch", &epoch) < 0 ||
	    json_member_number(object, "since", 0, INT64_MAX, -1, &since) < 0)
		return -EINVAL;
	r = token_verify(hub->verifier, token, hub->wall, &principal);
	if (r < 0) {
		hub_kill(hub, session);
	} else if (r > 0) {
		note_refusal(hub, token, (enum token_error)r);
		hub_refuse_token(hub, session, (enum token_error)r);
	} else {
		if (since < 0)
			epoch = (struct slice){ 0 };
		command_authenticate(hub, session, &principal, (uint64_t)since, epoch);
		principal_release(&principal);
	}
	return 0;
}

static int on_ping(struct hub *hub, struct session *session, struct json_object *object)
{
	(void)object;
	message_begin(&hub->message);
	message_pong(&hub->message);
	hub_tell_surely(hub, session);
	return 0;
}

/* A sign of life, which every byte is: there is nothing left to do. */
static int on_pong(struct hub *hub, struct session *session, struct json_object *object)
{
	(void)hub;
	(void)session;
	(void)object;
	return 0;
}

static int on_fetch(struct hub *hub, struct session *session, struct json_object *object)
{
	struct inbox_request request = {
		.operation = INBOX_LIST,
		.query = { .type = INBOX_ANY_TYPE },
	};
	struct json_object *member;
	int64_t limit;

	if (json_member_number(object, "limit", 1, INBOX_LIMIT_MAX, 10, &limit) < 0)
		return -EINVAL;
	request.query.limit = (unsigned)limit;
	if (json_object_object_get_ex(object, "unread", &member)) {
		if (!json_object_is_type(member, json_type_boolean))
			return -EINVAL;
		request.query.unread = json_object_get_boolean(member);
	}
	request.query.from_cursor = json_object_object_get_ex(object, "cursor", NULL);
	if (request.query.from_cursor && get_id(object, "cursor", &request.query.cursor) < 0)
		return -EINVAL;
	run_errand(hub, session, &request);
	return 0;
}

static int on_mark_read(struct hub *hub, struct session *session, struct json_object *object)
{
	struct inbox_request request = { .operation = INBOX_MARK_READ };

	if (get_id(object, "id", &request.id) < 0)
		return -EINVAL;
	run_errand(hub, session, &request);
	return 0;
}

static int on_mark_all_read(struct hub *hub, struct session *session, struct json_object *object)
{
	struct inbox_request request = { .operation = INBOX_READ_ALL };

	(void)object;
	run_errand(hub, session, &request);
	return 0;
}

static int on_seen(struct hub *hub, struct session *session, struct json_object *object)
{
	struct inbox_request request = { .operation = INBOX_SEEN };

	(void)object;
	run_errand(hub, session, &request);
	return 0;
}

static int on_unread_count(struct hub *hub, struct session *session, struct json_object *object)
{
	(void)object;
	delivery_count(hub, session);
	return 0;
}

enum { MEMBERS_MAX = 4 };

static const struct command {
	const char *type;
	command_runner *run;
	bool lenient;			  /* whatever else it bears */
	const char *members[MEMBERS_MAX]; /* all that it may bear beside the type */
} commands[] = {
	{ "auth", on_auth, false, { "token", "since", "epoch" } },
	{ "pong", on_pong, true, { 0 } },
	{ "ping", on_ping, true, { 0 } },
	{ "fetch_notifications", on_fetch, false, { "limit", "unread", "cursor" } },
	{ "mark_read", on_mark_read, false, { "id" } },
	{ "mark_all_read", on_mark_all_read, false, { 0 } },
	{ "seen", on_seen, false, { 0 } },
	{ "unread_count", on_unread_count, false, { 0 } },
};

static bool knows_member(const struct command *command, const char *name)
{
	if (command->lenient || strcmp(name, "type") == 0)
		return true;
	for (size_t i = 0; i < MEMBERS_MAX && command->members[i]; i++)
		if (strcmp(name, command->members[i]) == 0)
			return true;
	return false;
}

/* Runs it. Returns 0, or -EINVAL for a wrong member: a typing error is not swallowed. */
static int run_command(const struct command *command, struct hub *hub, struct session *session,
	struct json_object *object)
{
	json_object_object_foreach(object, name, member) {
		(void)member;
		if (!knows_member(command, name))
			return -EINVAL;
	}
	return command->run(hub, session, object);
}

static const struct command *find_command(struct json_object *object)
{
	struct slice type;

	if (!json_object_is_type(object, json_type_object) || json_member_text(object, "type", &type) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		if (slice_is(type, commands[i].type))
			return &commands[i];
	return NULL;
}

void command_run(struct hub *hub, struct session *session, struct slice text)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	bool anonymous = session->state == SESSION_ANONYMOUS;
	int error = json_parse(text, &object);
	const struct command *command;

	if (error < 0) {
		hub_kill(hub, session);
		return;
	}
	command = error == 0 ? find_command(object) : NULL;
	if (command && (!anonymous || command->run == on_auth) &&
	    run_command(command, hub, session, object) == 0)
		return;
	if (error > 0)
		send_error(hub, session, "invalid_message", json_problem((enum json_error)error));
	else if (!command)
		send_error(hub, session, "unknown_type", "There is no message of this type");
	else if (anonymous && command->run != on_auth)
		send_error(hub, session, "auth_required", "Send an auth message first");
	else
		send_error(hub, session, "invalid_message", WRONG);
	if (anonymous) {
		statistics_refused(&hub->statistics, "auth_required");
		hub_close(hub, session, CLOSE_UNAUTHENTICATED, "the first message must be auth");
	}
}
