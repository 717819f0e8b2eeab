/* Peers and their rights, see peer.h. */
#include "lib/peer.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>

enum { GROUPS_FIRST = 32 /* room at the first try */ };

static const gid_t NO_GROUP = (gid_t)-1;
static const uid_t NO_USER = (uid_t)-1;
static const char ALL_GROUP[] = "tidings", PUBLISH_GROUP[] = "tidings-publish",
		  OBSERVE_GROUP[] = "tidings-status";

static gid_t find_group(const char *name)
{
	const struct group *group = getgrnam(name);

	return group ? group->gr_gid : NO_GROUP;
}

/* A name, or a number as it is. */
static int find_user(const char *name, uid_t *ret_uid)
{
	const struct passwd *user = getpwnam(name);
	char *end;
	unsigned long number = strtoul(name, &end, 10);

	if (!user && (*end || number >= (uid_t)-1))
		return -ENOENT;
	*ret_uid = user ? user->pw_uid : (uid_t)number;
	return 0;
}

int peer_rules_init(struct peer_rules *rules, const struct config *config, struct buffer *unknown)
{
	char *const *names = config->store.api_users;
	size_t count = 0;

	*rules = (struct peer_rules){
		.all = find_group(ALL_GROUP),
		.publish = find_group(PUBLISH_GROUP),
		.observe = find_group(OBSERVE_GROUP),
		.look = NO_USER,
	};
	(void)find_user(config->away.user, &rules->look); /* need not exist where nobody wants it */
	while (names[count])
		count++;
	rules->serve = calloc(count + 1, sizeof(*rules->serve));
	if (!rules->serve)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (find_user(names[i], &rules->serve[rules->serve_count]) == 0)
			rules->serve_count++;
		else
			buffer_print(unknown, "%s%s", unknown->len > 0 ? ", " : "", names[i]);
	}
	return buffer_status(unknown);
}

void peer_rules_release(struct peer_rules *rules)
{
	free(rules->serve);
	*rules = (struct peer_rules){ 0 };
}

static bool serves(const struct peer_rules *rules, uid_t uid)
{
	for (size_t i = 0; i < rules->serve_count; i++)
		if (rules->serve[i] == uid)
			return true;
	return false;
}

/* The peer's groups, which the caller frees. Returns how many, or -errno. */
static ssize_t get_groups(int fd, gid_t **ret_groups)
{
	socklen_t size = GROUPS_FIRST * sizeof(gid_t);

	for (;;) {
		_cleanup_(freeing_memory) gid_t *groups = malloc(size);

		if (!groups)
			return -ENOMEM;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
			*ret_groups = take(groups);
			return (ssize_t)(size / sizeof(gid_t));
		}
		if (errno != ERANGE) /* else `size` has become what it takes */
			return -errno;
	}
}

static bool is_in(gid_t group, const gid_t *groups, ssize_t count)
{
	for (ssize_t i = 0; groups && i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

static bool is_member(gid_t group, const struct ucred *credentials, const gid_t *groups,
	ssize_t count)
{
	return group != NO_GROUP && (credentials->gid == group || is_in(group, groups, count));
}

static enum peer_right right_of(const struct peer_rules *rules, const struct ucred *credentials,
	const gid_t *groups, ssize_t count)
{
	enum peer_right right = PEER_NOTHING;

	if (credentials->uid == 0 || credentials->uid == geteuid() ||
		is_member(rules->all, credentials, groups, count))
		return PEER_ALL;
	if (serves(rules, credentials->uid))
		return PEER_SERVE;
	if (is_member(rules->publish, credentials, groups, count))
		right |= PEER_PUBLISH;
	if (is_member(rules->observe, credentials, groups, count))
		right |= PEER_OBSERVE;
	if (credentials->uid == rules->look)
		right |= PEER_LOOK;
	return right;
}

int peer_identify(const struct peer_rules *rules, int fd, struct peer *ret_peer)
{
	_cleanup_(freeing_memory) gid_t *groups = NULL;
	socklen_t size = sizeof(struct ucred);
	struct ucred credentials;
	ssize_t count;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
		return -errno;
	count = get_groups(fd, &groups);
	if (count < 0)
		return (int)count;
	*ret_peer = (struct peer){
		.uid = credentials.uid,
		.right = right_of(rules, &credentials, groups, count),
	};
	return 0;
}
