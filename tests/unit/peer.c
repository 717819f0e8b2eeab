/* Who is at the other end of a socket, and which right such a one has. */
#include "lib/peer.h"

#include "tests/tap.h"

#include <errno.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { SOMEBODY = 64001, API = 64002, AWAY = 64006 };
enum { GROUP_ALL = 64003, GROUP_PUBLISH = 64004, GROUP_OTHER = 64005, GROUP_OBSERVE = 64007 };

static char directory[] = "/tmp/tidings-peer.XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static uid_t serving[] = { 1, API };
static const struct peer_rules rules = {
	.all = GROUP_ALL,
	.publish = GROUP_PUBLISH,
	.look = AWAY,
	.observe = GROUP_OBSERVE,
	.serve = serving,
	.serve_count = 2,
};

/* In the child: connects as somebody else, and stays until the socket is closed. */
static void connect_as(uid_t uid, gid_t gid, const gid_t *groups, size_t count)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char byte;

	if (setgroups(count, groups) < 0 || setgid(gid) < 0 || setuid(uid) < 0 ||
		connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(1);
	(void)!read(fd, &byte, 1);
	_exit(0);
}

static int identify(int listen_fd, uid_t uid, gid_t gid, const gid_t *groups, size_t count,
	struct peer *ret_peer)
{
	pid_t pid = fork();
	int fd, r, status;

	if (pid == 0)
		connect_as(uid, gid, groups, count);
	fd = accept(listen_fd, NULL, NULL);
	r = peer_identify(&rules, fd, ret_peer);
	close(fd);
	waitpid(pid, &status, 0);
	return r;
}

static void check(int listen_fd, uid_t uid, gid_t gid, const gid_t *groups, size_t count,
	enum peer_right right, const char *name)
{
	struct peer peer = { 0 };

	ok_int_equal(identify(listen_fd, uid, gid, groups, count, &peer), 0, "%s is identified", name);
	ok_int_equal(peer.uid, uid, "%s: the user", name);
	ok_int_equal(peer.right, right, "%s: the right", name);
}

static void test_peers(int listen_fd)
{
	gid_t all[] = { GROUP_OTHER, GROUP_ALL }, publish[] = { GROUP_PUBLISH }, many[1000];
	gid_t observe[] = { GROUP_OTHER, GROUP_OBSERVE };

	for (size_t i = 0; i < ARRAY_LENGTH(many); i++)
		many[i] = (gid_t)(100000 + i);
	check(listen_fd, 0, 0, NULL, 0, PEER_ALL, "root");
	check(listen_fd, SOMEBODY, SOMEBODY, NULL, 0, PEER_NOTHING, "somebody");
	check(listen_fd, SOMEBODY, GROUP_ALL, NULL, 0, PEER_ALL, "somebody whose group is tidings");
	check(listen_fd, SOMEBODY, SOMEBODY, all, 2, PEER_ALL, "a member of the group tidings");
	check(listen_fd, SOMEBODY, SOMEBODY, publish, 1, PEER_PUBLISH, "a member of tidings-publish");
	check(listen_fd, SOMEBODY, GROUP_PUBLISH, all, 2, PEER_ALL, "a member of both");
	check(listen_fd, SOMEBODY, GROUP_OBSERVE, NULL, 0, PEER_OBSERVE, "the status page");
	check(listen_fd, SOMEBODY, GROUP_PUBLISH, observe, 2, PEER_OBSERVE | PEER_PUBLISH,
		"a member of tidings-publish and tidings-status");
	check(listen_fd, API, SOMEBODY, publish, 1, PEER_SERVE, "one of api-users");
	check(listen_fd, AWAY, SOMEBODY, NULL, 0, PEER_LOOK, "the user of [away]");
	check(listen_fd, AWAY, SOMEBODY, all, 2, PEER_ALL, "one who is in the group tidings, too");
	check(listen_fd, SOMEBODY, SOMEBODY, many, ARRAY_LENGTH(many), PEER_NOTHING,
		"somebody in a thousand groups");
	many[999] = GROUP_PUBLISH;
	check(listen_fd, SOMEBODY, SOMEBODY, many, ARRAY_LENGTH(many), PEER_PUBLISH,
		"a member of tidings-publish and of 999 others");
}

static void test_rules(void)
{
	static char number[] = "4711", root[] = "root", nobody[] = "nobody-is-called-so";
	static char other[] = "nor-so", away[] = "nobody-either";
	static char *users[] = { number, nobody, root, other, NULL };
	struct config config = { .store.api_users = users, .away.user = away };
	_cleanup_(buffer_release) struct buffer unknown = { 0 };
	struct peer_rules made;

	ok_int_equal(peer_rules_init(&made, &config, &unknown), 0, "the rules are made");
	ok_int_equal(made.serve_count, 2, "a name that is nobody's gives nobody a right");
	tap_ok(slice_is(buffer_slice(&unknown), "nobody-is-called-so, nor-so"),
		"whom there is not is told");
	tap_ok(made.serve[0] == 4711 && made.serve[1] == 0, "a number stands for itself, a name for its user");
	tap_ok(made.look == (uid_t)-1, "who is called so in [away] need not exist");
	peer_rules_release(&made);
	config.away.user = number;
	ok_int_equal(peer_rules_init(&made, &config, &unknown), 0, "the rules are made");
	ok_int_equal(made.look, 4711, "or may be a number");
	peer_rules_release(&made);
}

int main(void)
{
	int listen_fd = socket(AF_UNIX, SOCK_STREAM, 0);

	test_rules();
	if (geteuid() != 0) {
		tap_skip("only root can connect as somebody else");
		return tap_done();
	}
	if (!mkdtemp(directory) || chmod(directory, 0755) < 0)
		return 1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	if (bind(listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listen_fd, 8) < 0 || chmod(address.sun_path, 0666) < 0)
		return 1;
	test_peers(listen_fd);
	close(listen_fd);
	unlink(address.sun_path);
	rmdir(directory);
	return tap_done();
}
