/* What a token says: times, users, issuer and audience, rights. */
#include "tests/unit/token_fixture.h"

#include "tests/tap.h"

static void ok_payload(const struct token_verifier *verifier, struct slice payload, int expected,
	const char *what)
{
	_cleanup_(buffer_release) struct buffer token = { 0 };

	fixture_token(&token, &fixture_hs256, SLICE("{\"alg\":\"HS256\"}"), payload);
	ok_int_equal(fixture_verify(verifier, buffer_slice(&token)), expected, "%s", what);
}

struct row {
	const char *payload;
	int expected;
};

static void ok_rows(const struct token_verifier *verifier, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ok_payload(verifier, slice_of(rows[i].payload), rows[i].expected, rows[i].payload);
}

static void test_times(const struct token_verifier *verifier)
{
#define EXP(value)   "{\"sub\":\"u1\",\"exp\":" value "}"
#define TIMES(value) "{\"sub\":\"u1\",\"exp\":1800000100," value "}"
	static const struct row rows[] = { { "{\"sub\":\"u1\"}", TOKEN_CLAIMS },
		{ EXP("\"1800000100\""), TOKEN_CLAIMS }, { EXP("1800000100.5"), TOKEN_CLAIMS },
		{ EXP("1800000100.0"), TOKEN_CLAIMS }, { EXP("2e9"), TOKEN_CLAIMS },
		{ EXP("18E8"), TOKEN_CLAIMS }, { EXP("-1"), TOKEN_CLAIMS },
		{ EXP("-1800000100"), TOKEN_CLAIMS }, { EXP("0"), TOKEN_CLAIMS },
		{ EXP("-0"), TOKEN_CLAIMS }, { EXP("null"), TOKEN_CLAIMS },
		{ EXP("true"), TOKEN_CLAIMS }, { EXP("[1800000100]"), TOKEN_CLAIMS },
		{ EXP("{}"), TOKEN_CLAIMS }, { EXP("1"), TOKEN_EXPIRED },
		{ EXP("1799999969"), TOKEN_EXPIRED }, { EXP("1799999970"), TOKEN_EXPIRED },
		{ EXP("1799999971"), 0 }, { EXP("1800000000"), 0 }, { EXP("253402300799"), 0 },
		{ EXP("253402300800"), TOKEN_CLAIMS }, { EXP("9223372036854775807"), TOKEN_CLAIMS },
		{ EXP("9223372036854775808"), TOKEN_CLAIMS },
		{ EXP("123456789012345678901234567890"), TOKEN_CLAIMS },
		{ EXP("1800000100,\"exp\":1800000200"), TOKEN_MALFORMED },
		{ TIMES("\"nbf\":1800000030"), 0 }, { TIMES("\"nbf\":1800000031"), TOKEN_NOT_YET },
		{ TIMES("\"nbf\":0"), 0 }, { TIMES("\"nbf\":\"0\""), TOKEN_CLAIMS },
		{ TIMES("\"nbf\":1.5"), TOKEN_CLAIMS }, { TIMES("\"nbf\":-1"), TOKEN_CLAIMS },
		{ TIMES("\"nbf\":null"), TOKEN_CLAIMS }, { TIMES("\"iat\":1799999999"), 0 },
		{ TIMES("\"iat\":0"), 0 }, { TIMES("\"iat\":\"x\""), TOKEN_CLAIMS },
		{ TIMES("\"iat\":-5"), TOKEN_CLAIMS }, { TIMES("\"iat\":1e3"), TOKEN_CLAIMS } };
	_cleanup_(buffer_release) struct buffer token = { 0 };

	ok_rows(verifier, rows, ARRAY_LENGTH(rows));
	fixture_plain_token(&token, &fixture_hs256);
	ok_int_equal(fixture_verify_at(verifier, buffer_slice(&token), 1800000129), 0,
		"the last second");
	ok_int_equal(fixture_verify_at(verifier, buffer_slice(&token), 1800000130), TOKEN_EXPIRED,
		"too late");
	ok_int_equal(fixture_verify_at(verifier, buffer_slice(&token), 0), 0,
		"the clock not yet set");
}

static void test_users(const struct token_verifier *verifier)
{
#define USER(value) "{\"exp\":1800000100,\"sub\":" value "}"
	static const struct row rows[] = { { "{\"exp\":1800000100}", TOKEN_CLAIMS },
		{ USER("\"\""), TOKEN_CLAIMS }, { USER("null"), TOKEN_CLAIMS },
		{ USER("7"), TOKEN_CLAIMS }, { USER("[\"u1\"]"), TOKEN_CLAIMS },
		{ USER("\"a\\u001fb\""), TOKEN_CLAIMS }, { USER("\"a\\nb\""), TOKEN_CLAIMS },
		{ USER("\"a\\u007f\""), TOKEN_CLAIMS }, { USER("\"a\\u0085\""), TOKEN_CLAIMS },
		{ USER("\"\u20ac \\u00e9 ../'\\\"\""), 0 },
		{ USER("\"u1\",\"sub\":\"u2\""), TOKEN_MALFORMED },
		{ USER("\"u1\",\"sub\":\"u1\""), TOKEN_MALFORMED },
		{ USER("\"u1\",\"s\\u0075b\":\"u2\""), TOKEN_MALFORMED },
		{ USER("\"u1\",\"sub\\u0000\":\"u2\""), TOKEN_MALFORMED },
		{ USER("\"\\ud800\""), TOKEN_MALFORMED }, { USER("\"\xff\""), TOKEN_MALFORMED },
		{ USER("\"a\nb\""), TOKEN_MALFORMED }, { "", TOKEN_MALFORMED },
		{ "{", TOKEN_MALFORMED }, { "[]", TOKEN_MALFORMED }, { "\"u1\"", TOKEN_MALFORMED },
		{ "null", TOKEN_MALFORMED }, { FIXTURE_PAYLOAD "x", TOKEN_MALFORMED },
		{ FIXTURE_PAYLOAD FIXTURE_PAYLOAD, TOKEN_MALFORMED },
		{ "{'sub':'u1'}", TOKEN_MALFORMED } };

	ok_rows(verifier, rows, ARRAY_LENGTH(rows));
	for (int n = 254; n <= 256; n++) {
		_cleanup_(buffer_release) struct buffer payload = { 0 };

		buffer_print(&payload, "{\"exp\":1800000100,\"sub\":\"%0*d\"}", n, 7);
		ok_payload(verifier, buffer_slice(&payload), n > 255 ? TOKEN_CLAIMS : 0,
			"a user of 254, 255 and 256 bytes");
	}
	ok_payload(verifier, SLICE("{\"sub\":\"u\0\",\"exp\":1800000100}"), TOKEN_MALFORMED,
		"a NUL");
	ok_payload(verifier, SLICE(USER("\"a\\u0000b\"")), TOKEN_CLAIMS, "an escaped NUL");
}

static void test_parties(void)
{
	static char issuer[] = "https://issuer", audience[] = "tidings";
#define PARTIES(value) "{\"sub\":\"u1\",\"exp\":1800000100" value "}"
#define AUD	       ",\"aud\":\"tidings\""
#define ISS	       ",\"iss\":\"https://issuer\""
	static const struct row rows[] = { { PARTIES(ISS AUD), 0 }, { PARTIES(AUD), TOKEN_CLAIMS },
		{ PARTIES(ISS), TOKEN_CLAIMS }, { PARTIES(""), TOKEN_CLAIMS },
		{ PARTIES(AUD ",\"iss\":\"https://issuer/\""), TOKEN_CLAIMS },
		{ PARTIES(AUD ",\"iss\":\"\""), TOKEN_CLAIMS },
		{ PARTIES(AUD ",\"iss\":[\"https://issuer\"]"), TOKEN_CLAIMS },
		{ PARTIES(AUD ",\"iss\":null"), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":\"other\""), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":\"tidings2\""), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":\"\""), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":null"), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":7"), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":[]"), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":[\"a\",7,null,\"b\"]"), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":[\"a\",7,null,\"tidings\"]"), 0 },
		{ PARTIES(ISS ",\"aud\":[\"tidings\"]"), 0 },
		{ PARTIES(ISS ",\"aud\":{\"tidings\":1}"), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":[[\"tidings\"]]"), TOKEN_CLAIMS } };
	struct config config = fixture_config("HS256", "key", NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;

	fixture_write_text("key", FIXTURE_SECRET);
	config.auth.issuer = issuer;
	config.auth.audience = audience;
	verifier = fixture_verifier(&config);
	ok_rows(verifier, rows, ARRAY_LENGTH(rows));
}

static void test_principals(const struct token_verifier *verifier)
{
	static const struct {
		const char *claims;
		bool publisher, admin;
	} rows[] = { { "\"x\":1", false, false }, { "\"role\":\"admin\"", true, true },
		{ "\"role\":\"service\"", true, false }, { "\"role\":\"user\"", false, false },
		{ "\"role\":\"Admin\"", false, false }, { "\"role\":\"admin \"", false, false },
		{ "\"role\":\"admin\\u0000\"", false, false }, { "\"role\":\"\"", false, false },
		{ "\"role\":null", false, false }, { "\"role\":true", false, false },
		{ "\"role\":[\"user\",\"service\"]", true, false },
		{ "\"role\":[\"user\",\"admin\"]", true, true }, { "\"role\":[]", false, false },
		{ "\"role\":{\"admin\":1}", false, false }, { "\"roles\":\"admin\"", false, false },
		{ "\"scope\":\"notifications:write\"", true, false },
		{ "\"scope\":\"a notifications:write b\"", true, false },
		{ "\"scope\":\"a  notifications:write\"", true, false },
		{ "\"scope\":\"notifications:write2\"", false, false },
		{ "\"scope\":\"xnotifications:write\"", false, false },
		{ "\"scope\":\"notifications: write\"", false, false },
		{ "\"scope\":\"notifications\"", false, false }, { "\"scope\":\"\"", false, false },
		{ "\"scope\":\" \"", false, false }, { "\"scope\":7", false, false },
		{ "\"scope\":\"admin\"", false, false } };

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		_cleanup_(buffer_release) struct buffer token = { 0 }, payload = { 0 };
		struct principal principal = { 0 };

		buffer_print(&payload, "{\"sub\":\"u1\",\"exp\":1800000100,\"iat\":1799999999,%s}",
			rows[i].claims);
		fixture_token(&token, &fixture_hs256, SLICE("{\"alg\":\"HS256\"}"),
			buffer_slice(&payload));
		/* libjwt refuses the NUL, which is as good as giving no right */
		if (token_verify(verifier, buffer_slice(&token), FIXTURE_NOW, &principal) == 0) {
			ok_string_equal(principal.user, "u1", "the user");
			ok_int_equal(principal.expires, 1800000100, "the expiry");
			ok_int_equal(principal.issued, 1799999999, "the time of issue");
		} else {
			tap_ok(strstr(rows[i].claims, "u0000"), "refused: %s", rows[i].claims);
		}
		tap_ok(principal.publisher == rows[i].publisher && principal.admin == rows[i].admin,
			"rights of %s", rows[i].claims);
		principal_release(&principal);
		tap_ok(!principal.user, "released");
	}
}

/* Names of claims and roles other than the default ones. */
static void test_other_names(void)
{
	static char uid[] = "uid", groups[] = "groups", editors[] = "editors", root[] = "root",
		    none[] = "";
	static char *only_editors[] = { editors, NULL }, *only_root[] = { root, NULL };
	struct config config = fixture_config("HS256", "key", NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
	_cleanup_(buffer_release) struct buffer token = { 0 };
	struct principal principal = { 0 };

	config.auth.user_claim = uid;
	config.auth.role_claim = groups;
	config.auth.publisher_roles = only_editors;
	config.auth.admin_roles = only_root;
	config.auth.publisher_scope = none;
	verifier = fixture_verifier(&config);
	ok_payload(verifier, SLICE(FIXTURE_PAYLOAD), TOKEN_CLAIMS, "sub is not asked for");
	fixture_token(&token, &fixture_hs256, SLICE("{\"alg\":\"HS256\"}"),
		SLICE("{\"uid\":\"u9\",\"sub\":\"u1\",\"exp\":1800000100,\"groups\":[\"root\"],"
		      "\"role\":\"admin\",\"scope\":\" notifications:write\"}"));
	ok_int_equal(token_verify(verifier, buffer_slice(&token), FIXTURE_NOW, &principal), 0,
		"a token");
	ok_string_equal(principal.user, "u9", "its user");
	tap_ok(principal.admin && !principal.publisher, "an admin who may not publish");
	principal_release(&principal);
}

int main(void)
{
	struct config config;
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;

	fixture_open();
	fixture_write_text("key", FIXTURE_SECRET);
	config = fixture_config("HS256", "key", NULL);
	verifier = fixture_verifier(&config);
	test_times(verifier);
	test_users(verifier);
	test_parties();
	test_principals(verifier);
	test_other_names();
	fixture_close();
	return tap_done();
}
