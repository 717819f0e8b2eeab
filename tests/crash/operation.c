/* Operations of clients, see operation.h. */
#include "tests/crash/operation.h"

#include "tests/crash/chance.h"

#include <errno.h>
#include <stdlib.h>

static const struct operation_kind *const all_tables[] = { create_kinds, change_kinds, look_kinds };

struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *found = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, name, &found);
	return found;
}

/* "N123": what a create put there. */
bool number_of(struct json_object *notification, uint32_t *ret_number)
{
	struct slice title = json_string(member(notification, "title"));

	if (title.len < 2 || title.data[0] != 'N')
		return false;
	*ret_number = (uint32_t)strtoul(title.data + 1, NULL, 10);
	return true;
}

bool id_of(struct json_object *notification, struct uuid *ret_id)
{
	return uuid_parse(json_string(member(notification, "id")), ret_id) == 0;
}

/* One of the kinds in these tables, by their weights. */
static const struct operation_kind *choose_kind(const struct operation_kind *const *tables,
	size_t count)
{
	unsigned total = 0, chosen;

	for (size_t i = 0; i < count; i++)
		for (const struct operation_kind *kind = tables[i]; kind->name; kind++)
			total += kind->weight;
	chosen = pick(total);
	for (size_t i = 0; i < count; i++) {
		for (const struct operation_kind *kind = tables[i]; kind->name; kind++) {
			if (chosen < kind->weight)
				return kind;
			chosen -= kind->weight;
		}
	}
	return NULL;
}

static int encode(struct operation *operation, const struct setting *setting,
	const struct operation_text *text)
{
	bool publishes = operation->count > 0;
	char key[KEY_SIZE];
	struct fastcgi_request request = {
		.method = operation->kind->method,
		.path = text->path,
		.query = text->query,
		.token = publishes ? setting->publisher : setting->users[operation->user],
		.key = publishes ? key : NULL,
		.body = buffer_slice(&text->body),
	};

	make_key(key);
	buffer_clear(&operation->request);
	fastcgi_encode(&operation->request, &request);
	if (buffer_status(&text->body) < 0)
		return -ENOMEM;
	return buffer_status(&operation->request);
}

int operation_begin(struct operation *operation, bool looks, struct ledger *ledger,
	const struct setting *setting)
{
	const size_t all = ARRAY_LENGTH(all_tables);
	struct operation_text text;
	int r;

	do {
		operation->kind =
			choose_kind(looks ? &all_tables[all - 1] : all_tables, looks ? 1 : all);
		operation->user = pick(USERS);
		operation->count = 0;
		operation->tries = 0;
		operation->again = false;
		text = (struct operation_text){ 0 };
	} while (!operation->kind->begin(ledger, operation, &text));
	r = encode(operation, setting, &text);
	buffer_release(&text.body);
	return r;
}

bool operation_must_repeat(const struct reply *reply)
{
	return reply->status == 503 || reply->status == 507;
}

void operation_release(struct operation *operation)
{
	buffer_release(&operation->request);
}
