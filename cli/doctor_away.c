/* tidings doctor: what is handed over when nobody is there, where that is configured. */
#include "cli/doctor.h"

#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>

/* Who tidings-away runs as; NULL, told, if there is none. */
static const struct passwd *find_user(struct doctor *doctor)
{
	const char *name = doctor->tool.config->away.user;
	const struct passwd *user = getpwnam(name);

	if (!user && strspn(name, "0123456789") < strlen(name)) {
		doctor_say(doctor, DOCTOR_FAILURE, "there is no user %s", name);
		doctor_advise(doctor, "systemd-sysusers, or name another by user in [away]");
	}
	return user;
}

static void check_program(struct doctor *doctor)
{
	const char *run = doctor->tool.config->away.run;
	_cleanup_(freeing_memory) char *program = strndup(run, strcspn(run, " \t"));

	if (program && access(program, X_OK) < 0) {
		doctor_say(doctor, DOCTOR_FAILURE, "the program %s cannot be run: %s", program,
			strerror(errno));
		doctor_advise(doctor, "correct run in [away], or install it there, executable");
	}
}

/* Whoever can read it can send in our name; and who runs tidings-away must be able to. */
static void check_secret(struct doctor *doctor, const struct passwd *user)
{
	const char *path = doctor->tool.config->away.secret_file;
	struct stat status;

	if (stat(path, &status) < 0) {
		doctor_say(doctor, errno == EACCES ? DOCTOR_UNCHECKED : DOCTOR_FAILURE, "%s: %s",
			path, strerror(errno));
	} else if (status.st_mode & 0007) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s is for everybody to read", path);
		doctor_advise(doctor, "chmod 640 %s, and make another secret", path);
	} else if (user && doctor->installed && status.st_uid != user->pw_uid &&
		   !(status.st_gid == user->pw_gid && status.st_mode & 0040)) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s cannot be read by %s", path, user->pw_name);
		doctor_advise(doctor, "chgrp %s %s; chmod 640 %s", user->pw_name, path, path);
	}
}

static void check_service(struct doctor *doctor)
{
	static const char command[] = "systemctl is-active --quiet tidings-away.service";

	if (!doctor->installed || access("/run/systemd/system", F_OK) < 0)
		return;
	if (system(command) != 0) { /* a constant: nothing of it comes from elsewhere */
		doctor_say(doctor, DOCTOR_FAILURE, "tidings-away.service does not run");
		doctor_advise(doctor,
			"systemctl enable --now tidings-away; journalctl -u tidings-away tells "
			"why it ended");
	}
}

void doctor_away(struct doctor *doctor)
{
	const struct config *config = doctor->tool.config;
	size_t before = doctor->findings.len;
	const struct passwd *user;

	if (!config_has_away(config)) {
		doctor_say(doctor, DOCTOR_OK, "nobody is told by other means: [away] is not used");
		return;
	}
	user = find_user(doctor);
	if (*config->away.run)
		check_program(doctor);
	else
		check_secret(doctor, user);
	check_service(doctor);
	if (doctor->findings.len == before)
		doctor_say(doctor, DOCTOR_OK, "what nobody is there to read goes to %s",
			*config->away.run ? config->away.run : config->away.url);
}
