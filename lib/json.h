/*
 * JSON text (RFC 8259) into json-c objects, strictly: nothing behind the value,
 * valid UTF-8 (half a surrogate pair as an escape is not), no control character
 * inside a string, no NUL in a name, no NaN, no member named twice in the
 * outermost object, at most JSON_DEPTH levels.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/slice.h"

#include <json-c/json.h>

enum { JSON_DEPTH = 16 };

/* json_parse: what is wrong with the text. json_problem() has the sentence. */
enum json_error {
	JSON_MALFORMED = 1,
	JSON_ENCODING,
	JSON_TOO_DEEP,
	JSON_DUPLICATE,
};

/*
 * Returns 0 and an object that json_object_put() frees (NULL for null), an enum
 * json_error, or -ENOMEM.
 */
int json_parse(struct slice text, struct json_object **ret_object);

const char *json_problem(enum json_error error);

/*
 * Appends a member of the outermost object as it stands in the text, less the
 * white space between its tokens, so that numbers and the order of names stay
 * as they were given. The text must have passed json_parse. Returns 0, or
 * -ENOENT if no member is spelt exactly like that.
 */
int json_copy_member(struct buffer *to, struct slice text, const char *name);

/*
 * Opens a text that is an object whose one member, spelt exactly like `name`, is an
 * array: for one whose elements are to be read each for itself, by json_parse(). Each
 * may have JSON_DEPTH levels. Returns 0 and what json_next_element() takes, an enum
 * json_error, or -ENOENT if the text is valid but something else.
 */
int json_open_array(struct slice text, const char *name, struct slice *ret_elements);

/* Takes the text of the next element; false when there are no more. */
bool json_next_element(struct slice *elements, struct slice *ret_element);

/* Appends a JSON string, quoted and escaped; the slice must be valid UTF-8. */
void json_append_string(struct buffer *to, struct slice string);

/*
 * The text of a string member; an empty slice with NULL data if it is not a string.
 * Not a function of its own: libjwt's JSON library has one of this name, and a
 * program's would take its place.
 */
static inline struct slice json_string(struct json_object *object)
{
	if (!json_object_is_type(object, json_type_string))
		return (struct slice){ 0 };
	return (struct slice){ .data = json_object_get_string(object),
		.len = (size_t)json_object_get_string_len(object) };
}

/*
 * The value of a member that may be absent: a whole number from min to max, else `absent`; a
 * text, else NULL data. Returns 0, or -EINVAL if it is there and something else.
 */
int json_member_number(struct json_object *object, const char *name, int64_t min, int64_t max,
	int64_t absent, int64_t *ret_number);
int json_member_text(struct json_object *object, const char *name, struct slice *ret_text);

static inline void freeing_json(struct json_object **object)
{
	json_object_put(*object);
}
