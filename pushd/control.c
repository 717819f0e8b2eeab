/*
 * Requests of those who look after the daemon, see control.h.
 *
 * A page of connections goes by descriptors, so that it is the same whoever came and went
 * between two pages, and looks at PAGE_EXAMINED of them at most: clients wait meanwhile.
 */
#include "pushd/control.h"

#include "lib/json.h"
#include "lib/log.h"
#include "lib/notification.h"
#include "pushd/delivery.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>

enum {
	PAGE_DEFAULT = 100,
	PAGE_MAX = 1000,
	PAGE_EXAMINED = 10000, /* connections, whether they are told or not */
	ENTRY_MAX = 1024,      /* bytes of one: a name is 255 of them, or twice that, escaped */
	MEMBERS_MAX = 4,
};

struct request {
	struct hub *hub;
	enum peer_right right;
	struct json_object *object;
	struct buffer *to;
};

/* Why there is no answer but this. */
enum failure { DONE, WRONG_MEMBER, FORBIDDEN };

typedef enum failure command_runner(const struct request *request);

void control_fail(struct buffer *to, const char *code, const char *sentence)
{
	buffer_append_string(to, "{\"error\":");
	json_append_string(to, slice_of(sentence));
	buffer_append_string(to, ",\"code\":");
	json_append_string(to, slice_of(code));
	buffer_append_string(to, "}\n");
}

/* ---- the commands ---- */

static enum failure run_ping(const struct request *request)
{
	buffer_append_string(request->to, "{\"version\":\"" PACKAGE_VERSION "\"}\n");
	return DONE;
}

static enum failure run_statistics(const struct request *request)
{
	statistics_format(request->to, request->hub);
	buffer_append_string(request->to, "\n");
	return DONE;
}

/* A user's name, or NULL data where the request has none. */
static int get_user(const struct request *request, struct slice *ret_user)
{
	int r = json_member_text(request->object, "user", ret_user);

	return r == 0 && ret_user->data && !notification_user_valid(*ret_user) ? -EINVAL : r;
}

static void add_connection(struct buffer *to, const struct hub *hub, const struct session *session)
{
	size_t queue = session->queue ? session->queue->bytes.len : 0;
	char address[ADDRESS_SIZE];

	address_format(&session->address, address);
	buffer_append_string(to, to->data[to->len - 1] == '[' ? "{\"user\":" : ",{\"user\":");
	json_append_string(to, subscriber_name(session->subscriber));
	buffer_print(to, ",\"address\":\"%s\",\"age\":%u,\"queue\":%zu,\"kind\":\"%s\",\"id\":%d}",
		address, hub->now - session->connected, queue,
		session->events ? "events" : "websocket", session->fd);
}

/* Which connections are asked for. */
struct filter {
	struct slice user;	     /* no data = of all */
	const struct subscriber *of; /* the same; NULL if there is none */
	bool slow;		     /* those that have not taken all that they were sent */
};

static bool is_wanted(const struct filter *filter, const struct session *session)
{
	return session->subscriber && (!filter->of || session->subscriber == filter->of) &&
	       (!filter->slow || (session->queue && session->queue->bytes.len > 0));
}

/*
 * Adds the connections behind *at, and moves *at behind those that were looked at. Returns false
 * when there are no more.
 */
static bool add_page(const struct request *request, const struct filter *filter, unsigned limit,
	size_t *at)
{
	const struct hub *hub = request->hub;
	struct buffer *to = request->to;
	size_t ahead;

	for (unsigned examined = 0; limit > 0 && examined < PAGE_EXAMINED; examined++) {
		const struct session *session = clients_next(&hub->clients, at);

		if (!session)
			return false;
		if (!is_wanted(filter, session))
			continue;
		add_connection(to, hub, session);
		limit--;
		if (to->len > CONTROL_ANSWER_MAX - ENTRY_MAX || buffer_status(to) < 0)
			break;
	}
	ahead = *at;
	return clients_next(&hub->clients, &ahead);
}

/* A member that may be there, and then is true. */
static int get_flag(const struct request *request, const char *name, bool *ret_flag)
{
	struct json_object *flag;

	*ret_flag = json_object_object_get_ex(request->object, name, &flag);
	if (*ret_flag &&
		(!json_object_is_type(flag, json_type_boolean) || !json_object_get_boolean(flag)))
		return -EINVAL;
	return 0;
}

/* Who may only observe is not told who is connected, but for those who cause trouble. */
static enum failure run_connections(const struct request *request)
{
	struct buffer *to = request->to;
	struct filter filter = { 0 };
	int64_t after, limit;
	bool more = false;
	size_t at;

	if (get_user(request, &filter.user) < 0 || get_flag(request, "slow", &filter.slow) < 0 ||
		json_member_number(request->object, "after", 0, INT_MAX, -1, &after) < 0 ||
		json_member_number(request->object, "limit", 1, PAGE_MAX, PAGE_DEFAULT, &limit) < 0)
		return WRONG_MEMBER;
	if (!filter.slow && !peer_may(request->right, PEER_ALL))
		return FORBIDDEN;
	at = (size_t)(after + 1);
	if (filter.user.data)
		filter.of = registry_find(&request->hub->registry, filter.user);
	buffer_append_string(to, "{\"connections\":[");
	if (buffer_status(to) == 0 && (filter.of || !filter.user.data))
		more = add_page(request, &filter, (unsigned)limit, &at);
	buffer_append_string(to, "]");
	if (more)
		buffer_print(to, ",\"next\":%zu", at - 1);
	buffer_append_string(to, "}\n");
	return DONE;
}

/* What a user was told last, by the sessions that keep up, and why one was turned away last. */
static void add_user(struct buffer *to, const struct hub *hub, struct slice user)
{
	const struct subscriber *subscriber = registry_find(&hub->registry, user);
	const struct refusal *refusal =
		refusals_find(&hub->refusals, registry_hash(&hub->registry, user));

	buffer_print(to, "{\"connections\":%u,\"asking\":%s",
		subscriber ? subscriber->session_count : 0,
		subscriber && subscriber->asking ? "true" : "false");
	if (subscriber && subscriber->placed)
		buffer_print(to, ",\"seq\":%" PRIu64, subscriber->told.seq);
	if (refusal)
		buffer_print(to, ",\"lastRefusal\":{\"code\":\"%s\",\"secondsAgo\":%u}",
			refusal->code, hub->now - refusal->when);
	buffer_append_string(to, "}\n");
}

static enum failure run_user(const struct request *request)
{
	struct slice user;

	if (get_user(request, &user) < 0 || !user.data)
		return WRONG_MEMBER;
	add_user(request->to, request->hub, user);
	return DONE;
}

/* Soon after a start nobody can be told absent: clients are still coming back. */
static enum failure run_presence(const struct request *request)
{
	const struct hub *hub = request->hub;
	const struct subscriber *subscriber;
	struct slice user;

	if (get_user(request, &user) < 0 || !user.data)
		return WRONG_MEMBER;
	subscriber = registry_find(&hub->registry, user);
	buffer_print(request->to, "{\"connections\":%u,\"uptime\":%u}\n",
		subscriber ? subscriber->session_count : 0, hub->now - hub->statistics.begun);
	return DONE;
}

static unsigned disconnect_user(struct hub *hub, struct slice user)
{
	struct subscriber *subscriber = registry_find(&hub->registry, user);

	return subscriber ? delivery_disconnect(hub, subscriber) : 0;
}

static unsigned disconnect_all(struct hub *hub)
{
	struct session *session;
	unsigned count = 0;
	size_t at = 0;

	while ((session = clients_next(&hub->clients, &at)))
		if (session->subscriber)
			count += delivery_disconnect(hub, session->subscriber);
	log_event(LOG_LEVEL_INFO, LOG_CLIENTS_ENDED, NULL,
		"all %u connections were ended by a request on the control socket", count);
	return count;
}

static enum failure run_disconnect(const struct request *request)
{
	struct slice user;
	bool everybody;
	unsigned count;

	if (get_user(request, &user) < 0 || get_flag(request, "all", &everybody) < 0 ||
		everybody == (user.data != NULL))
		return WRONG_MEMBER;
	if (everybody && !peer_may(request->right, PEER_ALL))
		return FORBIDDEN;
	count = everybody ? disconnect_all(request->hub) : disconnect_user(request->hub, user);
	buffer_print(request->to, "{\"count\":%u}\n", count);
	return DONE;
}

static enum failure run_log_level(const struct request *request)
{
	enum log_level level = log_get_level();
	struct slice name;
	const char *text;

	if (json_member_text(request->object, "level", &name) < 0 ||
		(name.data &&
			(strlen(name.data) != name.len || log_level_parse(name.data, &level) < 0)))
		return WRONG_MEMBER;
	text = log_level_name(level);
	if (level != log_get_level())
		log_info("the log's level is %s from now on", text);
	log_set_level(level);
	buffer_print(request->to, "{\"level\":\"%s\"}\n", text);
	return DONE;
}

bool control_permits(enum peer_right right)
{
	return (right & (PEER_OBSERVE | PEER_LOOK)) != 0;
}

static const struct command {
	const char *name;
	enum peer_right right;
	command_runner *run;
	const char *members[MEMBERS_MAX]; /* all that it may bear beside the command */
} commands[] = {
	{ "ping", PEER_OBSERVE, run_ping, { 0 } },
	{ "statistics", PEER_OBSERVE, run_statistics, { 0 } },
	{ "connections", PEER_OBSERVE, run_connections, { "user", "slow", "after", "limit" } },
	{ "user", PEER_ALL, run_user, { "user" } },
	{ "presence", PEER_LOOK, run_presence, { "user" } },
	{ "disconnect", PEER_SERVE, run_disconnect, { "user", "all" } },
	{ "log-level", PEER_ALL, run_log_level, { "level" } },
};

/* ---- requests ---- */

static const struct command *find_command(struct json_object *object)
{
	struct slice name;

	if (json_member_text(object, "command", &name) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		if (slice_is(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static bool knows_member(const struct command *command, const char *name)
{
	if (strcmp(name, "command") == 0)
		return true;
	for (size_t i = 0; i < MEMBERS_MAX && command->members[i]; i++)
		if (strcmp(name, command->members[i]) == 0)
			return true;
	return false;
}

static enum failure run_command(const struct command *command, const struct request *request)
{
	if (!peer_may(request->right, command->right))
		return FORBIDDEN;
	json_object_object_foreach(request->object, name, member)
	{
		(void)member;
		if (!knows_member(command, name))
			return WRONG_MEMBER;
	}
	return command->run(request);
}

static void run(const struct request *request)
{
	const struct command *command = find_command(request->object);

	if (!command) {
		control_fail(request->to, "unknown_command", "There is no such command");
		return;
	}
	switch (run_command(command, request)) {
	case DONE:
		break;
	case WRONG_MEMBER:
		control_fail(request->to, "invalid_request",
			"A member is missing, unknown or of the wrong kind");
		break;
	case FORBIDDEN:
		control_fail(request->to, "forbidden", "This user may not do that");
		break;
	}
}

void control_answer(struct hub *hub, enum peer_right right, struct slice line, struct buffer *to)
{
	struct request request = { hub, right, NULL, to };
	int r;

	if (!control_permits(right)) {
		control_fail(to, "forbidden",
			"Only root, this program's own user, the groups tidings and "
			"tidings-status and api-users may ask anything here");
		return;
	}
	r = json_parse(line, &request.object);
	if (r < 0)
		to->failed = r;
	else if (r > 0 || !json_object_is_type(request.object, json_type_object))
		control_fail(to, "invalid_request",
			"The request must be one valid JSON object on a line");
	else
		run(&request);
	json_object_put(request.object);
}
