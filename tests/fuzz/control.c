/*
 * The control socket's requests. The input is lines; the first character of each says what it is:
 *
 *	a b - h	a client connects: with a token of user a or b, without one, with no head
 *	.	the store answers what it was asked
 *	0 to 5	a request follows, of a peer with this right: see rights
 *
 * Each request has one answer, of one line, which is a JSON object within its bound; whoever has
 * too little a right changes nothing.
 */
#include "lib/json.h"
#include "lib/log.h"
#include "pushd/control.h"
#include "tests/unit/hub_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum peer_right rights[] = { PEER_NOTHING, PEER_LOOK, PEER_PUBLISH, PEER_SERVE,
	PEER_ALL, PEER_OBSERVE };

enum { CLIENTS_MAX = 8, LINES_MAX = 200, ANSWERS_MAX = 100 };

struct play {
	struct hub_fixture fixture;
	int fds[CLIENTS_MAX];
	unsigned clients;
};

static void demand(bool condition)
{
	if (!condition)
		abort();
}

/* As on the socket. */
static void ask(struct hub *hub, enum peer_right right, struct slice line)
{
	_cleanup_(buffer_release) struct buffer answer = { 0 };
	_cleanup_(freeing_json) struct json_object *object = NULL;
	enum log_level level = log_get_level();
	unsigned live = hub->live;
	bool fails;

	control_answer(hub, right, line, &answer);
	hub_bury(hub);
	demand(buffer_status(&answer) == 0 && answer.len > 0 && answer.len <= CONTROL_ANSWER_MAX);
	demand(memchr(answer.data, '\n', answer.len) == answer.data + answer.len - 1);
	demand(json_parse(buffer_slice(&answer), &object) == 0);
	demand(json_object_is_type(object, json_type_object));
	fails = json_object_object_get_ex(object, "error", NULL);
	demand(fails == json_object_object_get_ex(object, "code", NULL));
	demand(fails || control_permits(right));
	demand(hub->live <= live && (hub->live == live || !fails));
	demand(log_get_level() == level || (right == PEER_ALL && !fails));
	log_set_level(level);
}

static void connect_client(struct play *play, char who)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };
	int token = who == 'a' ? 0 : who == 'b' ? 1 : -1;
	int fd;

	if (play->clients == CLIENTS_MAX)
		return;
	fd = fixture_connect(&play->fixture);
	play->fds[play->clients++] = fd;
	if (who != 'h')
		fixture_append_head(&head, &play->fixture, token, (struct slice){ 0 });
	demand(write(fd, head.data, head.len) == (ssize_t)head.len);
	fixture_run(&play->fixture);
}

static void answer_all(struct play *play)
{
	fixture_compute(&play->fixture);
	for (int i = 0; i < ANSWERS_MAX && fixture_waiting(&play->fixture) > 0; i++)
		fixture_deliver(&play->fixture, 0);
}

static void do_line(struct play *play, struct slice line)
{
	switch (*line.data) {
	case 'a':
	case 'b':
	case '-':
	case 'h':
		connect_client(play, *line.data);
		break;
	case '.':
		answer_all(play);
		break;
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
		ask(&play->fixture.hub, rights[*line.data - '0'],
			(struct slice){ line.data + 1, line.len - 1 });
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct play play = { 0 };

	log_set_level(LOG_LEVEL_ERROR);
	fixture_begin(&play.fixture);
	for (unsigned lines = 0; at < end && lines < LINES_MAX; lines++) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((line_end ? line_end : end) - at);

		if (len > 0)
			do_line(&play, (struct slice){ at, len });
		at += len + 1;
	}
	for (unsigned i = 0; i < play.clients; i++)
		close(play.fds[i]);
	fixture_run(&play.fixture);
	fixture_end(&play.fixture);
	return 0;
}
