/*
 * An installation of tidings in a directory of its own: configuration, key,
 * tokens, and the listening sockets, which are held here as systemd holds them,
 * so that a connection waits for a program that is being started.
 */
#pragma once

#include "lib/config.h"
#include "lib/slice.h"

enum { USERS = 12, SETTING_PATH = 48 };

enum program { STORED, API, PUSHD, PROGRAMS };

extern const char *const program_names[PROGRAMS];

struct setting {
	char directory[SETTING_PATH]; /* its path has no symbolic link in it */
	char disk[64];		      /* a directory … */
	char home[80];		      /* … and the store's home in it */
	char config_file[64];	      /* durability=sync … */
	char fast_config_file[64];    /* … and write */
	char sockets[PROGRAMS][80];   /* paths */
	int listen_fds[PROGRAMS];
	struct config *config;
	char *publisher; /* tokens, valid for as long as any test runs */
	char *users[USERS];
};

/* Makes it, with this disk-reserve. Returns 0 or -errno, after a note of what is wrong. */
int setting_make(struct setting *setting, const char *disk_reserve);

/* Removes all of it. */
void setting_remove(struct setting *setting);

/* Listens anew at all sockets: what has waited there is gone. Returns 0 or -errno. */
int setting_listen(struct setting *setting);

/* What the user with this number is called. */
const char *setting_user(unsigned user, char text[static 16]);
