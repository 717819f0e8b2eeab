/* Request heads, see heads.h. */
#include "tests/bench/heads.h"

#include "lib/token.h"
#include "tests/bench/workload.h"

#include <errno.h>
#include <time.h>

enum { LIFE = 3600 /* seconds */ };

struct heads {
	struct buffer text; /* one behind the other */
	size_t *ends;	    /* of each in the text */
};

static int sign(const struct config *config, const char *user, char **ret_token)
{
	_cleanup_(freeing_memory) char *problem = NULL;
	struct token_claims claims = { .user = user, .issued = (int64_t)time(NULL) };
	int r;

	claims.expires = claims.issued + LIFE;
	r = token_sign(config, &claims, ret_token, &problem);
	if (problem)
		fprintf(stderr, "%s\n", problem);
	return r;
}

static int append_head(struct heads *heads, const struct config *config, unsigned number)
{
	_cleanup_(freeing_memory) char *token = NULL;
	char user[WORKLOAD_NAME];
	int r = sign(config, workload_name("user", number, user).data, &token);

	if (r < 0)
		return r;
	buffer_print(&heads->text,
		"GET %s/ws HTTP/1.1\r\n"
		"Host: 127.0.0.1\r\n"
		"Connection: Upgrade\r\n"
		"Upgrade: websocket\r\n"
		"Sec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Protocol: tidings.v1\r\n"
		"Authorization: Bearer %s\r\n\r\n",
		config->push.path, token);
	heads->ends[number] = heads->text.len;
	return buffer_status(&heads->text);
}

int heads_new(const struct config *config, unsigned count, struct heads **ret_heads)
{
	_cleanup_(freeing_heads_free) struct heads *heads = calloc(1, sizeof(*heads));
	int r = 0;

	if (!heads)
		return -ENOMEM;
	heads->ends = calloc(count, sizeof(heads->ends[0]));
	if (!heads->ends)
		return -ENOMEM;
	for (unsigned i = 0; r == 0 && i < count; i++)
		r = append_head(heads, config, i);
	if (r == 0)
		*ret_heads = take(heads);
	return r;
}

struct heads *heads_free(struct heads *heads)
{
	if (!heads)
		return NULL;
	buffer_release(&heads->text);
	free(heads->ends);
	free(heads);
	return NULL;
}

struct slice heads_get(const struct heads *heads, unsigned number)
{
	size_t begin = number > 0 ? heads->ends[number - 1] : 0;

	return (struct slice){ heads->text.data + begin, heads->ends[number] - begin };
}
