/*
 * Writes answers. Every status that the programs use stands in one table with
 * its reason phrase and the contract's error code.
 */
#include "cgi/answer.h"

#include "lib/json.h"

#include <assert.h>
#include <errno.h>

static const struct status {
	unsigned number;
	const char *reason;
	const char *code; /* NULL = no error, or given by the caller */
} statuses[] = {
	{ 200, "OK", NULL },
	{ 201, "Created", NULL },
	{ 204, "No Content", NULL },
	{ 304, "Not Modified", NULL },
	{ 400, "Bad Request", "invalid_request" },
	{ 401, "Unauthorized", NULL },
	{ 403, "Forbidden", "forbidden" },
	{ 404, "Not Found", "not_found" },
	{ 405, "Method Not Allowed", "method_not_allowed" },
	{ 409, "Conflict", "idempotency_conflict" },
	{ 413, "Content Too Large", "too_large" },
	{ 415, "Unsupported Media Type", "unsupported_media_type" },
	{ 503, "Service Unavailable", "unavailable" },
	{ 507, "Insufficient Storage", "storage_full" },
};

static const struct status *status_find(unsigned number)
{
	for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++)
		if (statuses[i].number == number)
			return &statuses[i];
	assert(!"a status that is not in the table");
	return NULL;
}

void answer_release(struct answer *answer)
{
	buffer_release(&answer->headers);
	buffer_release(&answer->body);
}

void answer_header(struct answer *answer, const char *name, const char *value)
{
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return;
	buffer_print(&answer->headers, "%s: %s\r\n", name, value);
}

static void problem_format(struct buffer *to, const struct problem *problem)
{
	buffer_append_string(to, "{\"field\":");
	json_append_string(to, slice_of(problem->field));
	buffer_append_string(to, ",\"problem\":");
	json_append_string(to, slice_of(problem->sentence));
	buffer_append_string(to, "}");
}

static void error_format(struct buffer *to, const char *code, const char *sentence,
	const struct problems *problems)
{
	buffer_append_string(to, "{\"error\":");
	json_append_string(to, slice_of(sentence));
	buffer_append_string(to, ",\"code\":");
	json_append_string(to, slice_of(code));
	for (size_t i = 0; problems && i < problems->count; i++) {
		buffer_append_string(to, i == 0 ? ",\"details\":[" : ",");
		problem_format(to, &problems->list[i]);
	}
	buffer_append_string(to, problems && problems->count > 0 ? "]}" : "}");
}

static void refuse(struct answer *answer, unsigned status, const char *code, const char *sentence,
	const struct problems *problems)
{
	answer->status = status;
	answer->type = NULL;
	answer->code = code;
	answer->cache_control = NULL;
	buffer_clear(&answer->body);
	error_format(&answer->body, code, sentence, problems);
	if (status == 503)
		answer_header(answer, "Retry-After", "1");
}

void answer_refuse(struct answer *answer, unsigned status, const char *sentence)
{
	refuse(answer, status, status_find(status)->code, sentence, NULL);
}

void answer_refuse_as(struct answer *answer, unsigned status, const char *code,
	const char *sentence)
{
	refuse(answer, status, code, sentence, NULL);
}

void answer_problems(struct answer *answer, const char *sentence, const struct problems *problems)
{
	refuse(answer, 400, status_find(400)->code, sentence, problems);
}

void answer_counts(struct buffer *to, const struct counts *counts)
{
	buffer_append_string(to, "\"unreadCount\":");
	buffer_append_decimal(to, counts->unread);
	buffer_append_string(to, ",\"unseenCount\":");
	buffer_append_decimal(to, counts->unseen);
	buffer_append_string(to, ",\"seq\":");
	buffer_append_decimal(to, counts->seq);
}

int answer_format(struct buffer *to, const struct answer *answer, bool head)
{
	bool has_body = answer->status != 204 && answer->status != 304;

	if (buffer_status(&answer->headers) < 0 || buffer_status(&answer->body) < 0)
		return -ENOMEM;
	buffer_print(to, "Status: %u %s\r\n", answer->status, status_find(answer->status)->reason);
	if (has_body)
		buffer_print(to, "Content-Type: %s\r\nContent-Length: %zu\r\n",
			answer->type ? answer->type : "application/json", answer->body.len);
	buffer_print(to,
		"Cache-Control: %s\r\n"
		"Vary: Authorization, Cookie, Origin\r\n"
		"X-Content-Type-Options: nosniff\r\n",
		answer->cache_control ? answer->cache_control : "no-store");
	buffer_append_slice(to, buffer_slice(&answer->headers));
	buffer_append_string(to, "\r\n");
	if (has_body && !head)
		buffer_append_slice(to, buffer_slice(&answer->body));
	return buffer_status(to);
}
