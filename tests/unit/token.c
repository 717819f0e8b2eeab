/* Tokens: every bad one of the security rules but for its claims, and rotation. */
#include "tests/unit/token_fixture.h"

#include "tests/tap.h"

static void ok_header(const struct token_verifier *verifier, struct slice header, int expected)
{
	_cleanup_(buffer_release) struct buffer token = { 0 };

	fixture_token(&token, &fixture_hs256, header, SLICE(FIXTURE_PAYLOAD));
	ok_int_equal(fixture_verify(verifier, buffer_slice(&token)), expected, "header %.*s",
		(int)header.len, header.data);
}

/* Each algorithm with its key, against the tokens of all the others. */
static void test_algorithms(void)
{
	size_t count;
	const struct fixture_signer *list = fixture_signers(&count);
	_cleanup_(buffer_release) struct buffer token = { 0 };

	for (size_t i = 0; i < count * 2; i++) {
		const struct fixture_signer *signer = &list[i / 2];
		_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
		struct config config = fixture_config(signer->algorithm, "key", NULL);

		fixture_write_key_of("key", signer, i % 2 ? FIXTURE_PRIVATE : FIXTURE_PUBLIC);
		verifier = fixture_verifier(&config);
		for (size_t j = 0; j < count; j++)
			ok_int_equal(
				fixture_verify(verifier, fixture_plain_token(&token, &list[j])),
				j == i / 2 ? 0 : TOKEN_ALGORITHM, "a token of %s",
				list[j].algorithm);
	}
}

/* The header says what is configured, but another key or another way signed it. */
static void test_wrong_keys(void)
{
	_cleanup_(buffer_release) struct buffer token = { 0 };
	_cleanup_(freeing_memory) char *pem = fixture_pem(fixture.rsa, FIXTURE_PUBLIC);
	const struct fixture_signer confused = { "RS256", pem, NULL },
				    by_name = { "HS256", pem, NULL },
				    other = { "RS256", NULL, fixture.other_rsa },
				    shorter = { "RS512", NULL, fixture.rsa },
				    curve = { "ES256", NULL, fixture.p256 };
	struct config config = fixture_config("RS256", "key", NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
	struct slice header = SLICE("{\"alg\":\"RS256\"}");

	fixture_write_key("key", fixture.rsa, FIXTURE_PUBLIC);
	verifier = fixture_verifier(&config);
	ok_int_equal(fixture_verify(verifier, fixture_plain_token(&token, &by_name)),
		TOKEN_ALGORITHM, "HS256 with the public key as the secret");
	ok_int_equal(fixture_verify(verifier, fixture_plain_token(&token, &confused)),
		TOKEN_SIGNATURE, "the same under the name RS256");
	ok_int_equal(fixture_verify(verifier, fixture_plain_token(&token, &other)), TOKEN_SIGNATURE,
		"another key");
	ok_int_equal(fixture_verify(verifier,
			     fixture_token(&token, &shorter, header, SLICE(FIXTURE_PAYLOAD))),
		TOKEN_SIGNATURE, "another digest");
	ok_int_equal(fixture_verify(verifier,
			     fixture_token(&token, &curve, header, SLICE(FIXTURE_PAYLOAD))),
		TOKEN_SIGNATURE, "an EC key");
}

/* Each character of a token, changed in turn. */
static void test_tampering(void)
{
	const struct fixture_signer list[] = { fixture_hs256, { "RS256", NULL, fixture.rsa },
		{ "ES256", NULL, fixture.p256 } };

	for (size_t i = 0; i < ARRAY_LENGTH(list); i++) {
		_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
		_cleanup_(buffer_release) struct buffer token = { 0 };
		struct config config = fixture_config(list[i].algorithm, "key", NULL);
		unsigned accepted = 0;

		fixture_write_key_of("key", &list[i], FIXTURE_PUBLIC);
		verifier = fixture_verifier(&config);
		fixture_plain_token(&token, &list[i]);
		for (size_t at = 0; at < token.len; at++) {
			char kept = token.data[at];

			token.data[at] = kept == 'A' ? 'B' : 'A';
			accepted += fixture_verify(verifier, buffer_slice(&token)) <= 0;
			token.data[at] = (char)(kept ^ 1);
			accepted += fixture_verify(verifier, buffer_slice(&token)) <= 0;
			token.data[at] = kept;
		}
		ok_int_equal(accepted, 0, "no changed character of %s", list[i].algorithm);
		ok_int_equal(fixture_verify(verifier, buffer_slice(&token)), 0,
			"but the token itself");
		for (size_t n = 0; n < token.len; n++)
			accepted += fixture_verify(verifier, (struct slice){ token.data, n }) <= 0;
		ok_int_equal(accepted, 0, "no shorter one");
	}
}

static void test_swapped_payload(const struct token_verifier *verifier)
{
	_cleanup_(buffer_release) struct buffer mine = { 0 }, forged = { 0 };
	const char *signature;

	fixture_plain_token(&mine, &fixture_hs256);
	signature = strrchr(buffer_string(&mine), '.');
	fixture_append_base64url(&forged, SLICE("{\"alg\":\"HS256\",\"typ\":\"JWT\"}").data, 27);
	buffer_append_string(&forged, ".");
	fixture_append_base64url(&forged, SLICE("{\"sub\":\"u2\",\"exp\":1800000100}").data, 29);
	buffer_append_string(&forged, signature);
	ok_int_equal(fixture_verify(verifier, buffer_slice(&forged)), TOKEN_SIGNATURE,
		"another's payload");
}

static void test_headers(const struct token_verifier *verifier)
{
	static const char *const algorithm[] = { "{\"alg\":\"none\"}", "{\"alg\":\"None\"}",
		"{\"alg\":\"nOnE\"}", "{\"alg\":\"\"}", "{\"alg\":\"HS384\"}",
		"{\"alg\":\"fixture_hs256\"}", "{\"alg\":\"HS256 \"}", "{\"alg\":\"HS256\\u0000\"}",
		"{\"alg\":\"RS256\"}", "{\"alg\":\"PS256\"}", "{\"alg\":\"ES256K\"}",
		"{\"alg\":\"EdDSA\"}", "{\"alg\":null}", "{\"alg\":256}", "{\"alg\":[\"HS256\"]}",
		"{}", "{\"typ\":\"JWT\"}", "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"HS256\",\"crit\":[]}", "{\"alg\":\"HS256\",\"crit\":null}",
		"{\"alg\":\"HS256\",\"kid\":\"a\"}", "{\"alg\":\"HS256\",\"kid\":\"\"}",
		"{\"alg\":\"HS256\",\"kid\":null}", "{\"alg\":\"HS256\",\"kid\":1}",
		"{\"alg\":\"HS256\",\"kid\":\"../key\"}" };
	static const char *const malformed[] = { "", "{", "[]", "\"HS256\"", "null",
		"{\"alg\":\"HS256\"}x", "{\"alg\":\"none\",\"alg\":\"HS256\"}",
		"{\"alg\":\"HS256\",\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"x\":\"\xff\"}",
		"{\"alg\":\"HS256\",\"x\":NaN}" };

	for (size_t i = 0; i < ARRAY_LENGTH(algorithm); i++)
		ok_header(verifier, slice_of(algorithm[i]), TOKEN_ALGORITHM);
	for (size_t i = 0; i < ARRAY_LENGTH(malformed); i++)
		ok_header(verifier, slice_of(malformed[i]), TOKEN_MALFORMED);
	ok_header(verifier, SLICE("{\"alg\":\"HS256\",\"x\":\"a\0b\"}"), TOKEN_MALFORMED);
	ok_header(verifier, SLICE(" { \"typ\" : \"jwt\" , \"alg\" : \"HS256\" } "), 0);
	ok_header(verifier, SLICE("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}"), 0); /* RFC 9068 */
	ok_header(verifier, SLICE("{\"alg\":\"HS256\",\"x5u\":\"http://h\",\"jwk\":{}}"), 0);
}

/* Unsecured tokens, as an attacker writes them: no signature at all. */
static void test_unsigned(const struct token_verifier *verifier)
{
	static const struct {
		const char *header;
		int expected;
	} rows[] = { { "{\"alg\":\"none\"}", TOKEN_ALGORITHM },
		{ "{\"alg\":\"NONE\"}", TOKEN_ALGORITHM },
		{ "{\"alg\":\"HS256\"}", TOKEN_SIGNATURE } };

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		_cleanup_(buffer_release) struct buffer token = { 0 };

		fixture_append_base64url(&token, rows[i].header, strlen(rows[i].header));
		buffer_append_string(&token, ".");
		fixture_append_base64url(&token, FIXTURE_PAYLOAD, strlen(FIXTURE_PAYLOAD));
		ok_int_equal(fixture_verify(verifier, buffer_slice(&token)), TOKEN_MALFORMED,
			"two segments");
		buffer_append_string(&token, ".");
		ok_int_equal(fixture_verify(verifier, buffer_slice(&token)), rows[i].expected,
			"unsigned, %s", rows[i].header);
	}
}

static void test_shapes(const struct token_verifier *verifier)
{
	static const char *const texts[] = { "", ".", "..", "...", "a", "a.b", "a.b.c",
		"e30.e30.e30", ".e30.", "e30..", "Bearer x", "null" };
	static const char *const around[][2] = { { "", "=" }, { "", "." }, { "", ".a" },
		{ " ", "" }, { "", " " }, { "", "\n" }, { "\"", "\"" }, { ".", "" },
		{ "Bearer ", "" }, { "", "%3D" } };
	_cleanup_(buffer_release) struct buffer token = { 0 }, text = { 0 };
	unsigned accepted = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		ok_int_equal(fixture_verify(verifier, slice_of(texts[i])),
			strcmp(texts[i], "e30.e30.e30") == 0 ? TOKEN_ALGORITHM : TOKEN_MALFORMED,
			"no token: \"%s\"", texts[i]);
	fixture_plain_token(&token, &fixture_hs256);
	for (size_t i = 0; i < ARRAY_LENGTH(around); i++) {
		buffer_clear(&text);
		buffer_print(&text, "%s%s%s", around[i][0], buffer_string(&token), around[i][1]);
		ok_int_equal(fixture_verify(verifier, buffer_slice(&text)), TOKEN_MALFORMED,
			"a good one between \"%s\" and \"%s\"", around[i][0], around[i][1]);
	}
	buffer_append_string(&token, "A");
	ok_int_equal(fixture_verify(verifier, buffer_slice(&token)), TOKEN_SIGNATURE,
		"a longer signature");
	fixture_plain_token(&token, &fixture_hs256);
	buffer_append(&token, "\0", 1);
	ok_int_equal(fixture_verify(verifier, buffer_slice(&token)), TOKEN_MALFORMED,
		"a NUL at the end");
	fixture_plain_token(&token, &fixture_hs256);
	for (size_t at = 0; at <= token.len; at++) {
		buffer_clear(&text);
		buffer_append(&text, token.data, at);
		buffer_append(&text, at % 3 ? "=" : " ", 1);
		buffer_append(&text, token.data + at, token.len - at);
		accepted += fixture_verify(verifier, buffer_slice(&text)) != TOKEN_MALFORMED;
	}
	ok_int_equal(accepted, 0, "padding or a space at each place");
}

/* The last character of each segment with stray bits: the same bytes, another spelling. */
static void test_spellings(void)
{
	static const char *const payloads[] = { FIXTURE_PAYLOAD, FIXTURE_PAYLOAD " ",
		FIXTURE_PAYLOAD "  " };
	const struct fixture_signer signer = { "ES384", NULL, fixture.p384 },
				    list[] = { fixture_hs256, signer };
	unsigned others = 0, accepted = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(payloads) * 2; i++) {
		const struct fixture_signer *by = &list[i % 2];
		_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
		_cleanup_(buffer_release) struct buffer token = { 0 };
		struct config config = fixture_config(by->algorithm, "key", NULL);
		char header[32];

		fixture_write_key_of("key", by, FIXTURE_PUBLIC);
		verifier = fixture_verifier(&config);
		snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", by->algorithm);
		fixture_token(&token, by, slice_of(header), slice_of(payloads[i / 2]));
		ok_int_equal(fixture_verify(verifier, buffer_slice(&token)), 0,
			"the canonical spelling");
		for (size_t at = 1; at <= token.len; at++) {
			if (at < token.len && token.data[at] != '.')
				continue;
			token.data[at - 1]++;
			accepted += fixture_verify(verifier, buffer_slice(&token)) == 0;
			others++;
			token.data[at - 1]--;
		}
	}
	ok_int_equal(others, 18, "the ends of three segments of six tokens");
	ok_int_equal(accepted, 0, "no other spelling");
}

static void test_sizes(const struct token_verifier *verifier)
{
	_cleanup_(buffer_release) struct buffer token = { 0 }, payload = { 0 };
	struct slice header = SLICE("{\"alg\":\"HS256\"}");
	bool longest = false;

	buffer_append_string(&payload, "{\"sub\":\"u1\",\"exp\":1800000100,\"x\":\"\"}");
	while (token.len <= TOKEN_MAX) {
		payload.len -= 2;
		buffer_append_string(&payload, "x\"}");
		fixture_token(&token, &fixture_hs256, header, buffer_slice(&payload));
		if (token.len == TOKEN_MAX && !longest)
			longest = ok_int_equal(fixture_verify(verifier, buffer_slice(&token)), 0,
				"a token of 8192 bytes");
	}
	tap_ok(longest, "there was one");
	ok_int_equal(fixture_verify(verifier, buffer_slice(&token)), TOKEN_MALFORMED,
		"a token of %zu bytes", token.len);
	buffer_clear(&token);
	for (int i = 0; i < 1 << 20; i++)
		buffer_append_string(&token, "A");
	ok_int_equal(fixture_verify(verifier, buffer_slice(&token)), TOKEN_MALFORMED, "a megabyte");
}

/* The result of verifying a token with this kid, signed with this secret. */
static int verify_kid(const struct token_verifier *verifier, const char *kid, const char *secret)
{
	_cleanup_(buffer_release) struct buffer token = { 0 }, header = { 0 };
	const struct fixture_signer signer = { "HS256", secret, NULL };

	buffer_print(&header, "{\"alg\":\"HS256\"%s%s%s}", kid ? ",\"kid\":\"" : "", kid ? kid : "",
		kid ? "\"" : "");
	fixture_token(&token, &signer, buffer_slice(&header), SLICE(FIXTURE_PAYLOAD));
	return fixture_verify(verifier, buffer_slice(&token));
}

#define SECRET_A "a123456789abcdef0123456789abcdef"
#define SECRET_B "b123456789abcdef0123456789abcdef"

static void test_rotation(void)
{
	static const char *const foreign[] = { "c", "", "A", "a\\u0000", "../key", "keys/a", "./a",
		"a/", "/etc/passwd", ".hidden", "..", "." };
	struct config config = fixture_config("HS256", "key", "keys");
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;

	fixture_mkdir("keys");
	fixture_write_text("keys/a", SECRET_A "\n");
	fixture_write_text("keys/b.pem", SECRET_B);
	fixture_write_text("keys/.hidden", "short");
	fixture_write_text("key", FIXTURE_SECRET);
	verifier = fixture_verifier(&config);
	ok_int_equal(verify_kid(verifier, "a", SECRET_A), 0, "one key");
	ok_int_equal(verify_kid(verifier, "b.pem", SECRET_B), 0, "and the other");
	ok_int_equal(verify_kid(verifier, NULL, FIXTURE_SECRET), 0, "key-file without a kid");
	ok_int_equal(verify_kid(verifier, "a", SECRET_B), TOKEN_SIGNATURE, "the other's name");
	ok_int_equal(verify_kid(verifier, "a", FIXTURE_SECRET), TOKEN_SIGNATURE,
		"key-file's under a name");
	ok_int_equal(verify_kid(verifier, NULL, SECRET_A), TOKEN_SIGNATURE,
		"a key without its name");
	for (size_t i = 0; i < ARRAY_LENGTH(foreign); i++)
		ok_int_equal(verify_kid(verifier, foreign[i], FIXTURE_SECRET), TOKEN_ALGORITHM,
			"kid \"%s\"", foreign[i]);
	token_verifier_free(take(verifier));

	config = fixture_config("HS256", NULL, "keys");
	verifier = fixture_verifier(&config);
	ok_int_equal(verify_kid(verifier, "a", SECRET_A), 0, "without a key-file");
	ok_int_equal(verify_kid(verifier, NULL, SECRET_A), TOKEN_ALGORITHM, "a kid is needed");
}

static void test_errors(void)
{
	static const char *const codes[TOKEN_ERRORS] = { NULL, "token_missing", "token_malformed",
		"token_algorithm", "token_signature", "token_expired", "token_not_yet",
		"token_claims", "token_revoked", "token_publisher_key", "token_malformed",
		"token_revoked", "token_expired" };

	for (int i = 1; i < TOKEN_ERRORS; i++) {
		ok_string_equal(token_error_code((enum token_error)i), codes[i], "code %d", i);
		tap_ok(strlen(token_error_sentence((enum token_error)i)) > 20, "%s",
			token_error_sentence((enum token_error)i));
	}
	tap_ok(strstr(token_error_sentence(TOKEN_MISSING), "CGIPassAuth"),
		"the sentence about a missing token helps with Apache httpd");
}

static void test_hs256(void)
{
	struct config config = fixture_config("HS256", "key", NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;

	fixture_write_text("key", FIXTURE_SECRET);
	verifier = fixture_verifier(&config);
	test_swapped_payload(verifier);
	test_headers(verifier);
	test_unsigned(verifier);
	test_shapes(verifier);
	test_sizes(verifier);
}

int main(void)
{
	fixture_open();
	test_algorithms();
	test_wrong_keys();
	test_tampering();
	test_spellings();
	test_hs256();
	test_rotation();
	test_errors();
	fixture_close();
	return tap_done();
}
