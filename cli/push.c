/* Asking the push daemon, see push.h. */
#include "cli/push.h"

#include <errno.h>

enum { CALL_TIMEOUT = 10000 /* milliseconds */ };

/* Appends why a call has failed; returns the exit status. */
static int explain(const struct tool *tool, int result, const struct control_answer *answer,
	struct buffer *sentence)
{
	if (result == CONTROL_REFUSED) {
		buffer_append_string(sentence, "the push daemon refused: ");
		buffer_append_slice(sentence, control_refusal(answer));
		if (slice_is(control_refusal_code(answer), "forbidden"))
			buffer_append_string(sentence,
				"; members of the group tidings may do everything");
		return TOOL_FAILED;
	}
	if (result == -EDESTADDRREQ) {
		buffer_append_string(sentence, "the push daemon has no control socket: control "
					       "in section push of the configuration is empty");
		return TOOL_FAILED;
	}
	buffer_print(sentence, "cannot reach the push daemon at %s: %s", tool->config->push.control,
		strerror(-result));
	return tool_unreachable(result);
}

int push_call(struct tool *tool, const char *subject, struct slice request,
	struct control_answer *ret_answer)
{
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	_cleanup_(buffer_release) struct buffer sentence = { 0 };
	int result = control_call(tool->config, request, CALL_TIMEOUT, &answer);
	int status;

	if (result == 0) {
		*ret_answer = take(answer);
		return TOOL_DONE;
	}
	status = explain(tool, result, &answer, &sentence);
	tool_complain(tool->command, "%s%s%.*s", subject ? subject : "", subject ? ": " : "",
		(int)sentence.len, sentence.data ? sentence.data : "");
	return status;
}

int push_disconnect(struct tool *tool, const char *user, uint64_t *ret_count)
{
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	_cleanup_(buffer_release) struct buffer request = { 0 };
	int status;

	control_format_disconnect(&request, user);
	status = push_call(tool, user, buffer_slice(&request), &answer);
	if (status == TOOL_DONE && control_number(&answer, "count", ret_count) < 0) {
		tool_complain(tool->command, "the push daemon does not say how many it closed");
		status = TOOL_FAILED;
	}
	return status;
}
