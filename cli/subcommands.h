/*
 * The subcommands of tidings(1), one a file: a declaration of the command line,
 * and a function that does it all and returns the exit status. argv[0] is the
 * subcommand's name.
 */
#pragma once

#include "lib/options.h"

struct subcommand {
	const char *name;
	const struct command_spec *command;
	int (*run)(int argc, char **argv);
};

/* All of them, in the order of --help, ended by a NULL name. */
extern const struct subcommand subcommands[];

extern const struct command_spec send_command;
extern const struct command_spec broadcast_command;
extern const struct command_spec list_command;
extern const struct command_spec count_command;
extern const struct command_spec read_command;
extern const struct command_spec delete_command;
extern const struct command_spec withdraw_command;
extern const struct command_spec watch_command;
extern const struct command_spec stats_command;
extern const struct command_spec connections_command;
extern const struct command_spec disconnect_command;
extern const struct command_spec log_level_command;
extern const struct command_spec forget_command;
extern const struct command_spec prune_command;
extern const struct command_spec export_command;
extern const struct command_spec import_command;
extern const struct command_spec backup_command;
extern const struct command_spec restore_command;
extern const struct command_spec check_command;
extern const struct command_spec config_command;
extern const struct command_spec doctor_command;
extern const struct command_spec token_command;
extern const struct command_spec completion_command;
extern const struct command_spec key_command;

int send_run(int argc, char **argv);
int broadcast_run(int argc, char **argv);
int list_run(int argc, char **argv);
int count_run(int argc, char **argv);
int read_run(int argc, char **argv);
int delete_run(int argc, char **argv);
int withdraw_run(int argc, char **argv);
int watch_run(int argc, char **argv);
int stats_run(int argc, char **argv);
int connections_run(int argc, char **argv);
int disconnect_run(int argc, char **argv);
int log_level_run(int argc, char **argv);
int forget_run(int argc, char **argv);
int prune_run(int argc, char **argv);
int export_run(int argc, char **argv);
int import_run(int argc, char **argv);
int backup_run(int argc, char **argv);
int restore_run(int argc, char **argv);
int check_run(int argc, char **argv);
int config_run(int argc, char **argv);
int doctor_run(int argc, char **argv);
int token_run(int argc, char **argv);
int completion_run(int argc, char **argv);
int key_run(int argc, char **argv);
