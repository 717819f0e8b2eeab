/* Drafts: each rule of a notification at its boundary, all that is wrong at once, content. */
#include "lib/notification.h"

#include "lib/json.h"
#include "lib/result.h"
#include "lib/timestamp.h"
#include "tests/tap.h"

static const int64_t NOW = INT64_C(1800000000000); /* 2027-01-15T08:00:00.000Z */

#define MINIMAL "\"type\":\"info\",\"title\":\"t\",\"message\":\"m\""

static bool has_problem(const struct problems *problems, const char *field, const char *sentence)
{
	for (size_t i = 0; i < problems->count; i++)
		if (strcmp(problems->list[i].field, field) == 0 &&
			(!sentence || strstr(problems->list[i].sentence, sentence)))
			return true;
	return false;
}

/* How often accepts() saw a draft refused for another reason than expected. */
static unsigned blamed_wrongly;

/* Whether the text makes a draft; if not, just this field must be to blame. */
static bool accepts(const char *text, enum draft_kind kind, const char *blamed)
{
	struct problems problems = { 0 };
	struct draft draft = { 0 };
	int r = draft_parse(slice_of(text), kind, NOW, &problems, &draft);

	draft_release(&draft);
	if (r != 0 || problems.count > 0)
		blamed_wrongly += r != DRAFT_INVALID || problems.count != 1 ||
				  !has_problem(&problems, blamed, NULL);
	return r == 0;
}

static void ok_refused(const char *text, enum draft_kind kind, const char *field)
{
	struct problems problems = { 0 };
	struct draft draft = { 0 };
	int r = draft_parse(slice_of(text), kind, NOW, &problems, &draft);

	ok_int_equal(r, DRAFT_INVALID, "refuses %.120s", text);
	tap_ok(problems.count == 1 && has_problem(&problems, field, NULL), "and blames \"%s\" only",
		field);
	tap_ok(!draft.memory, "and makes no draft");
	draft_release(&draft);
}

/* One member more than the required ones, of a broadcast. */
static bool accepts_member(const char *name, struct slice value)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	buffer_print(&text, "{" MINIMAL ",\"%s\":", name);
	buffer_append_slice(&text, value);
	buffer_append_string(&text, "}");
	return accepts(buffer_string(&text), DRAFT_BROADCAST, name);
}

static bool accepts_string(const char *name, const char *value)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	json_append_string(&text, slice_of(value));
	return accepts_member(name, buffer_slice(&text));
}

/* A whole notification whose member `name` is this string. */
static bool accepts_required(const char *name, struct slice value)
{
	static const char *const names[] = { "userId", "type", "title", "message" };
	_cleanup_(buffer_release) struct buffer text = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		buffer_print(&text, "%s\"%s\":", i ? "," : "{", names[i]);
		json_append_string(&text, strcmp(names[i], name) == 0 ? value : SLICE("info"));
	}
	buffer_append_string(&text, "}");
	return accepts(buffer_string(&text), DRAFT_FOR_USER, name);
}

/* `count` times `piece`. */
static struct slice repeated(struct buffer *to, const char *piece, size_t count)
{
	buffer_clear(to);
	while (count-- > 0)
		buffer_append_string(to, piece);
	return buffer_slice(to);
}

static void test_lengths(void)
{
	static const struct {
		const char *name, *piece;
		size_t most;
	} rows[] = { { "userId", "u", 255 }, { "userId", "\u00e9", 127 }, { "title", "t", 200 },
		{ "title", "\U0001F514", 200 }, { "title", "\"", 200 }, { "message", "m", 1000 },
		{ "message", "\n", 1000 }, { "message", "\U0001F514", 1000 } };
	_cleanup_(buffer_release) struct buffer text = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *name = rows[i].name, *piece = rows[i].piece;
		size_t most = rows[i].most;

		tap_ok(!accepts_required(name, SLICE("")), "empty %s", name);
		tap_ok(accepts_required(name, repeated(&text, piece, 1)), "shortest %s", name);
		tap_ok(accepts_required(name, repeated(&text, piece, most)), "longest %s", name);
		tap_ok(!accepts_required(name, repeated(&text, piece, most + 1)), "longer %s",
			name);
	}
}

static void test_controls(void)
{
	unsigned wrong = 0;

	for (int c = 0; c < 0xA0; c++) {
		char value[] = { 'a', (char)c, 'z', 0 };
		char beyond[] = { 'a', (char)0xC2, (char)c, 'z' };
		struct slice text = { c < 0x80 ? value : beyond, c < 0x80 ? 3 : 4 };
		bool plain = c >= 0x20 && c < 0x7F;

		wrong += accepts_required("userId", text) != plain;
		wrong += accepts_required("title", text) != plain;
		wrong += accepts_required("message", text) != (plain || c == '\n' || c == '\t');
	}
	ok_int_equal(wrong, 0, "no control characters, in a message none but \\n and \\t");
	tap_ok(accepts_required("userId", SLICE(" ../'\"<b>\u202e")), "all else is text");
}

static void test_types(void)
{
	static const char *const names[] = { "info", "success", "warning", "error" };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		tap_ok(accepts_required("type", slice_of(names[i])), "a draft of %s", names[i]);
	tap_ok(!accepts_required("type", SLICE("")), "no type");
	tap_ok(!accepts_required("type", SLICE("Info")), "in capitals");
	tap_ok(!accepts_required("type", SLICE("info ")), "with a space");
	tap_ok(!accepts_required("type", SLICE("inf")), "cut");
	tap_ok(!accepts_required("type", SLICE("info\0")), "with a NUL");
}

static void test_links(void)
{
	static const char *const good[] = { "/", "/a", "/a/b?c=d#e", "/a//b", "http://h",
		"https://h/", "HTTPS://Example.org:8443/x?y#z", "http://user@h:1/",
		"https://[::1]/", "http://h?q", "https://\u00e9.example/\u20ac",
		"/javascript:alert(1)", "/%5Cx" };
	static const char *const bad[] = { "", " ", "//", "//h", "///", "/\\", "/\\h", "\\",
		"/a\\b", "a", "a/b", "?a", "#a", ".", "../a", "javascript:alert(1)",
		"JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd",
		"ftp://h", "mailto:a@b", "http:", "http:/", "http:/h", "http:h", "http://",
		"http:///", "http:///h", "https://?q", "https://#f", "https://:80", "https://user@",
		"https://user@:80", "https://u@/x", "httpx://h", "https:\\\\h", "http://h/ x",
		" /a", "/a ", "/\t/h", "/\n/h", "/a\x7f", "http://h\r\nX: y",
		"java\nscript:alert(1)", "\x01javascript:alert(1)", "/\xc2\x85" };

	for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
		tap_ok(accepts_string("link", good[i]), "links to %s", good[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		tap_ok(!accepts_string("link", bad[i]), "refuses to link to %s", bad[i]);
}

static void test_link_lengths(void)
{
	_cleanup_(buffer_release) struct buffer link = { 0 };

	buffer_append_string(&link, "/");
	while (link.len < NOTIFICATION_LINK_MAX)
		buffer_append_string(&link, "x");
	tap_ok(accepts_string("link", buffer_string(&link)), "a link of 2048 bytes");
	buffer_append_string(&link, "x");
	tap_ok(!accepts_string("link", buffer_string(&link)), "a link of 2049 bytes");
	tap_ok(!accepts_member("link", SLICE("\"/a\\u0000b\"")), "a NUL in a link");
}

static void test_categories(void)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	unsigned wrong = 0;

	for (int c = 1; c < 0x100; c++) {
		char value[] = { 'a', (char)c, 0 };
		bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
			    c == '_' || c == '-';

		wrong += notification_category_valid(slice_of(value)) != good;
	}
	ok_int_equal(wrong, 0, "a category is of a-z 0-9 . _ -");
	tap_ok(!notification_category_valid(SLICE("a\0")), "no NUL in it");
	tap_ok(!accepts_string("category", ""), "not empty");
	tap_ok(accepts_string("category", "."), "one character");
	repeated(&text, "x", 64);
	tap_ok(accepts_string("category", buffer_string(&text)), "64 characters");
	buffer_append_string(&text, "x");
	tap_ok(!accepts_string("category", buffer_string(&text)), "65 characters");
}

/* An object that has so many bytes when the white space is out. */
static bool accepts_data(size_t bytes)
{
	_cleanup_(buffer_release) struct buffer text = { 0 }, filling = { 0 };

	buffer_append_string(&text, " { \"k\" :\n\"");
	buffer_append_slice(&text, repeated(&filling, " ", bytes - strlen("{\"k\":\"\"}")));
	buffer_append_string(&text, "\"\t} ");
	return accepts_member("data", buffer_slice(&text));
}

static void test_data(void)
{
	tap_ok(accepts_member("data", SLICE("{}")), "an empty object");
	tap_ok(accepts_data(NOTIFICATION_DATA_MAX), "4096 bytes without white space");
	tap_ok(!accepts_data(NOTIFICATION_DATA_MAX + 1), "4097 bytes");
	tap_ok(!accepts_member("data", SLICE("[]")), "an array");
	tap_ok(!accepts_member("data", SLICE("\"{}\"")), "a string");
	ok_refused("{" MINIMAL ",\"d\\u0061ta\":{}}", DRAFT_BROADCAST, "data");
}

static void test_expiry(void)
{
	tap_ok(accepts_string("expiresAt", "2027-01-15T08:00:00.001Z"), "a millisecond ahead");
	tap_ok(!accepts_string("expiresAt", "2027-01-15T08:00:00.000Z"), "now");
	tap_ok(!accepts_string("expiresAt", "2027-01-15T07:59:59Z"), "past");
	tap_ok(accepts_string("expiresAt", "9999-12-31T23:59:59.999Z"), "the last moment");
	tap_ok(!accepts_string("expiresAt", "9999-12-31T23:59:59-00:01"), "beyond it");
	tap_ok(!accepts_string("expiresAt", "2027-01-16"), "a date only");
	tap_ok(!accepts_string("expiresAt", "tomorrow"), "a word");
	tap_ok(!accepts_string("expiresAt", ""), "nothing");
	tap_ok(!accepts_member("expiresAt", SLICE("1900000000")), "a number");
}

/* Every member with a value of each wrong JSON type. */
static void test_wrong_types(void)
{
	static const char *const names[] = { "userId", "type", "title", "message", "link", "data",
		"category", "expiresAt" };
	static const char *const values[] = { "null", "true", "7", "1.5", "[]", "[\"info\"]",
		"{}" };
	_cleanup_(buffer_release) struct buffer text = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(values); j++) {
			if (strcmp(names[i], "data") == 0 && strcmp(values[j], "{}") == 0)
				continue;
			buffer_clear(&text);
			buffer_print(&text, "{\"%s\":%s", names[i], values[j]);
			for (size_t k = 0; k < 4; k++)
				if (k != i)
					buffer_print(&text, ",\"%s\":\"info\"", names[k]);
			buffer_append_string(&text, "}");
			ok_refused(buffer_string(&text), DRAFT_FOR_USER, names[i]);
		}
	}
}

static void test_presence(void)
{
	ok_refused("{" MINIMAL "}", DRAFT_FOR_USER, "userId");
	ok_refused("{" MINIMAL ",\"userId\":\"u\"}", DRAFT_BROADCAST, "userId");
	ok_refused("{\"title\":\"t\",\"message\":\"m\"}", DRAFT_BROADCAST, "type");
	ok_refused("{\"type\":\"info\",\"message\":\"m\"}", DRAFT_BROADCAST, "title");
	ok_refused("{\"type\":\"info\",\"title\":\"t\"}", DRAFT_BROADCAST, "message");
	ok_refused("{" MINIMAL ",\"titel\":\"t\"}", DRAFT_BROADCAST, "titel");
	ok_refused("{" MINIMAL ",\"Title\":\"t\"}", DRAFT_BROADCAST, "Title");
	ok_refused("{" MINIMAL ",\"\":\"t\"}", DRAFT_BROADCAST, "");
	ok_refused("{" MINIMAL ",\"id\":\"x\"}", DRAFT_BROADCAST, "id");
	ok_refused("{" MINIMAL ",\"read\":true}", DRAFT_BROADCAST, "read");
	ok_refused("{" MINIMAL ",\"createdAt\":null}", DRAFT_BROADCAST, "createdAt");
	ok_refused("{" MINIMAL ",\"broadcast\":true}", DRAFT_BROADCAST, "broadcast");
	ok_refused("{" MINIMAL ",\"title\":\"t\"}", DRAFT_BROADCAST, "");
	ok_refused("", DRAFT_BROADCAST, "");
	ok_refused("null", DRAFT_BROADCAST, "");
	ok_refused("[]", DRAFT_BROADCAST, "");
	ok_refused("\"{}\"", DRAFT_BROADCAST, "");
	ok_refused("{" MINIMAL "}x", DRAFT_BROADCAST, "");
	ok_refused("{\"type\":\"info\",\"title\":\"\xff\",\"message\":\"m\"}", DRAFT_BROADCAST, "");
}

static void test_all_problems(void)
{
	struct problems problems = { 0 };
	struct draft draft;

	ok_int_equal(
		draft_parse(SLICE("{\"userId\":\"\",\"type\":\"x\",\"title\":7,\"link\":\"x:\","
				  "\"data\":[],\"category\":\"A\",\"expiresAt\":\"\",\"a\":1}"),
			DRAFT_FOR_USER, NOW, &problems, &draft),
		DRAFT_INVALID, "everything wrong at once");
	ok_int_equal((intmax_t)problems.count, 9, "each is told");
	tap_ok(has_problem(&problems, "userId", "1 to 255"), "userId");
	tap_ok(has_problem(&problems, "type", "info, success, warning or error"), "type");
	tap_ok(has_problem(&problems, "title", "1 to 200 characters"), "title");
	tap_ok(has_problem(&problems, "message", "must be given"), "message");
	tap_ok(has_problem(&problems, "link", "http: or https:"), "link");
	tap_ok(has_problem(&problems, "data", "object"), "data");
	tap_ok(has_problem(&problems, "category", "1 to 64"), "category");
	tap_ok(has_problem(&problems, "expiresAt", "RFC 3339"), "expiresAt");
	tap_ok(has_problem(&problems, "a", "not a member"), "an unknown one");
}

static void test_problem_list(void)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct problems problems = { 0 };
	struct draft draft;

	for (int i = 0; i < 40; i++)
		buffer_print(&text, "%s\"x%d\":1", i ? "," : "{", i);
	buffer_append_string(&text, "}");
	for (int i = 0; i < 2; i++)
		ok_int_equal(
			draft_parse(buffer_slice(&text), DRAFT_BROADCAST, NOW, &problems, &draft),
			DRAFT_INVALID, "more than the list holds, round %d", i);
	ok_int_equal((intmax_t)problems.count, (intmax_t)ARRAY_LENGTH(problems.list), "it is full");
}

static void test_draft(void)
{
	static const char text[] =
		" { \"expiresAt\" : \"2027-01-15T10:30:00.5+01:00\", \"category\" : \"a.b\","
		" \"data\" : { \"z\" : 1.0, \"a\" : [12345678901234567890123] },"
		" \"link\" : \"\\/x\", \"message\" : \"m\\n\\u20ac\", \"title\" : \"\\\"t\\\"\","
		" \"type\" : \"warning\", \"userId\" : \"u\\u00e9\" } ";
	static const char content[] =
		"\"userId\":\"u\u00e9\",\"type\":\"warning\",\"title\":\"\\\"t\\\"\","
		"\"message\":\"m\\n\u20ac\",\"link\":\"/x\","
		"\"data\":{\"z\":1.0,\"a\":[12345678901234567890123]},\"category\":\"a.b\","
		"\"expiresAt\":\"2027-01-15T09:30:00.500Z\"";
	struct problems problems = { 0 };
	struct draft draft;

	if (!ok_int_equal(draft_parse(SLICE(text), DRAFT_FOR_USER, NOW, &problems, &draft), 0,
		    "a draft"))
		return;
	tap_ok(slice_is(draft.user, "u\u00e9"), "user");
	tap_ok(slice_is(draft.category, "a.b"), "category");
	ok_int_equal(draft.type, NOTIFICATION_WARNING, "type");
	ok_int_equal(draft.expires, NOW + 5400500, "expires");
	ok_bytes_equal(draft.content.data, draft.content.len, content, sizeof(content) - 1,
		"content is canonical, data as given");
	draft_release(&draft);
	tap_ok(!draft.memory && draft.content.len == 0, "released");
	ok_int_equal(draft_parse(SLICE("{" MINIMAL "}"), DRAFT_BROADCAST, NOW, &problems, &draft),
		0, "a broadcast");
	tap_ok(slice_is(draft.content, MINIMAL), "holds what is required");
	tap_ok(draft.user.len == 0 && draft.category.len == 0 && draft.expires == 0, "and no more");
	draft_release(&draft);
}

/* The most that a draft can come to stays below what the store takes. */
static void test_content_bound(void)
{
	_cleanup_(buffer_release) struct buffer text = { 0 }, part = { 0 };
	struct problems problems = { 0 };
	struct draft draft;

	buffer_append_string(&text, "{\"type\":\"success\",\"userId\":");
	json_append_string(&text, repeated(&part, "\"", NOTIFICATION_USER_MAX));
	buffer_append_string(&text, ",\"title\":");
	json_append_string(&text, repeated(&part, "\U0001F514", NOTIFICATION_TITLE_MAX));
	buffer_append_string(&text, ",\"message\":");
	json_append_string(&text, repeated(&part, "\U0001F514", NOTIFICATION_MESSAGE_MAX));
	buffer_append_string(&text, ",\"link\":");
	buffer_clear(&part);
	buffer_append_string(&part, "/");
	while (part.len < NOTIFICATION_LINK_MAX)
		buffer_append_string(&part, "\"");
	json_append_string(&text, buffer_slice(&part));
	buffer_append_string(&text, ",\"category\":");
	json_append_string(&text, repeated(&part, "c", NOTIFICATION_CATEGORY_MAX));
	repeated(&part, "d", NOTIFICATION_DATA_MAX - 7);
	buffer_print(&text, ",\"data\":{\"\":\"%s\"}", buffer_string(&part));
	buffer_append_string(&text, ",\"expiresAt\":\"9999-01-01T00:00:00Z\"}");
	if (!ok_int_equal(draft_parse(buffer_slice(&text), DRAFT_FOR_USER, NOW, &problems, &draft),
		    0, "the longest draft"))
		return;
	tap_ok(draft.content.len > 13000 && draft.content.len <= NOTIFICATION_CONTENT_MAX,
		"is %zu bytes", draft.content.len);
	draft_release(&draft);
}

int main(void)
{
	test_lengths();
	test_controls();
	test_types();
	test_links();
	test_link_lengths();
	test_categories();
	test_data();
	test_expiry();
	test_wrong_types();
	test_presence();
	test_all_problems();
	test_problem_list();
	test_draft();
	test_content_bound();
	ok_int_equal(blamed_wrongly, 0, "each refusal blamed the member that was wrong");
	return tap_done();
}
