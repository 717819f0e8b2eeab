/* The ids of a command line, see ids.h. */
#include "cli/ids.h"

int ids_check(const struct command_spec *command, char **ids, int n_ids)
{
	struct uuid id;

	for (int i = 0; i < n_ids; i++)
		if (uuid_parse(slice_of(ids[i]), &id) < 0)
			return tool_refuse(command, "%s is no id", ids[i]);
	return TOOL_DONE;
}

static int call(struct tool *tool, const char *id, struct inbox_request *request,
	struct ids_outcome *outcome)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	int status;

	uuid_parse(slice_of(id), &request->id);
	status = tool_call(tool, id, request, &answer);
	if (status != TOOL_DONE)
		return status;
	outcome->count++;
	outcome->counts = answer.counts;
	return TOOL_DONE;
}

void ids_call(struct tool *tool, struct inbox_request *request, char **ids, int n_ids,
	struct ids_outcome *outcome)
{
	for (int i = 0; i < n_ids; i++) {
		int status = call(tool, ids[i], request, outcome);

		outcome->status = tool_gravest(outcome->status, status);
		if (status == TOOL_TRY_AGAIN)
			break;
	}
	if (outcome->count > 0 && outcome->status != TOOL_DONE)
		outcome->status = TOOL_FAILED;
}
