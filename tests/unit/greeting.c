/*
 * How a client is greeted whose token came with the upgrade: the answer 101 waits for what
 * the store says and leaves together with it, but not for long.
 */
#include "tests/tap.h"
#include "tests/unit/hub_fixture.h"

#include <errno.h>
#include <sys/socket.h>

static struct hub_fixture fixture;

/* A client that asks for an upgrade; returns its socket. */
static int knock(void)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };
	int fd;

	fixture_begin(&fixture);
	fd = fixture_connect(&fixture);
	fixture_append_head(&head, &fixture, 0, (struct slice){ 0 });
	tap_ok(send(fd, head.data, head.len, 0) == (ssize_t)head.len, "a client asks");
	fixture_run(&fixture);
	return fd;
}

static void leave(int fd)
{
	close(fd);
	fixture_end(&fixture);
}

/* What has come so far, as a string: the NULs in headers of frames become dots. */
static const char *hear(int fd)
{
	static char heard[4096];
	ssize_t n = recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT);

	for (ssize_t i = 0; i < n; i++)
		heard[i] = heard[i] ? heard[i] : '.';
	heard[n > 0 ? n : 0] = '\0';
	return heard;
}

static void ok_upgraded(const char *heard)
{
	tap_ok(strstr(heard, "HTTP/1.1 101 ") == heard, "the upgrade is answered");
}

static void test_together(void)
{
	int fd = knock();
	const char *heard = hear(fd);

	ok_string_equal(heard, "", "nothing is said before the store has answered");
	fixture_compute(&fixture);
	fixture_deliver(&fixture, 0);
	heard = hear(fd);
	ok_upgraded(heard);
	tap_ok(strstr(heard, "\"connected\"") && strstr(heard, "\"unread_count\""),
		"and all of the greeting is there");
	leave(fd);
}

static void test_slow_store(void)
{
	int fd = knock();
	const char *heard;

	fixture_pass(&fixture, 1);
	heard = hear(fd);
	ok_upgraded(heard);
	tap_ok(!strstr(heard, "\"connected\""), "without the greeting");
	fixture_pass(&fixture, fixture.config->push.stall_timeout);
	heard = hear(fd);
	tap_ok(!strstr(heard, "nothing was read"), "that it waited is not taken for a stall");
	fixture_compute(&fixture);
	fixture_deliver(&fixture, 0);
	tap_ok(strstr(hear(fd), "\"connected\""), "which comes when it can");
	leave(fd);
}

static void test_failure(void)
{
	int fd = knock();
	const char *heard;

	fixture_deliver(&fixture, -ECONNRESET);
	heard = hear(fd);
	ok_upgraded(heard);
	tap_ok(strstr(heard, "the store cannot be read"), "and closed, where the store fails");
	leave(fd);
}

static void test_hang_up(void)
{
	int fd = knock();

	shutdown(fd, SHUT_RDWR);
	fixture_run(&fixture);
	fixture_compute(&fixture);
	fixture_deliver(&fixture, 0);
	ok_int_equal(fixture.hub.clients.count, 0, "whoever hangs up meanwhile is gone");
	leave(fd);
}

/* Somebody without a token who is gone before the answer: it has nowhere to go to. */
static void test_gone(void)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };
	int fd;

	fixture_begin(&fixture);
	fd = fixture_connect(&fixture);
	fixture_append_head(&head, &fixture, -1, (struct slice){ 0 });
	tap_ok(send(fd, head.data, head.len, 0) == (ssize_t)head.len, "a client asks");
	close(fd);
	fixture_run(&fixture);
	ok_int_equal(fixture.hub.clients.count, 0, "it is gone, and nothing is left of it");
	tap_ok(!fixture.hub.dead, "nor waits to be buried");
	fixture_end(&fixture);
}

int main(void)
{
	test_together();
	test_slow_store();
	test_failure();
	test_hang_up();
	test_gone();
	return tap_done();
}
