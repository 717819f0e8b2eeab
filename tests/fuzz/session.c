/*
 * Sessions: what clients send, what the store answers, what changes and what time does, in any
 * order. The input is a script, a line an action:
 *
 *	+U SINCE EPOCH	a client connects; U: - without a token, a or b with one in the head (A or
 *			B: with one that no revocation concerns), h without even a head; the
 *			rest may be absent
 *	?QUERY		one connects as user a with this query
 *	&U SINCE EPOCH	one asks for a stream of events, as +, but for h
 *	$ID		one does as user a, with this Last-Event-ID
 *	@N		the client that the next lines are about (0 to 7)
 *	>TEXT		it sends a text frame
 *	=U SINCE EPOCH	it sends an auth message with a token of user U; the rest may be absent
 *	!BYTES		it sends these bytes; from then on it is not known what it was told and why
 *	%		it reads nothing until the next one
 *	x		it is gone
 *	*UK		user U's inbox changes; K is c created, C three created, r read, s seen,
 *			a all read, d deleted, D all deleted, x expired, w withdrawn
 *	#K		a broadcast: c created, i imported, w withdrawn, x expired (the oldest)
 *	-UK		user U is: f forgotten, r their tokens revoked
 *	s		the store works on what it was asked
 *	.		… and its next answer arrives
 *	;		… after the one that follows it
 *	,		the store's next answer is a failure
 *	f		the feed stands still, until the next one: answers are faster
 *	d		the store's disk is full, until the next one
 *	u		another program takes the place of this one
 *	U		… and from now on so does another after each line
 *	tN		N times N seconds pass
 *	eN		the store begins a new life, empty; N answers come before that is known
 *
 * Whatever happens, no client has a gap, and no count that is not the one as of its `seq` (see
 * tests/unit/hub_client.h); and in the end everybody who is still connected has the store's
 * counts.
 */
#include "tests/unit/hub_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLIENTS = 8, LINES_MAX = 400, CHANGES_MAX = 500, ANSWERS_MAX = 10000, ROUNDS_MAX = 1000 };

struct play {
	struct hub_fixture fixture;
	struct hub_client clients[CLIENTS];
	unsigned selected;
	unsigned changes, lives;
	bool held, full;
	bool restless; /* another program after each line */
};

static void check(bool good)
{
	if (!good)
		abort();
}

/* Everybody reads and is served until nothing moves. */
static void settle(struct play *play)
{
	bool moved = true;

	for (int round = 0; moved && round < ROUNDS_MAX; round++) {
		moved = false;
		fixture_run(&play->fixture);
		for (size_t i = 0; i < CLIENTS; i++)
			moved |= hub_client_read(&play->clients[i], &play->fixture);
	}
	check(!moved);
}

/* ---- actions ---- */

static struct hub_client *selected(struct play *play)
{
	return &play->clients[play->selected];
}

static unsigned user_of(char name)
{
	return name == 'b' || name == 'B';
}

static unsigned token_of(char name)
{
	return user_of(name) + (name == 'A' || name == 'B' ? HUB_MODEL_USERS : 0);
}

/* "U SINCE EPOCH", of which the end may be absent. */
struct place {
	char who;
	unsigned long long since;
	char epoch;
	int given;
};

static struct place parse_place(struct slice line)
{
	_cleanup_(buffer_release) struct buffer copy = { 0 };
	struct place place = { 0 };
	char epoch[2] = "";

	buffer_append_slice(&copy, line);
	place.given =
		sscanf(buffer_string(&copy), "%c %18llu %1[0-9]", &place.who, &place.since, epoch);
	place.epoch = epoch[0];
	return place;
}

/* The client brings a token, and perhaps where it left off. */
static void note_token(struct hub_client *client, const struct place *place)
{
	if (client->spoken)
		return;
	client->spoken = true;
	client->user = user_of(place->who);
	client->resumed = place->given == 3 ? (int64_t)place->since : -1;
	client->epoch = place->epoch;
}

static void do_connect(struct play *play, struct slice line)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 }, query = { 0 };
	struct place place = parse_place(line);
	bool with_token = place.who != '\0' && strchr("abAB", place.who);

	hub_client_connect(selected(play), &play->fixture);
	if (place.given == 3)
		buffer_print(&query, "since=%llu&epoch=%c", place.since, place.epoch);
	if (with_token)
		note_token(selected(play), &place);
	fixture_append_head(&bytes, &play->fixture, with_token ? (int)token_of(place.who) : -1,
		buffer_slice(&query));
	if (place.who != 'h')
		hub_client_send(selected(play), &play->fixture, buffer_slice(&bytes));
}

static void do_query(struct play *play, struct slice query)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };

	hub_client_connect(selected(play), &play->fixture);
	selected(play)->wild = true;
	fixture_append_head(&bytes, &play->fixture, 0, query);
	hub_client_send(selected(play), &play->fixture, buffer_slice(&bytes));
}

static void do_stream(struct play *play, struct slice line)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 }, id = { 0 };
	struct place place = parse_place(line);
	bool with_token = place.who != '\0' && strchr("abAB", place.who);

	hub_client_connect(selected(play), &play->fixture);
	if (place.given == 3)
		buffer_print(&id, "%c:%llu", place.epoch, place.since);
	if (with_token)
		note_token(selected(play), &place);
	fixture_append_stream_head(&bytes, &play->fixture,
		with_token ? (int)token_of(place.who) : -1, buffer_slice(&id));
	hub_client_send(selected(play), &play->fixture, buffer_slice(&bytes));
}

static void do_stream_id(struct play *play, struct slice id)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };

	hub_client_connect(selected(play), &play->fixture);
	selected(play)->wild = true;
	fixture_append_stream_head(&bytes, &play->fixture, 0, id);
	hub_client_send(selected(play), &play->fixture, buffer_slice(&bytes));
}

static void do_auth(struct play *play, struct slice line)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct place place = parse_place(line);

	buffer_print(&text, "{\"type\":\"auth\",\"token\":\"%s\"",
		play->fixture.tokens[token_of(place.who)]);
	if (place.given > 1)
		buffer_print(&text, ",\"since\":%llu", place.since);
	if (place.given > 2)
		buffer_print(&text, ",\"epoch\":\"%c\"", place.epoch);
	buffer_append_string(&text, "}");
	note_token(selected(play), &place);
	hub_client_say(selected(play), &play->fixture, buffer_slice(&text));
}

/* A letter of the script, and what it does. */
struct letter {
	char letter;
	enum change_kind kind;
	bool special; /* many at once, or old */
};

static const struct letter own_letters[] = {
	{ 'c', CHANGE_CREATED, false },
	{ 'C', CHANGE_CREATED, true },
	{ 'r', CHANGE_READ, false },
	{ 's', CHANGE_SEEN, false },
	{ 'a', CHANGE_ALL_READ, false },
	{ 'd', CHANGE_DELETED, false },
	{ 'D', CHANGE_ALL_DELETED, false },
	{ 'x', CHANGE_EXPIRED, false },
	{ 'w', CHANGE_WITHDRAWN, false },
	{ 0 },
};

static const struct letter broadcast_letters[] = {
	{ 'c', CHANGE_BROADCAST_CREATED, false },
	{ 'i', CHANGE_BROADCAST_CREATED, true },
	{ 'w', CHANGE_BROADCAST_WITHDRAWN, false },
	{ 'x', CHANGE_BROADCAST_EXPIRED, false },
	{ 0 },
};

static const struct letter dismissal_letters[] = {
	{ 'f', CHANGE_FORGOTTEN, false },
	{ 'r', CHANGE_REVOKED, false },
	{ 0 },
};

/* NULL if there is none, or there were too many changes. */
static const struct letter *find_letter(struct play *play, const struct letter *letters,
	struct slice line, size_t at)
{
	if (line.len <= at || play->changes++ >= CHANGES_MAX)
		return NULL;
	while (letters->letter && letters->letter != line.data[at])
		letters++;
	return letters->letter ? letters : NULL;
}

static void do_change(struct play *play, struct slice line)
{
	const struct letter *letter = find_letter(play, own_letters, line, 1);

	if (letter)
		fixture_change(&play->fixture, user_of(line.data[0]), letter->kind,
			letter->special);
}

static void do_broadcast(struct play *play, struct slice line)
{
	const struct letter *letter = find_letter(play, broadcast_letters, line, 0);

	if (letter)
		fixture_broadcast(&play->fixture, letter->kind, letter->special);
}

static void do_dismiss(struct play *play, struct slice line)
{
	const struct letter *letter = find_letter(play, dismissal_letters, line, 1);

	if (letter)
		fixture_dismiss(&play->fixture, user_of(line.data[0]), letter->kind);
}

static void do_new_epoch(struct play *play, unsigned answers)
{
	if (++play->lives >= FIXTURE_EPOCHS)
		return; /* its name was used before */
	for (size_t i = 0; i < CLIENTS; i++)
		hub_client_note_new_life(&play->clients[i]);
	fixture_new_epoch(&play->fixture, answers);
}

/* What clients do. Returns false if the letter is no such thing. */
static bool do_client_line(struct play *play, char letter, struct slice rest)
{
	switch (letter) {
	case '+':
		do_connect(play, rest);
		break;
	case '?':
		do_query(play, rest);
		break;
	case '&':
		do_stream(play, rest);
		break;
	case '$':
		do_stream_id(play, rest);
		break;
	case '>':
		hub_client_say(selected(play), &play->fixture, rest);
		break;
	case '=':
		do_auth(play, rest);
		break;
	case '!':
		selected(play)->wild = true;
		hub_client_send(selected(play), &play->fixture, rest);
		break;
	case '%':
		selected(play)->paused = !selected(play)->paused && selected(play)->fd >= 0;
		break;
	default:
		return false;
	}
	return true;
}

/* What happens elsewhere. The same. */
static bool do_other_line(struct play *play, char letter, struct slice rest, unsigned digit)
{
	switch (letter) {
	case '*':
		do_change(play, rest);
		break;
	case '#':
		do_broadcast(play, rest);
		break;
	case '-':
		do_dismiss(play, rest);
		break;
	case '.':
		fixture_deliver(&play->fixture, 0);
		break;
	case ',':
		fixture_deliver(&play->fixture, INBOX_FAILED);
		break;
	case 'f':
		play->held = !play->held;
		fixture_hold(&play->fixture, play->held);
		break;
	case 't':
		fixture_pass(&play->fixture, digit * digit);
		break;
	case 'e':
		do_new_epoch(play, digit);
		break;
	default:
		return false;
	}
	return true;
}

/* What nobody notices at once. */
static void do_quiet_line(struct play *play, char letter, unsigned digit)
{
	switch (letter) {
	case '@':
		play->selected = digit % CLIENTS;
		break;
	case 'x':
		hub_client_forget(
			selected(play)); /* the hub notices when it next looks, or sends */
		break;
	case 's':
		fixture_compute(&play->fixture);
		break;
	case ';':
		fixture_overtake(&play->fixture);
		break;
	case 'd':
		play->full = !play->full;
		fixture_set_full(&play->fixture, play->full);
		break;
	case 'U':
		play->restless = true;
		break;
	default:
		break;
	}
}

static void do_line(struct play *play, struct slice line)
{
	struct slice rest = { line.data + 1, line.len - 1 };
	unsigned digit = rest.len > 0 && rest.data[0] >= '0' && rest.data[0] <= '9'
				 ? (unsigned)(rest.data[0] - '0')
				 : 0;

	if (!do_client_line(play, line.data[0], rest) &&
		!do_other_line(play, line.data[0], rest, digit))
		do_quiet_line(play, line.data[0], digit);
	else if (!(rest.len > 0 &&
			 rest.data[rest.len - 1] == '~')) /* unless all this is one moment */
		settle(play);
	if (play->restless || line.data[0] == 'u')
		close(fixture_upgrade(&play->fixture));
}

/* The store answers everything and everybody reads: now all must know the same. */
static void finish(struct play *play)
{
	unsigned answers = 0;

	fixture_hold(&play->fixture, false);
	for (size_t i = 0; i < CLIENTS; i++)
		play->clients[i].paused = false;
	settle(play);
	while (fixture_waiting(&play->fixture) > 0) {
		fixture_deliver(&play->fixture, 0);
		settle(play);
		check(answers++ < ANSWERS_MAX);
	}
	for (size_t i = 0; i < CLIENTS; i++)
		hub_client_check_end(&play->clients[i], &play->fixture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice script = { (const char *)data, size };
	struct play play = { 0 };

	fixture_begin(&play.fixture);
	for (size_t i = 0; i < CLIENTS; i++)
		play.clients[i].fd = -1;
	for (int i = 0; i < LINES_MAX && script.len > 0; i++) {
		const char *end = memchr(script.data, '\n', script.len);
		struct slice line = { script.data, end ? (size_t)(end - script.data) : script.len };

		script.data += line.len + (end != NULL);
		script.len -= line.len + (end != NULL);
		if (line.len > 0)
			do_line(&play, line);
	}
	finish(&play);
	for (size_t i = 0; i < CLIENTS; i++)
		hub_client_forget(&play.clients[i]);
	fixture_end(&play.fixture);
	return 0;
}
