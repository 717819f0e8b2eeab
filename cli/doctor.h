/*
 * What the checks of tidings doctor share: what they are to look at, what the checks before have
 * found out, and how they tell what they find.
 *
 * A check tells one finding or several. It never ends the program, and tells also what it could
 * not look at, so that no silence is taken for health.
 */
#pragma once

#include "cli/tool.h"
#include "lib/control.h"

enum doctor_grade {
	DOCTOR_OK,
	DOCTOR_UNCHECKED, /* not looked at, and why */
	DOCTOR_WARNING,	  /* works now, or for most */
	DOCTOR_FAILURE,	  /* keeps it from working, or from being safe */
	DOCTOR_GRADES,
};

struct doctor {
	/* What is asked for */
	const char *config_path;
	char *url;		/* of the API as browsers see it, without a last slash; NULL */
	const char *token;	/* NULL = to be made with the key */
	const char *user;	/* NULL = the installation */
	const char *web_config; /* the web server's configuration; NULL = in the usual places */
	bool patient;

	/* What was found out */
	struct tool tool;	   /* its config is NULL where that is wrong */
	bool installed;		   /* this is the configuration that the services use */
	struct control_answer push; /* its statistics; json is NULL: it cannot be asked */
	struct json_object *store; /* the same of the store, NULL */
	char *minted;		   /* a token made here; NULL */
	char *server;		   /* what the web server calls itself; NULL */
	bool unwell;		   /* the REST program lacks the store or the push daemon */

	const char *check; /* that runs */
	struct buffer findings; /* of struct doctor_finding */
};

struct doctor_finding {
	const char *check;
	enum doctor_grade grade;
	char *text;
	char *remedy; /* NULL = none is needed */
};

/* Tells a finding, and what helps against the one before. */
void doctor_say(struct doctor *doctor, enum doctor_grade grade, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void doctor_advise(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The gravest so far. */
enum doctor_grade doctor_worst(const struct doctor *doctor);

/* Prints all findings. Returns an exit status. */
int doctor_print(const struct doctor *doctor);

void doctor_release(struct doctor *doctor);

/* ---- the checks ---- */

typedef void doctor_check(struct doctor *doctor);

/* doctor_files.c; the first one reads the configuration for all others */
doctor_check doctor_configuration, doctor_keys, doctor_publishers;
/* doctor_system.c */
doctor_check doctor_users, doctor_services, doctor_sockets, doctor_clock;
/* doctor_daemons.c; the first two ask for what the others need */
doctor_check doctor_store, doctor_push_daemon, doctor_log, doctor_feed, doctor_descriptors;
/* doctor_away.c */
doctor_check doctor_away;
/* doctor_web.c; the first of them finds out which web server it is */
doctor_check doctor_web, doctor_authorization;
/* doctor_push.c */
doctor_check doctor_websocket, doctor_stream, doctor_idle;
/* doctor_servers.c */
doctor_check doctor_connections;
/* doctor_user.c */
doctor_check doctor_inbox, doctor_tokens, doctor_sessions, doctor_refusal;

/* ---- what several of them do ---- */

/* A token to ask with: the one that was given, or one made here. NULL, told, if there is none. */
const char *doctor_token(struct doctor *doctor);

/* A number of statistics, by the names of an object and of its member; -1 = there is none. */
int64_t doctor_number(struct json_object *statistics, const char *object, const char *name);

/* The web server's setting against a fault, for the server that was found, or for each. */
enum doctor_setting { SETTING_AUTHORIZATION, SETTING_UPGRADE, SETTING_STREAM, SETTING_TIMEOUT,
	SETTINGS };
void doctor_advise_setting(struct doctor *doctor, enum doctor_setting setting);

/*
 * The last number that a configuration's text gives this directive, "NAME 5;" or "NAME = 5", at
 * the beginning of a line or behind a brace or semicolon, and in no comment; -1 if there is none.
 */
int64_t doctor_directive(struct slice text, const char *name);

/* The status of an HTTP answer's head, "HTTP/1.1 101 …"; 0 if these bytes are none. */
unsigned doctor_http_status(struct slice head);

/* One frame that a WebSocket server has sent. */
struct doctor_frame {
	unsigned opcode;
	struct slice payload;
};

/* Takes the first frame off the bytes. Returns false if it is not there whole. */
bool doctor_take_frame(struct slice *bytes, struct doctor_frame *ret_frame);
