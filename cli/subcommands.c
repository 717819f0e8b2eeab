/* The subcommands there are, see subcommands.h. */
#include "cli/subcommands.h"

const struct subcommand subcommands[] = {
	{ "send", &send_command, send_run },
	{ "broadcast", &broadcast_command, broadcast_run },
	{ "list", &list_command, list_run },
	{ "count", &count_command, count_run },
	{ "read", &read_command, read_run },
	{ "delete", &delete_command, delete_run },
	{ "withdraw", &withdraw_command, withdraw_run },
	{ "watch", &watch_command, watch_run },
	{ "stats", &stats_command, stats_run },
	{ "connections", &connections_command, connections_run },
	{ "disconnect", &disconnect_command, disconnect_run },
	{ "log-level", &log_level_command, log_level_run },
	{ "forget", &forget_command, forget_run },
	{ "prune", &prune_command, prune_run },
	{ "export", &export_command, export_run },
	{ "import", &import_command, import_run },
	{ "backup", &backup_command, backup_run },
	{ "restore", &restore_command, restore_run },
	{ "check", &check_command, check_run },
	{ "config", &config_command, config_run },
	{ "doctor", &doctor_command, doctor_run },
	{ "token", &token_command, token_run },
	{ "completion", &completion_command, completion_run },
	{ 0 },
};
