/* What ends the sessions of a user: being forgotten, and tokens that are revoked. */
#include "tests/tap.h"
#include "tests/unit/hub_talk.h"

static void test_dismissed(void)
{
	static const struct {
		enum change_kind kind;
		const char *close;
	} cases[] = {
		{ CHANGE_FORGOTTEN, "close 4403 forgotten" },
		{ CHANGE_REVOKED, "close 4403 token_revoked" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		talk_begin();
		talk_join(0, 0, "connected; count 0 0 0");
		talk_join(1, 0, "connected; count 0 0 0");
		talk_join(2, 1, "connected; count 0 0 0");
		talk_connect(3, 0, "since=0&epoch=1"); /* in the middle of joining */
		fixture_dismiss(&talk_fixture, 0, cases[i].kind);
		for (size_t c = 0; c < 4; c++)
			talk_ok_heard(c, c == 2 ? "" : cases[i].close);
		talk_answer();
		fixture_change(&talk_fixture, 1, CHANGE_CREATED, false);
		talk_ok_heard(2, "new 1 1 1");
		talk_end();
	}
}

/* Who comes after that does not get an answer from before. */
static void test_after_forgotten(void)
{
	talk_begin();
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	talk_connect(0, 0, "");
	fixture_compute(&talk_fixture);
	fixture_dismiss(&talk_fixture, 0, CHANGE_FORGOTTEN);
	talk_ok_heard(0, "close 4403 forgotten");
	talk_connect(1, 0, "since=1&epoch=1");
	talk_answer();
	talk_ok_heard(1, "connected; reset 2 0 0; count 2 0 0");
	fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	talk_ok_heard(1, "new 3 1 1");
	talk_end();
}

static void test_revoked(void)
{
	static const char refused[] = "auth_failed; close 4401 token_revoked";

	talk_begin();
	talk_connect(0, 0, "");
	fixture_compute(&talk_fixture);
	fixture_dismiss(&talk_fixture, 0, CHANGE_REVOKED);
	talk_ok_heard(0, "close 4403 token_revoked");
	talk_connect(1, 0, "");
	talk_connect(2, 2, ""); /* both wait for the same answer */
	talk_answer();
	talk_ok_heard(1, refused);
	talk_ok_heard(2, "connected; count 0 0 0");
	talk_join(3, 0, refused);
	talk_connect(4, 0, "since=0&epoch=1");
	talk_answer();
	talk_ok_heard(4, refused);
	talk_join(5, 1, "connected; count 0 0 0");
	talk_end();
}

/* A token that was revoked renews nothing; another does. */
static void test_renewal(void)
{
	_cleanup_(buffer_release) struct buffer bad = { 0 }, good = { 0 };

	talk_begin();
	buffer_print(&bad, "{\"type\":\"auth\",\"token\":\"%s\"}", talk_fixture.tokens[0]);
	buffer_print(&good, "{\"type\":\"auth\",\"token\":\"%s\"}", talk_fixture.tokens[2]);
	fixture_dismiss(&talk_fixture, 0, CHANGE_REVOKED);
	talk_join(0, 2, "connected; count 0 0 0");
	hub_client_say(&talk_clients[0], &talk_fixture, buffer_slice(&good));
	talk_ok_heard(0, "");
	hub_client_say(&talk_clients[0], &talk_fixture, buffer_slice(&bad));
	talk_ok_heard(0, "auth_failed; close 4401 token_revoked");
	talk_connect(1, 0, "");
	/* before it is known what is revoked */
	hub_client_say(&talk_clients[1], &talk_fixture, buffer_slice(&good));
	talk_answer();
	talk_ok_heard(1, "connected; count 0 0 0");
	talk_end();
}

/* Whoever repeats the token that ends has been told so. */
static void test_repeated(void)
{
	_cleanup_(buffer_release) struct buffer same = { 0 };

	talk_begin();
	buffer_print(&same, "{\"type\":\"auth\",\"token\":\"%s\"}", talk_fixture.tokens[0]);
	talk_join(0, 0, "connected; count 0 0 0");
	for (unsigned passed = 0; passed < FIXTURE_LIFE - 30; passed += 10) {
		hub_client_say(&talk_clients[0], &talk_fixture, SLICE("{\"type\":\"pong\"}"));
		fixture_pass(&talk_fixture, 10);
	}
	talk_ok_heard(0, "token_expiring");
	hub_client_say(&talk_clients[0], &talk_fixture, buffer_slice(&same));
	fixture_pass(&talk_fixture, 5);
	talk_ok_heard(0, "");
	fixture_pass(&talk_fixture, 25);
	talk_ok_heard(0, "close 4401 token_expired");
	talk_end();
}

int main(void)
{
	test_dismissed();
	test_after_forgotten();
	test_revoked();
	test_renewal();
	test_repeated();
	return tap_done();
}
