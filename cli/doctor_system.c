/* tidings doctor: what the system has to provide: users, services, sockets, the time. */
#include "cli/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/un.h>

/* ---- users and groups ---- */

static const char *const groups[] = { "tidings", "tidings-publish", "tidings-keys",
	"tidings-stored", "tidings-status" };

static const struct member {
	const char *user;
	const char *group;
} members[] = {
	{ "tidings-stored", "tidings-stored" },
	{ "tidings-pushd", "tidings-stored" },
	{ "tidings-away", "tidings-stored" },
	{ "tidings-pushd", "tidings-keys" },
	{ "tidings-api", "tidings-keys" },
	{ "tidings-status", "tidings-status" },
};

static const char make_users[] = "systemd-sysusers";

static bool is_member(const char *user, gid_t group)
{
	const struct passwd *account = getpwnam(user);
	gid_t list[64];
	int count = ARRAY_LENGTH(list);

	if (!account || getgrouplist(user, account->pw_gid, list, &count) < 0)
		return false;
	for (int i = 0; i < count; i++)
		if (list[i] == group)
			return true;
	return false;
}

static void check_groups(struct doctor *doctor)
{
	for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
		if (!getgrnam(groups[i])) {
			doctor_say(doctor, DOCTOR_FAILURE, "there is no group %s", groups[i]);
			doctor_advise(doctor, "%s", make_users);
		}
}

static void check_member(struct doctor *doctor, const struct member *member)
{
	const struct group *group = getgrnam(member->group);

	if (!getpwnam(member->user)) {
		doctor_say(doctor, DOCTOR_FAILURE, "there is no user %s", member->user);
		doctor_advise(doctor, "%s", make_users);
	} else if (group && !is_member(member->user, group->gr_gid)) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s is not in the group %s", member->user,
			member->group);
		doctor_advise(doctor, "%s, and restart the services", make_users);
	}
}

/* Those whom the store and the push daemon let in. */
static void check_api_users(struct doctor *doctor)
{
	for (char **name = doctor->tool.config->store.api_users; *name; name++) {
		if (strspn(*name, "0123456789") == strlen(*name) || getpwnam(*name))
			continue;
		doctor_say(doctor, DOCTOR_FAILURE,
			"there is no user %s, whom api-users of the configuration names", *name);
		doctor_advise(doctor, "%s, or name the users that the programs run as", make_users);
	}
}

void doctor_users(struct doctor *doctor)
{
	const struct group *all = getgrnam("tidings");
	size_t before = doctor->findings.len;

	check_api_users(doctor);
	if (doctor->installed) {
		check_groups(doctor);
		for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
			check_member(doctor, &members[i]);
		if (geteuid() != 0 && !(all && group_member(all->gr_gid))) {
			doctor_say(doctor, DOCTOR_WARNING, "who runs this may not see everything");
			doctor_advise(doctor, "run it as root, or in the group tidings");
		}
	}
	if (doctor->findings.len > before)
		return;
	if (doctor->installed)
		doctor_say(doctor, DOCTOR_OK, "all users and groups are there");
	else
		doctor_say(doctor, DOCTOR_UNCHECKED,
			"this is not the configuration of the services, " CONFDIR "/tidings.conf");
}

/* ---- services ---- */

/* "Id=…", "ActiveState=…" and an empty line, for each unit. */
static void judge_unit(struct doctor *doctor, const char *unit, const char *state)
{
	bool is_socket = strstr(unit, ".socket");

	if (strcmp(state, "failed") == 0) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s has failed", unit);
		doctor_advise(doctor,
			"journalctl -u %s tells why; then systemctl reset-failed %s "
			"and systemctl start tidings.target",
			unit, unit);
	} else if (is_socket && strcmp(state, "active") != 0) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s is %s", unit, state);
		doctor_advise(doctor, "systemctl enable --now tidings.target");
	}
}

static void read_units(struct doctor *doctor, FILE *from)
{
	char line[512], unit[sizeof(line)] = "";

	while (fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "Id=", 3) == 0)
			snprintf(unit, sizeof(unit), "%s", line + 3);
		else if (strncmp(line, "ActiveState=", 12) == 0)
			judge_unit(doctor, unit, line + 12);
	}
}

void doctor_services(struct doctor *doctor)
{
	static const char command[] =
		"systemctl show --property=Id,ActiveState tidings-stored.socket "
		"tidings-stored.service tidings-api.socket tidings-api.service "
		"tidings-pushd.socket tidings-pushd-control.socket tidings-pushd.service "
		"tidings-status.socket tidings-status.service "
		"tidings-away.service "
		"2>/dev/null";
	size_t before = doctor->findings.len;
	FILE *pipe;

	if (!doctor->installed || access("/run/systemd/system", F_OK) < 0) {
		doctor_say(doctor, DOCTOR_UNCHECKED, "%s",
			doctor->installed ? "systemd does not run here"
					  : "this configuration is none of a service");
		return;
	}
	pipe = popen(command, "re");
	if (pipe)
		read_units(doctor, pipe);
	if (!pipe || pclose(pipe) != 0)
		doctor_say(doctor, DOCTOR_UNCHECKED, "systemctl cannot be asked");
	else if (doctor->findings.len == before)
		doctor_say(doctor, DOCTOR_OK, "all sockets are there, and no service has failed");
}

/* ---- sockets ---- */

struct place {
	const char *path;
	const char *whose;
	mode_t mode; /* one of these bits must be set, so that those can connect who have to */
	const char *needs;
};

/* Tries whether somebody listens. Returns 0 or -errno. */
static int try_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(closing_fd) int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	return 0;
}

static void advise_start(struct doctor *doctor, const struct place *place)
{
	if (doctor->installed)
		doctor_advise(doctor, "systemctl enable --now tidings.target");
	else
		doctor_advise(doctor, "start %s", place->whose);
}

static void check_socket(struct doctor *doctor, const struct place *place)
{
	struct stat status;
	int r;

	if (stat(place->path, &status) < 0) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s, of %s: %s", place->path, place->whose,
			strerror(errno));
		advise_start(doctor, place);
		return;
	}
	if (!S_ISSOCK(status.st_mode)) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s, of %s, is no socket", place->path,
			place->whose);
		doctor_advise(doctor, "move it away, and start %s anew", place->whose);
		return;
	}
	if (!(status.st_mode & place->mode)) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s, of %s, has mode %04o: %s cannot connect",
			place->path, place->whose, status.st_mode & 07777, place->needs);
		doctor_advise(doctor, "chmod %s %s",
			place->mode == 0002 ? "666"
					    : "660, and a "
					      "group that has the web server in it, for",
			place->path);
	}
	r = try_socket(place->path);
	if (r == -EACCES || r == -EPERM) {
		doctor_say(doctor, DOCTOR_UNCHECKED, "%s: who runs this may not connect",
			place->path);
	} else if (r < 0) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s: nobody answers for %s: %s", place->path,
			place->whose, strerror(-r));
		advise_start(doctor, place);
	}
}

void doctor_sockets(struct doctor *doctor)
{
	const struct config *config = doctor->tool.config;
	/* Where systemd listens, unless the push daemon is to do it itself */
	bool by_units = doctor->installed && !*config->push.listen;
	const struct place places[] = {
		{ config->store.socket, "tidings-stored", 0002, "the other programs" },
		{ config->push.control, "tidings-pushd", 0002, "other users" },
		{ doctor->installed ? RUNDIR "/api.sock" : "", "notifications.fcgi", 0022,
			"the web server" },
		{ by_units ? RUNDIR "/push.sock" : "", "tidings-pushd", 0022, "the web server" },
	};
	size_t before = doctor->findings.len;

	for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
		if (*places[i].path)
			check_socket(doctor, &places[i]);
	for (char **listen = config->push.listen; *listen; listen++)
		if (**listen == '/')
			check_socket(doctor, &(struct place){ *listen, "tidings-pushd", 0022,
						     "the web server" });
	if (doctor->findings.len == before)
		doctor_say(doctor, DOCTOR_OK, "somebody listens at each");
}

/* ---- the time ---- */

void doctor_clock(struct doctor *doctor)
{
	struct timex timex = { 0 };

	if (adjtimex(&timex) < 0) {
		doctor_say(doctor, DOCTOR_UNCHECKED, "the kernel does not tell: %s",
			strerror(errno));
	} else if (timex.status & STA_UNSYNC) {
		doctor_say(doctor, DOCTOR_WARNING,
			"nothing keeps the clock right: tokens may be refused as expired");
		doctor_advise(doctor, "timedatectl set-ntp true, or another NTP client");
	} else {
		doctor_say(doctor, DOCTOR_OK, "it is kept right");
	}
}
