/*
 * Why a token is refused, see token_verify.h: the verdict of the code that all programs share,
 * the store's on whether it was revoked, and beside them what the token says, which is what
 * one compares with the configuration. Of that nothing is true unless the verdict is good.
 */
#include "cli/token_verify.h"

#include "cli/output.h"
#include "cli/table.h"
#include "lib/base64url.h"
#include "lib/json.h"
#include "lib/timestamp.h"
#include "lib/token.h"

#include <errno.h>

DEFINE_CLEANUP(struct token_verifier *, token_verifier_free)

struct verdict {
	int error; /* 0 = it is good, or an enum token_error */
	struct principal principal;
	struct json_object *header, *claims; /* what it says; NULL = that cannot be read */
};

static void verdict_release(struct verdict *verdict)
{
	principal_release(&verdict->principal);
	json_object_put(verdict->header);
	json_object_put(verdict->claims);
}

/* ---- the token ---- */

/* One line of standard input, which may be larger than a token: then it is refused. */
static int read_line(const struct tool *tool, char line[static TOKEN_MAX + 2])
{
	if (fgets(line, TOKEN_MAX + 2, stdin)) {
		line[strcspn(line, "\r\n")] = '\0';
		return TOOL_DONE;
	}
	tool_complain(tool->command, "standard input: %s",
		ferror(stdin) ? strerror(errno) : "there is no token");
	return TOOL_FAILED;
}

/* The part of a token before the next dot, as JSON; NULL for what is none. */
static struct json_object *take_part(struct slice *token)
{
	char text[BASE64URL_BYTES(TOKEN_MAX)];
	const char *dot = token->len > 0 ? memchr(token->data, '.', token->len) : NULL;
	struct slice part = { token->data, dot ? (size_t)(dot - token->data) : token->len };
	size_t taken = part.len + (dot ? 1 : 0), len;
	struct json_object *object = NULL;

	*token = (struct slice){ token->data + taken, token->len - taken };
	if (part.len > TOKEN_MAX || base64url_decode(part, text, &len) < 0 ||
		json_parse((struct slice){ text, len }, &object) != 0)
		return NULL;
	if (json_object_is_type(object, json_type_object))
		return object;
	json_object_put(object);
	return NULL;
}

/* ---- the verdict ---- */

/* A store that is away cannot be asked; that is told, and changes nothing. */
static void ask_whether_revoked(struct tool *tool, struct verdict *verdict)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct inbox_request request = { .operation = INBOX_COUNT,
		.user = slice_of(verdict->principal.user) };

	if (tool_call(tool, "whether it was revoked", &request, &answer) == TOOL_DONE &&
		answer.tokens_valid_from > 0 &&
		verdict->principal.issued < answer.tokens_valid_from)
		verdict->error = TOKEN_REVOKED;
}

static int judge(struct tool *tool, struct slice token, struct verdict *verdict)
{
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
	_cleanup_(freeing_memory) char *problem = NULL;
	struct slice rest = token;
	int r = token_verifier_new(tool->config, &verifier, &problem);

	if (r == 0)
		r = token_verify(verifier, token, timestamp_now() / 1000, &verdict->principal);
	if (r < 0) {
		tool_complain(tool->command, "%s", problem ? problem : strerror(-r));
		return TOOL_FAILED;
	}
	verdict->error = r;
	verdict->header = take_part(&rest);
	verdict->claims = take_part(&rest);
	if (r == 0)
		ask_whether_revoked(tool, verdict);
	return TOOL_DONE;
}

/* ---- telling ---- */

static void add_row(struct table *table, const char *label, struct slice value, enum style style)
{
	table_add(table, slice_of(label), STYLE_PLAIN);
	table_add(table, value, style);
}

static bool is_time(const char *name)
{
	return strcmp(name, "exp") == 0 || strcmp(name, "nbf") == 0 || strcmp(name, "iat") == 0;
}

/* The claims that are times, as people read them. */
static void append_member(struct buffer *to, const char *name, struct json_object *value)
{
	int64_t seconds = json_object_get_int64(value);
	char text[TIMESTAMP_SIZE];

	if (json_object_is_type(value, json_type_string)) {
		buffer_append_slice(to, json_string(value));
	} else if (is_time(name) && json_object_is_type(value, json_type_int) && seconds > 0 &&
		   seconds < INT64_C(253402300800)) { /* the year 10000 */
		timestamp_format(seconds * 1000, text);
		buffer_append_string(to, text);
	} else {
		buffer_append_string(to,
			json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
	}
}

static void add_members(struct table *table, struct json_object *object)
{
	if (!object)
		return;
	json_object_object_foreach(object, name, value)
	{
		_cleanup_(buffer_release) struct buffer text = { 0 };

		append_member(&text, name, value);
		add_row(table, name, buffer_slice(&text), STYLE_PLAIN);
	}
}

static void append_verdict(struct buffer *to, const struct verdict *verdict)
{
	enum token_error error = (enum token_error)verdict->error;

	if (error)
		buffer_print(to, "refused with %s: %s", token_error_code(error),
			token_error_sentence(error));
	else
		buffer_print(to, "good, for %s%s%s", verdict->principal.user,
			verdict->principal.publisher ? ", who may publish" : "",
			verdict->principal.admin ? " and administrate" : "");
}

static int print_table(const struct tool *tool, const struct verdict *verdict)
{
	static const struct table_column columns[] = { { .heading = "TOKEN" },
		{ .heading = "VALUE", .flexible = true } };
	_cleanup_(table_release) struct table table = table_of(columns, ARRAY_LENGTH(columns));
	_cleanup_(buffer_release) struct buffer sentence = { 0 }, text = { 0 };
	struct terminal terminal = terminal_of(STDOUT_FILENO);

	append_verdict(&sentence, verdict);
	add_row(&table, "it is", buffer_slice(&sentence), verdict->error ? STYLE_BAD : STYLE_GOOD);
	add_members(&table, verdict->header);
	add_members(&table, verdict->claims);
	table_format(&text, &table, &terminal);
	return output_text(tool, &text);
}

static void append_object(struct buffer *to, const char *name, struct json_object *object)
{
	buffer_print(to, ",\"%s\":", name);
	buffer_append_string(to,
		object ? json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN) : "null");
}

static void append_judgement(struct buffer *to, const struct verdict *verdict)
{
	enum token_error error = (enum token_error)verdict->error;

	if (error) {
		buffer_print(to,
			"\"valid\":false,\"code\":\"%s\",\"error\":", token_error_code(error));
		json_append_string(to, slice_of(token_error_sentence(error)));
		return;
	}
	buffer_append_string(to, "\"valid\":true,\"userId\":");
	json_append_string(to, slice_of(verdict->principal.user));
	buffer_print(to, ",\"publisher\":%s,\"admin\":%s",
		verdict->principal.publisher ? "true" : "false",
		verdict->principal.admin ? "true" : "false");
}

static int print_json(const struct tool *tool, const struct verdict *verdict)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	buffer_append_string(&text, "{");
	append_judgement(&text, verdict);
	append_object(&text, "header", verdict->header);
	append_object(&text, "claims", verdict->claims);
	buffer_append_string(&text, "}");
	return output_json(tool, &text);
}

int token_verify_run(struct tool *tool, const char *operand)
{
	_cleanup_(verdict_release) struct verdict verdict = { 0 };
	char line[TOKEN_MAX + 2];
	int status = TOOL_DONE;

	if (!operand || strcmp(operand, "-") == 0) {
		status = read_line(tool, line);
		operand = line;
	}
	if (status == TOOL_DONE)
		status = judge(tool, slice_of(operand), &verdict);
	if (status == TOOL_DONE)
		status = tool->json ? print_json(tool, &verdict) : print_table(tool, &verdict);
	return tool_gravest(status, verdict.error ? TOOL_FAILED : TOOL_DONE);
}
