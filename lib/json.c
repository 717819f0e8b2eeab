/*
 * Strict JSON, see json.h.
 *
 * json-c is more lenient than RFC 8259 even when told to be strict: it takes
 * [00], [1.], NaN, control characters inside strings and names that hold a NUL
 * (and cuts those), collapses members of the same name, and replaces half a
 * surrogate pair. An application's own object goes back to clients as it came,
 * so what json-c forgives, a browser would fail on. Hence json_scan() reads
 * every text first, and json-c only what that has accepted.
 */
#include "lib/json.h"

#include "lib/json_scan.h"

#include <errno.h>
#include <limits.h>

/*
 * json-c says nothing when it runs out of memory halfway, but malloc() does. A
 * bare number may go on at the end of the text; the NUL tells that it does not.
 */
static int build_object(struct slice text, struct json_object **ret_object)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH + 1);
	_cleanup_(freeing_json) struct json_object *object = NULL;
	enum json_tokener_error error;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	errno = 0;
	object = json_tokener_parse_ex(tokener, text.data, (int)text.len);
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		object = json_tokener_parse_ex(tokener, "", 1);
	error = json_tokener_get_error(tokener);
	json_tokener_free(tokener);
	if (errno == ENOMEM)
		return -ENOMEM;
	if (error != json_tokener_success)
		return JSON_MALFORMED;
	*ret_object = take(object);
	return 0;
}

int json_parse(struct slice text, struct json_object **ret_object)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	size_t members;
	int r;

	if (text.len >= INT_MAX)
		return JSON_MALFORMED;
	r = json_scan(text, JSON_DEPTH, &members);
	if (r == 0)
		r = build_object(text, &object);
	if (r != 0)
		return r;
	if (json_object_is_type(object, json_type_object) &&
		(size_t)json_object_object_length(object) != members)
		return JSON_DUPLICATE;
	*ret_object = take(object);
	return 0;
}

const char *json_problem(enum json_error error)
{
	switch (error) {
	case JSON_MALFORMED:
		break;
	case JSON_ENCODING:
		return "must be valid UTF-8";
	case JSON_TOO_DEEP:
		return "must not be nested deeper than 16 levels";
	case JSON_DUPLICATE:
		return "must not name a member twice";
	}
	return "must be valid JSON";
}

int json_copy_member(struct buffer *to, struct slice text, const char *name)
{
	bool in_string = false;
	struct slice value;
	size_t start = 0;
	int r;

	r = json_scan_member(text, slice_of(name), &value);
	if (r < 0)
		return r;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (c == '"') {
			in_string = !in_string;
		} else if (in_string && c == '\\') {
			i++;
		} else if (!in_string && strchr(" \t\n\r", c)) {
			buffer_append(to, value.data + start, i - start);
			start = i + 1;
		}
	}
	buffer_append(to, value.data + start, value.len - start);
	return 0;
}

int json_open_array(struct slice text, const char *name, struct slice *ret_elements)
{
	struct slice value;
	size_t members;
	int r = json_scan(text, JSON_DEPTH + 2, &members);

	if (r != 0)
		return r;
	if (members != 1 || json_scan_member(text, slice_of(name), &value) < 0)
		return -ENOENT;
	while (strchr(" \t\n\r", *value.data)) {
		value.data++;
		value.len--;
	}
	if (*value.data != '[')
		return -ENOENT;
	*ret_elements = value;
	return 0;
}

bool json_next_element(struct slice *elements, struct slice *ret_element)
{
	return json_scan_element(elements, ret_element);
}

static void append_escaped(struct buffer *to, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *found = c ? strchr(plain, c) : NULL;

	if (found) {
		buffer_append(to, (char[]){ '\\', letters[found - plain] }, 2);
		return;
	}
	buffer_append(to, "\\u00", 4);
	buffer_append(to, (char[]){ digits[c >> 4], digits[c & 15] }, 2);
}

void json_append_string(struct buffer *to, struct slice string)
{
	size_t start = 0;

	buffer_append(to, "\"", 1);
	for (size_t i = 0; i < string.len; i++) {
		unsigned char c = (unsigned char)string.data[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buffer_append(to, string.data + start, i - start);
		append_escaped(to, c);
		start = i + 1;
	}
	if (start < string.len)
		buffer_append(to, string.data + start, string.len - start);
	buffer_append(to, "\"", 1);
}

int json_member_number(struct json_object *object, const char *name, int64_t min, int64_t max,
	int64_t absent, int64_t *ret_number)
{
	struct json_object *member;
	int64_t number;

	if (!json_object_object_get_ex(object, name, &member)) {
		*ret_number = absent;
		return 0;
	}
	if (!json_object_is_type(member, json_type_int))
		return -EINVAL;
	number = json_object_get_int64(member);
	if (number < min || number > max)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

int json_member_text(struct json_object *object, const char *name, struct slice *ret_text)
{
	struct json_object *member;
	struct slice text = { 0 };

	if (json_object_object_get_ex(object, name, &member)) {
		text = json_string(member);
		if (!text.data)
			return -EINVAL;
	}
	*ret_text = text;
	return 0;
}
