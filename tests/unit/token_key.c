/* The key files of tokens: what is taken, what is refused and why; signing with them. */
#include "tests/unit/token_fixture.h"

#include "tests/tap.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <sys/stat.h>

static void ok_key(const char *algorithm, const char *name, int expected, const char *sentence)
{
	struct config config = fixture_config(algorithm, name, NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
	_cleanup_(freeing_memory) char *problem = NULL;

	ok_int_equal(token_verifier_new(&config, &verifier, &problem), expected, "%s: %s %s",
		algorithm, name, sentence ? sentence : "is taken");
	if (sentence) {
		tap_ok(problem && strstr(problem, name), "the problem names the file");
		tap_ok(problem && strstr(problem, sentence), "and says: %s",
			problem ? problem : "");
		tap_ok(!verifier, "there is no verifier");
	} else {
		tap_ok(!problem, "there is no problem");
	}
}

static void test_secrets(void)
{
	static const struct {
		const char *algorithm;
		size_t least;
	} rows[] = { { "HS256", 32 }, { "HS384", 48 }, { "HS512", 64 } };
	_cleanup_(freeing_memory) char *pem = fixture_pem(fixture.rsa, FIXTURE_PUBLIC);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char sentence[64];
		char text[66] = FIXTURE_SECRET;

		snprintf(sentence, sizeof(sentence), "at least %zu bytes", rows[i].least);
		fixture_write("secret", text, rows[i].least);
		ok_key(rows[i].algorithm, "secret", 0, NULL);
		fixture_write("secret", text, rows[i].least - 1);
		ok_key(rows[i].algorithm, "secret", -EINVAL, sentence);
		text[rows[i].least - 1] = '\n';
		fixture_write("secret", text, rows[i].least);
		ok_key(rows[i].algorithm, "secret", -EINVAL, sentence);
	}
	fixture_write_text("secret", "");
	ok_key("HS256", "secret", -EINVAL, "at least 32 bytes");
	fixture_write_text("secret", pem);
	ok_key("HS256", "secret", -EINVAL, "needs a secret");
}

/* A secret is bytes: NUL, and newlines but for the last, belong to it. */
static void test_raw_secret(void)
{
	static const char secret[] = "\n\0\xff binary, and two newlines at the end\n\n";
	struct config config = fixture_config("HS256", "secret", NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
	_cleanup_(freeing_memory) char *token = NULL, *problem = NULL;
	struct token_claims claims = { .user = "u1",
		.issued = FIXTURE_NOW,
		.expires = FIXTURE_NOW + 9 };
	unsigned char mac[32];
	unsigned len;
	_cleanup_(buffer_release) struct buffer signature = { 0 };
	const char *dot;

	fixture_write("secret", secret, sizeof(secret) - 1);
	verifier = fixture_verifier(&config);
	ok_int_equal(token_sign(&config, &claims, &token, &problem), 0, "signed");
	dot = strrchr(token, '.');
	HMAC(EVP_sha256(), secret, sizeof(secret) - 2, (unsigned char *)token,
		(size_t)(dot - token), mac, &len);
	fixture_append_base64url(&signature, mac, len);
	ok_string_equal(dot + 1, buffer_string(&signature), "with all bytes but the last newline");
	ok_int_equal(fixture_verify(verifier, slice_of(token)), 0, "verified");
}

static void test_asymmetric_keys(void)
{
	EVP_PKEY *weak = fixture_rsa(1024), *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
		 *koblitz = EVP_EC_gen("secp256k1");
	const struct {
		const char *algorithm;
		EVP_PKEY *pkey;
		const char *sentence;
	} rows[] = { { "RS256", weak, "at least 2048 bits" },
		{ "RS512", weak, "at least 2048 bits" }, { "RS256", fixture.p256, "an RSA key" },
		{ "RS384", edwards, "an RSA key" }, { "ES256", fixture.rsa, "an EC key" },
		{ "ES256", fixture.p384, "P-256" }, { "ES256", fixture.p521, "P-256" },
		{ "ES256", koblitz, "P-256" }, { "ES384", fixture.p256, "P-384" },
		{ "ES512", fixture.p384, "P-521" }, { "ES256", edwards, "an EC key" } };

	for (size_t i = 0; i < ARRAY_LENGTH(rows) * 2; i++) {
		fixture_write_key("pem", rows[i / 2].pkey,
			i % 2 ? FIXTURE_PRIVATE : FIXTURE_PUBLIC);
		ok_key(rows[i / 2].algorithm, "pem", -EINVAL, rows[i / 2].sentence);
	}
	fixture_write_key("pem", fixture.rsa, FIXTURE_LOCKED);
	ok_key("RS256", "pem", -EINVAL, "in PEM form");
	fixture_write_text("pem", FIXTURE_SECRET);
	ok_key("RS256", "pem", -EINVAL, "in PEM form");
	fixture_write_text("pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
	ok_key("ES256", "pem", -EINVAL, "in PEM form");
	fixture_write_text("pem", "");
	ok_key("ES256", "pem", -EINVAL, "in PEM form");
	EVP_PKEY_free(weak);
	EVP_PKEY_free(edwards);
	EVP_PKEY_free(koblitz);
}

static void test_key_files(void)
{
	_cleanup_(freeing_memory) char *big = calloc(1, 65537), *fifo = fixture_path("fifo");

	fixture_mkdir("keys");
	fixture_write_text("keys/a", FIXTURE_SECRET);
	fixture_write_text("keys/b.pem", FIXTURE_SECRET "\n");
	fixture_write_text("keys/.hidden", "short");
	ok_key("HS256", "absent", -ENOENT, "No such file");
	ok_key("HS256", "keys", -EINVAL, "regular file");
	if (mkfifo(fifo, 0600) < 0)
		abort();
	ok_key("HS256", "fifo", -EINVAL, "regular file");
	fixture_write("big", big, 65536);
	ok_key("HS256", "big", 0, NULL);
	fixture_write("big", big, 65537);
	ok_key("HS256", "big", -EFBIG, "65536 bytes");
	fixture_write_text("secret", FIXTURE_SECRET);
	ok_key("HS256", "secret", 0, NULL);
}

/* A configuration without one good set of keys. */
static void ok_no_keys(struct config config, int expected, const char *sentence)
{
	struct token_verifier *verifier = NULL;
	_cleanup_(freeing_memory) char *problem = NULL;

	ok_int_equal(token_verifier_new(&config, &verifier, &problem), expected, "refused");
	tap_ok(problem && strstr(problem, sentence), "and says: %s", problem ? problem : "");
	tap_ok(!verifier, "there is no verifier");
}

static void test_key_directories(void)
{
	fixture_mkdir("empty");
	fixture_mkdir("spoilt");
	fixture_write_text("spoilt/good", FIXTURE_SECRET);
	fixture_write_text("spoilt/bad", "short");
	ok_no_keys(fixture_config("HS256", NULL, NULL), -ENOKEY, "no key");
	ok_no_keys(fixture_config("HS256", NULL, "empty"), -ENOKEY, "/empty: there is no key");
	ok_no_keys(fixture_config("HS256", NULL, "spoilt"), -EINVAL, "/spoilt/bad: HS256 needs");
	ok_no_keys(fixture_config("HS256", "secret", "absent"), -ENOENT, "/absent: No such file");
	ok_no_keys(fixture_config("HS256", NULL, "secret"), -ENOTDIR, "/secret: Not a directory");
	ok_no_keys(fixture_config("none", "secret", NULL), -EINVAL, "none: no such algorithm");
	ok_no_keys(fixture_config("", "secret", NULL), -EINVAL, "no such algorithm");
	ok_no_keys(fixture_config("PS256", "secret", NULL), -EINVAL, "PS256: no such algorithm");
	fixture_mkdir("nested");
	fixture_mkdir("nested/directory");
	ok_no_keys(fixture_config("HS256", NULL, "nested"), -EINVAL,
		"/nested/directory: a key must");
}

static void test_signing(void)
{
	static char issuer[] = "https://issuer", audience[] = "tidings";
	size_t count;
	const struct fixture_signer *list = fixture_signers(&count);

	for (size_t i = 0; i < count; i++) {
		struct config config = fixture_config(list[i].algorithm, "key", NULL);
		struct token_claims claims = { .user = "u\u20ac",
			.role = "service",
			.scope = "a notifications:write",
			.issued = FIXTURE_NOW,
			.expires = FIXTURE_NOW + 60 };
		_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
		_cleanup_(freeing_memory) char *token = NULL, *problem = NULL;
		struct principal principal = { 0 };

		config.auth.issuer = issuer;
		config.auth.audience = audience;
		fixture_write_key_of("key", &list[i], FIXTURE_PRIVATE);
		verifier = fixture_verifier(&config);
		ok_int_equal(token_sign(&config, &claims, &token, &problem), 0, "signed: %s",
			problem ? problem : list[i].algorithm);
		ok_int_equal(token_verify(verifier, slice_of(token), FIXTURE_NOW, &principal), 0,
			"verified");
		ok_string_equal(principal.user, "u\u20ac", "the user");
		tap_ok(principal.publisher && !principal.admin, "the rights");
		tap_ok(principal.issued == FIXTURE_NOW && principal.expires == FIXTURE_NOW + 60,
			"the times");
		principal_release(&principal);
	}
}

static void ok_unsigned(struct config config, struct token_claims claims, int expected,
	const char *sentence)
{
	_cleanup_(freeing_memory) char *problem = NULL;
	char *token = NULL;

	ok_int_equal(token_sign(&config, &claims, &token, &problem), expected, "not signed");
	tap_ok(problem && strstr(problem, sentence), "and says: %s", problem ? problem : "");
	tap_ok(!token, "there is no token");
}

static void test_signing_refused(void)
{
	const struct token_claims good = { .user = "u1",
		.issued = FIXTURE_NOW,
		.expires = FIXTURE_NOW + 9 };
	struct config config = fixture_config("HS256", "secret", NULL);
	struct token_claims claims = good;

	claims.user = "";
	ok_unsigned(config, claims, -EINVAL, "a user must be");
	claims.user = "a\nb";
	ok_unsigned(config, claims, -EINVAL, "a user must be");
	claims = good;
	claims.expires = 0;
	ok_unsigned(config, claims, -EINVAL, "expire");
	claims.expires = INT64_C(253402300800);
	ok_unsigned(config, claims, -EINVAL, "expire");
	claims = good;
	claims.issued = -1;
	ok_unsigned(config, claims, -EINVAL, "issued");
	claims = good;
	claims.role = "\xff";
	ok_unsigned(config, claims, -EINVAL, "could not be made");
	claims = good;
	claims.kid = "a";
	ok_unsigned(config, claims, -ENOKEY, "a: there is no key of this name");
	ok_unsigned(fixture_config("HS256", "absent", NULL), good, -ENOENT,
		"/absent: No such file");
	fixture_write_key("pem", fixture.rsa, FIXTURE_PUBLIC);
	ok_unsigned(fixture_config("RS256", "pem", NULL), good, -EINVAL, "the private one");
	ok_unsigned(fixture_config("HS256", NULL, NULL), good, -ENOKEY, "no key");
	ok_unsigned(fixture_config("HS256", NULL, "keys"), good, -EINVAL, "several keys");
	claims = good;
	claims.kid = "../secret";
	ok_unsigned(fixture_config("HS256", NULL, "keys"), claims, -ENOKEY, "no key of this name");
	claims.kid = ".hidden";
	ok_unsigned(fixture_config("HS256", NULL, "keys"), claims, -ENOKEY, "no key of this name");
	claims.kid = "c";
	ok_unsigned(fixture_config("HS256", NULL, "keys"), claims, -ENOENT,
		"/keys/c: No such file");
}

static void test_signing_by_name(void)
{
	static const char *const kids[] = { "a", "b.pem", NULL };
	struct token_claims claims = { .user = "u1",
		.issued = FIXTURE_NOW,
		.expires = FIXTURE_NOW + 9 };

	fixture_mkdir("single");
	fixture_write_key("single/ec", fixture.p256, FIXTURE_PRIVATE);
	for (size_t i = 0; i < ARRAY_LENGTH(kids); i++) {
		struct config config = fixture_config(kids[i] ? "HS256" : "ES256", NULL,
			kids[i] ? "keys" : "single");
		_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier =
			fixture_verifier(&config);
		_cleanup_(freeing_memory) char *token = NULL, *problem = NULL;

		claims.kid = kids[i];
		ok_int_equal(token_sign(&config, &claims, &token, &problem), 0, "signed with %s",
			kids[i] ? kids[i] : "the only key");
		ok_int_equal(fixture_verify(verifier, slice_of(token)), 0,
			"and verified by its kid");
	}
}

/* The key that a token came with, so that it can be missed when it is gone. */
static uint32_t take_key(void)
{
	struct config config = fixture_config("HS256", "one", NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier =
		fixture_verifier(&config);
	_cleanup_(buffer_release) struct buffer token = { 0 };
	_cleanup_(principal_release) struct principal principal = { 0 };

	if (token_verify(verifier, fixture_plain_token(&token, &fixture_hs256), FIXTURE_NOW,
		    &principal) != 0)
		exit(1);
	return principal.key;
}

static void ok_has_key(uint32_t key, const char *algorithm, const char *key_file,
	const char *keys_dir, bool expected)
{
	struct config config = fixture_config(algorithm, key_file, keys_dir);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier =
		fixture_verifier(&config);

	tap_ok(token_verifier_has_key(verifier, key) == expected, "%s, key-file %s, keys-dir %s: %s",
		algorithm, key_file ? key_file : "none", keys_dir ? keys_dir : "none",
		expected ? "there is the key" : "it is another key");
}

static void test_identity(void)
{
	uint32_t key;

	fixture_write_text("one", FIXTURE_SECRET);
	fixture_mkdir("named");
	fixture_write_text("named/one", FIXTURE_SECRET);
	key = take_key();
	ok_has_key(key, "HS256", "one", NULL, true);
	ok_has_key(key, "HS256", "one", "named", true);
	ok_has_key(key, "HS256", NULL, "named", false);
	ok_has_key(key, "HS384", "one", NULL, false);
	fixture_write_text("one", FIXTURE_SECRET "x");
	ok_has_key(key, "HS256", "one", NULL, false);
}

int main(void)
{
	fixture_open();
	test_secrets();
	test_raw_secret();
	test_identity();
	test_asymmetric_keys();
	test_key_files();
	test_key_directories();
	test_signing();
	test_signing_refused();
	test_signing_by_name();
	fixture_close();
	return tap_done();
}
