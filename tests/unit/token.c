/* Tokens: every bad one of the security rules, the key files, and signing. */
#include "lib/token.h"

#include "lib/buffer.h"
#include "lib/result.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

DEFINE_CLEANUP(struct token_verifier *, token_verifier_free)

enum { NOW = 1800000000 };

#define SECRET	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PAYLOAD "{\"sub\":\"u1\",\"exp\":1800000100}"

static char directory[] = "/tmp/tidings-token-XXXXXX";
static EVP_PKEY *rsa, *other_rsa, *p256, *p384, *p521;

/* What a test signs with: a secret, or a private key. */
struct signer {
	const char *algorithm;
	const char *secret;
	EVP_PKEY *pkey;
};

static const struct signer hs256 = { "HS256", SECRET, NULL };

static const EVP_MD *digest_of(const char *algorithm)
{
	return strstr(algorithm, "256") ? EVP_sha256() :
	       strstr(algorithm, "384") ? EVP_sha384() :
					  EVP_sha512();
}

/* Files and configurations */

static void write_file(const char *name, const void *data, size_t n)
{
	_cleanup_(freeing_memory) char *path = NULL;
	_cleanup_(closing_file) FILE *file = NULL;

	if (asprintf(&path, "%s/%s", directory, name) < 0 || !(file = fopen(path, "w")) ||
		fwrite(data, 1, n, file) != n)
		abort();
}

static void write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

enum form { PRIVATE, PUBLIC, LOCKED };

/* A key in PEM form, to be freed. */
static char *pem_of(EVP_PKEY *pkey, enum form form)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *copy;
	long len;
	int r;

	if (form == PUBLIC)
		r = PEM_write_bio_PUBKEY(bio, pkey);
	else if (form == LOCKED)
		r = PEM_write_bio_PrivateKey(bio, pkey, EVP_aes_128_cbc(), NULL, 0, NULL,
			(void *)(uintptr_t) "locked");
	else
		r = PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(bio, &data);
	if (r != 1 || len <= 0)
		abort();
	copy = strndup(data, (size_t)len);
	BIO_free(bio);
	return copy;
}

static void write_key(const char *name, EVP_PKEY *pkey, enum form form)
{
	_cleanup_(freeing_memory) char *pem = pem_of(pkey, form);

	write_text(name, pem);
}

/* The strings of a configuration that the tests change; paths are below the directory. */
static char path_of_key[256], path_of_keys[256], name_of_algorithm[16];
static char nothing[] = "", sub[] = "sub", role[] = "role", admin[] = "admin", service[] = "service",
	    scope[] = "notifications:write";
static char *publishers[] = { admin, service, NULL }, *admins[] = { admin, NULL };

/* key_file and keys_dir are names in the directory, or NULL. */
static struct config config_for(const char *algorithm, const char *key_file, const char *keys_dir)
{
	struct config config = { 0 };

	snprintf(path_of_key, sizeof(path_of_key), "%s/%s", directory, key_file ? key_file : "");
	snprintf(path_of_keys, sizeof(path_of_keys), "%s/%s", directory, keys_dir ? keys_dir : "");
	snprintf(name_of_algorithm, sizeof(name_of_algorithm), "%s", algorithm);
	config.auth.algorithm = name_of_algorithm;
	config.auth.key_file = key_file ? path_of_key : nothing;
	config.auth.keys_dir = keys_dir ? path_of_keys : nothing;
	config.auth.issuer = config.auth.audience = nothing;
	config.auth.leeway = 30;
	config.auth.user_claim = sub;
	config.auth.role_claim = role;
	config.auth.publisher_roles = publishers;
	config.auth.publisher_scope = scope;
	config.auth.admin_roles = admins;
	return config;
}

/* Making tokens */

static void append_base64url(struct buffer *to, const void *data, size_t n)
{
	_cleanup_(freeing_memory) unsigned char *text = malloc(n / 3 * 4 + 8);
	int len = EVP_EncodeBlock(text, data, (int)n);

	for (int i = 0; i < len && text[i] != '='; i++)
		buffer_append(to, text[i] == '+' ? "-" : text[i] == '/' ? "_" : (char *)&text[i], 1);
}

/* r and s of an ECDSA signature, each in full width, from its DER form. */
static size_t raw_signature(const EVP_PKEY *pkey, unsigned char *signature, size_t n)
{
	const unsigned char *at = signature;
	ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &at, (long)n);
	int width = (EVP_PKEY_get_bits(pkey) + 7) / 8;

	BN_bn2binpad(ECDSA_SIG_get0_r(parsed), signature, width);
	BN_bn2binpad(ECDSA_SIG_get0_s(parsed), signature + width, width);
	ECDSA_SIG_free(parsed);
	return (size_t)width * 2;
}

static void append_signature(struct buffer *token, const struct signer *signer)
{
	unsigned char signature[1024];
	size_t n = sizeof(signature);

	if (signer->secret) {
		unsigned len;

		HMAC(digest_of(signer->algorithm), signer->secret, (int)strlen(signer->secret),
			(unsigned char *)token->data, token->len, signature, &len);
		n = len;
	} else {
		EVP_MD_CTX *context = EVP_MD_CTX_new();

		if (EVP_DigestSignInit(context, NULL, digest_of(signer->algorithm), NULL,
			    signer->pkey) != 1 ||
			EVP_DigestSign(context, signature, &n, (unsigned char *)token->data,
				token->len) != 1)
			abort();
		EVP_MD_CTX_free(context);
		if (EVP_PKEY_is_a(signer->pkey, "EC"))
			n = raw_signature(signer->pkey, signature, n);
	}
	buffer_append_string(token, ".");
	append_base64url(token, signature, n);
}

/* Makes a token of any header and payload, in the buffer. */
static struct slice make_token(struct buffer *to, const struct signer *signer, struct slice header,
	struct slice payload)
{
	buffer_clear(to);
	append_base64url(to, header.data, header.len);
	buffer_append_string(to, ".");
	append_base64url(to, payload.data, payload.len);
	append_signature(to, signer);
	return buffer_slice(to);
}

static struct slice plain_token(struct buffer *to, const struct signer *signer)
{
	char header[64];

	snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\"}", signer->algorithm);
	return make_token(to, signer, slice_of(header), SLICE(PAYLOAD));
}

/* Verifying them */

static struct token_verifier *verifier_for(const struct config *config)
{
	struct token_verifier *verifier = NULL;
	char *problem = NULL;
	int r = token_verifier_new(config, &verifier, &problem);

	ok_int_equal(r, 0, "a verifier for %s: %s", config->auth.algorithm, problem ? problem : "");
	free(problem);
	if (!verifier)
		exit(tap_done());
	return verifier;
}

static int verify_at(const struct token_verifier *verifier, struct slice token, int64_t now)
{
	/* A copy of exactly that size, so that reading beyond it is seen */
	_cleanup_(freeing_memory) char *copy = malloc(token.len ? token.len : 1);
	struct principal principal = { 0 };
	int r;

	if (token.len > 0)
		memcpy(copy, token.data, token.len);
	r = token_verify(verifier, (struct slice){ copy, token.len }, now, &principal);
	if ((r == 0) != (principal.user != NULL))
		r = -EPROTO;
	principal_release(&principal);
	return r;
}

static int verify(const struct token_verifier *verifier, struct slice token)
{
	return verify_at(verifier, token, NOW);
}

static void ok_payload(const struct token_verifier *verifier, struct slice payload, int expected,
	const char *what)
{
	_cleanup_(buffer_release) struct buffer token = { 0 };

	make_token(&token, &hs256, SLICE("{\"alg\":\"HS256\"}"), payload);
	ok_int_equal(verify(verifier, buffer_slice(&token)), expected, "%s", what);
}

static void ok_header(const struct token_verifier *verifier, struct slice header, int expected)
{
	_cleanup_(buffer_release) struct buffer token = { 0 };

	make_token(&token, &hs256, header, SLICE(PAYLOAD));
	ok_int_equal(verify(verifier, buffer_slice(&token)), expected, "header %.*s",
		(int)header.len, header.data);
}

static const struct signer *signers(size_t *ret_count)
{
	static struct signer list[9];
	const struct signer rows[] = { { "HS256", SECRET, NULL }, { "HS384", SECRET, NULL },
		{ "HS512", SECRET, NULL }, { "RS256", NULL, rsa }, { "RS384", NULL, rsa },
		{ "RS512", NULL, rsa }, { "ES256", NULL, p256 }, { "ES384", NULL, p384 },
		{ "ES512", NULL, p521 } };

	memcpy(list, rows, sizeof(rows));
	*ret_count = ARRAY_LENGTH(rows);
	return list;
}

static void write_key_of(const char *name, const struct signer *signer, enum form form)
{
	if (signer->secret)
		write_text(name, signer->secret);
	else
		write_key(name, signer->pkey, form);
}

/* Each algorithm with its key, against the tokens of all the others. */
static void test_algorithms(void)
{
	size_t count;
	const struct signer *list = signers(&count);
	_cleanup_(buffer_release) struct buffer token = { 0 };

	for (size_t i = 0; i < count * 2; i++) {
		const struct signer *signer = &list[i / 2];
		_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
		struct config config = config_for(signer->algorithm, "key", NULL);

		write_key_of("key", signer, i % 2 ? PRIVATE : PUBLIC);
		verifier = verifier_for(&config);
		for (size_t j = 0; j < count; j++)
			ok_int_equal(verify(verifier, plain_token(&token, &list[j])),
				j == i / 2 ? 0 : TOKEN_ALGORITHM, "a token of %s", list[j].algorithm);
	}
}

/* The header says what is configured, but another key or another way signed it. */
static void test_wrong_keys(void)
{
	_cleanup_(buffer_release) struct buffer token = { 0 };
	_cleanup_(freeing_memory) char *pem = pem_of(rsa, PUBLIC);
	const struct signer confused = { "RS256", pem, NULL }, by_name = { "HS256", pem, NULL },
			    other = { "RS256", NULL, other_rsa }, shorter = { "RS512", NULL, rsa },
			    curve = { "ES256", NULL, p256 };
	struct config config = config_for("RS256", "key", NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
	struct slice header = SLICE("{\"alg\":\"RS256\"}");

	write_key("key", rsa, PUBLIC);
	verifier = verifier_for(&config);
	ok_int_equal(verify(verifier, plain_token(&token, &by_name)), TOKEN_ALGORITHM,
		"HS256 with the public key as the secret");
	ok_int_equal(verify(verifier, plain_token(&token, &confused)), TOKEN_SIGNATURE,
		"the same under the name RS256");
	ok_int_equal(verify(verifier, plain_token(&token, &other)), TOKEN_SIGNATURE, "another key");
	ok_int_equal(verify(verifier, make_token(&token, &shorter, header, SLICE(PAYLOAD))),
		TOKEN_SIGNATURE, "another digest");
	ok_int_equal(verify(verifier, make_token(&token, &curve, header, SLICE(PAYLOAD))),
		TOKEN_SIGNATURE, "an EC key");
}

/* Each character of a token, changed in turn. */
static void test_tampering(void)
{
	const struct signer list[] = { hs256, { "RS256", NULL, rsa }, { "ES256", NULL, p256 } };

	for (size_t i = 0; i < ARRAY_LENGTH(list); i++) {
		_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
		_cleanup_(buffer_release) struct buffer token = { 0 };
		struct config config = config_for(list[i].algorithm, "key", NULL);
		unsigned accepted = 0;

		write_key_of("key", &list[i], PUBLIC);
		verifier = verifier_for(&config);
		plain_token(&token, &list[i]);
		for (size_t at = 0; at < token.len; at++) {
			char kept = token.data[at];

			token.data[at] = kept == 'A' ? 'B' : 'A';
			accepted += verify(verifier, buffer_slice(&token)) <= 0;
			token.data[at] = (char)(kept ^ 1);
			accepted += verify(verifier, buffer_slice(&token)) <= 0;
			token.data[at] = kept;
		}
		ok_int_equal(accepted, 0, "no changed character of %s", list[i].algorithm);
		ok_int_equal(verify(verifier, buffer_slice(&token)), 0, "but the token itself");
		for (size_t n = 0; n < token.len; n++)
			accepted += verify(verifier, (struct slice){ token.data, n }) <= 0;
		ok_int_equal(accepted, 0, "no shorter one");
	}
}

static void test_swapped_payload(const struct token_verifier *verifier)
{
	_cleanup_(buffer_release) struct buffer mine = { 0 }, forged = { 0 };
	const char *signature;

	plain_token(&mine, &hs256);
	signature = strrchr(buffer_string(&mine), '.');
	append_base64url(&forged, SLICE("{\"alg\":\"HS256\",\"typ\":\"JWT\"}").data, 27);
	buffer_append_string(&forged, ".");
	append_base64url(&forged, SLICE("{\"sub\":\"u2\",\"exp\":1800000100}").data, 29);
	buffer_append_string(&forged, signature);
	ok_int_equal(verify(verifier, buffer_slice(&forged)), TOKEN_SIGNATURE, "another's payload");
}

static void test_headers(const struct token_verifier *verifier)
{
	static const char *const algorithm[] = { "{\"alg\":\"none\"}", "{\"alg\":\"None\"}",
		"{\"alg\":\"nOnE\"}", "{\"alg\":\"\"}", "{\"alg\":\"HS384\"}", "{\"alg\":\"hs256\"}",
		"{\"alg\":\"HS256 \"}", "{\"alg\":\"HS256\\u0000\"}", "{\"alg\":\"RS256\"}",
		"{\"alg\":\"PS256\"}", "{\"alg\":\"ES256K\"}", "{\"alg\":\"EdDSA\"}", "{\"alg\":null}",
		"{\"alg\":256}", "{\"alg\":[\"HS256\"]}", "{}", "{\"typ\":\"JWT\"}",
		"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", "{\"alg\":\"HS256\",\"crit\":[]}",
		"{\"alg\":\"HS256\",\"crit\":null}", "{\"alg\":\"HS256\",\"kid\":\"a\"}",
		"{\"alg\":\"HS256\",\"kid\":\"\"}", "{\"alg\":\"HS256\",\"kid\":null}",
		"{\"alg\":\"HS256\",\"kid\":1}", "{\"alg\":\"HS256\",\"kid\":\"../key\"}" };
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
	ok_header(verifier, SLICE("{\"alg\":\"HS256\",\"x5u\":\"http://h\",\"jwk\":{}}"), 0);
}

/* Unsecured tokens, as an attacker writes them: no signature at all. */
static void test_unsigned(const struct token_verifier *verifier)
{
	static const struct {
		const char *header;
		int expected;
	} rows[] = { { "{\"alg\":\"none\"}", TOKEN_ALGORITHM }, { "{\"alg\":\"NONE\"}", TOKEN_ALGORITHM },
		{ "{\"alg\":\"HS256\"}", TOKEN_SIGNATURE } };

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		_cleanup_(buffer_release) struct buffer token = { 0 };

		append_base64url(&token, rows[i].header, strlen(rows[i].header));
		buffer_append_string(&token, ".");
		append_base64url(&token, PAYLOAD, strlen(PAYLOAD));
		ok_int_equal(verify(verifier, buffer_slice(&token)), TOKEN_MALFORMED, "two segments");
		buffer_append_string(&token, ".");
		ok_int_equal(verify(verifier, buffer_slice(&token)), rows[i].expected,
			"unsigned, %s", rows[i].header);
	}
}

static void test_shapes(const struct token_verifier *verifier)
{
	static const char *const texts[] = { "", ".", "..", "...", "a", "a.b", "a.b.c", "e30.e30.e30",
		".e30.", "e30..", "Bearer x", "null" };
	static const char *const around[][2] = { { "", "=" }, { "", "." }, { "", ".a" }, { " ", "" },
		{ "", " " }, { "", "\n" }, { "\"", "\"" }, { ".", "" }, { "Bearer ", "" }, { "", "%3D" } };
	_cleanup_(buffer_release) struct buffer token = { 0 }, text = { 0 };
	unsigned accepted = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		ok_int_equal(verify(verifier, slice_of(texts[i])),
			strcmp(texts[i], "e30.e30.e30") == 0 ? TOKEN_ALGORITHM : TOKEN_MALFORMED,
			"no token: \"%s\"", texts[i]);
	plain_token(&token, &hs256);
	for (size_t i = 0; i < ARRAY_LENGTH(around); i++) {
		buffer_clear(&text);
		buffer_print(&text, "%s%s%s", around[i][0], buffer_string(&token), around[i][1]);
		ok_int_equal(verify(verifier, buffer_slice(&text)), TOKEN_MALFORMED,
			"a good one between \"%s\" and \"%s\"", around[i][0], around[i][1]);
	}
	buffer_append_string(&token, "A");
	ok_int_equal(verify(verifier, buffer_slice(&token)), TOKEN_SIGNATURE, "a longer signature");
	plain_token(&token, &hs256);
	buffer_append(&token, "\0", 1);
	ok_int_equal(verify(verifier, buffer_slice(&token)), TOKEN_MALFORMED, "a NUL at the end");
	plain_token(&token, &hs256);
	for (size_t at = 0; at <= token.len; at++) {
		buffer_clear(&text);
		buffer_append(&text, token.data, at);
		buffer_append(&text, at % 3 ? "=" : " ", 1);
		buffer_append(&text, token.data + at, token.len - at);
		accepted += verify(verifier, buffer_slice(&text)) != TOKEN_MALFORMED;
	}
	ok_int_equal(accepted, 0, "padding or a space at each place");
}

/* The last character of each segment with stray bits: the same bytes, another spelling. */
static void test_spellings(void)
{
	static const char *const payloads[] = { PAYLOAD, PAYLOAD " ", PAYLOAD "  " };
	const struct signer signer = { "ES384", NULL, p384 }, list[] = { hs256, signer };
	unsigned others = 0, accepted = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(payloads) * 2; i++) {
		const struct signer *by = &list[i % 2];
		_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
		_cleanup_(buffer_release) struct buffer token = { 0 };
		struct config config = config_for(by->algorithm, "key", NULL);
		char header[32];

		write_key_of("key", by, PUBLIC);
		verifier = verifier_for(&config);
		snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", by->algorithm);
		make_token(&token, by, slice_of(header), slice_of(payloads[i / 2]));
		ok_int_equal(verify(verifier, buffer_slice(&token)), 0, "the canonical spelling");
		for (size_t at = 1; at <= token.len; at++) {
			if (at < token.len && token.data[at] != '.')
				continue;
			token.data[at - 1]++;
			accepted += verify(verifier, buffer_slice(&token)) == 0;
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
		make_token(&token, &hs256, header, buffer_slice(&payload));
		if (token.len == TOKEN_MAX && !longest)
			longest = ok_int_equal(verify(verifier, buffer_slice(&token)), 0,
				"a token of 8192 bytes");
	}
	tap_ok(longest, "there was one");
	ok_int_equal(verify(verifier, buffer_slice(&token)), TOKEN_MALFORMED, "a token of %zu bytes",
		token.len);
	buffer_clear(&token);
	for (int i = 0; i < 1 << 20; i++)
		buffer_append_string(&token, "A");
	ok_int_equal(verify(verifier, buffer_slice(&token)), TOKEN_MALFORMED, "a megabyte");
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
		{ EXP("9223372036854775808"), TOKEN_MALFORMED },
		{ EXP("123456789012345678901234567890"), TOKEN_MALFORMED },
		{ EXP("1800000100,\"exp\":1800000200"), TOKEN_MALFORMED },
		{ TIMES("\"nbf\":1800000030"), 0 }, { TIMES("\"nbf\":1800000031"), TOKEN_NOT_YET },
		{ TIMES("\"nbf\":0"), 0 }, { TIMES("\"nbf\":\"0\""), TOKEN_CLAIMS },
		{ TIMES("\"nbf\":1.5"), TOKEN_CLAIMS }, { TIMES("\"nbf\":-1"), TOKEN_CLAIMS },
		{ TIMES("\"nbf\":null"), TOKEN_CLAIMS }, { TIMES("\"iat\":1799999999"), 0 },
		{ TIMES("\"iat\":0"), 0 }, { TIMES("\"iat\":\"x\""), TOKEN_CLAIMS },
		{ TIMES("\"iat\":-5"), TOKEN_CLAIMS }, { TIMES("\"iat\":1e3"), TOKEN_CLAIMS } };
	_cleanup_(buffer_release) struct buffer token = { 0 };

	ok_rows(verifier, rows, ARRAY_LENGTH(rows));
	plain_token(&token, &hs256);
	ok_int_equal(verify_at(verifier, buffer_slice(&token), 1800000129), 0, "the last second");
	ok_int_equal(verify_at(verifier, buffer_slice(&token), 1800000130), TOKEN_EXPIRED, "too late");
	ok_int_equal(verify_at(verifier, buffer_slice(&token), 0), 0, "the clock not yet set");
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
		{ USER("\"a\nb\""), TOKEN_MALFORMED }, { "", TOKEN_MALFORMED }, { "{", TOKEN_MALFORMED },
		{ "[]", TOKEN_MALFORMED }, { "\"u1\"", TOKEN_MALFORMED }, { "null", TOKEN_MALFORMED },
		{ PAYLOAD "x", TOKEN_MALFORMED }, { PAYLOAD PAYLOAD, TOKEN_MALFORMED },
		{ "{'sub':'u1'}", TOKEN_MALFORMED } };

	ok_rows(verifier, rows, ARRAY_LENGTH(rows));
	for (int n = 254; n <= 256; n++) {
		_cleanup_(buffer_release) struct buffer payload = { 0 };

		buffer_print(&payload, "{\"exp\":1800000100,\"sub\":\"%0*d\"}", n, 7);
		ok_payload(verifier, buffer_slice(&payload), n > 255 ? TOKEN_CLAIMS : 0,
			"a user of 254, 255 and 256 bytes");
	}
	ok_payload(verifier, SLICE("{\"sub\":\"u\0\",\"exp\":1800000100}"), TOKEN_MALFORMED, "a NUL");
	ok_payload(verifier, SLICE(USER("\"a\\u0000b\"")), TOKEN_MALFORMED, "an escaped NUL");
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
		{ PARTIES(ISS ",\"aud\":null"), TOKEN_CLAIMS }, { PARTIES(ISS ",\"aud\":7"), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":[]"), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":[\"a\",7,null,\"b\"]"), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":[\"a\",7,null,\"tidings\"]"), 0 },
		{ PARTIES(ISS ",\"aud\":[\"tidings\"]"), 0 },
		{ PARTIES(ISS ",\"aud\":{\"tidings\":1}"), TOKEN_CLAIMS },
		{ PARTIES(ISS ",\"aud\":[[\"tidings\"]]"), TOKEN_CLAIMS } };
	struct config config = config_for("HS256", "key", NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;

	write_text("key", SECRET);
	config.auth.issuer = issuer;
	config.auth.audience = audience;
	verifier = verifier_for(&config);
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
		make_token(&token, &hs256, SLICE("{\"alg\":\"HS256\"}"), buffer_slice(&payload));
		/* libjwt refuses the NUL, which is as good as giving no right */
		if (token_verify(verifier, buffer_slice(&token), NOW, &principal) == 0) {
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
	static char uid[] = "uid", groups[] = "groups", editors[] = "editors", root[] = "root";
	static char *only_editors[] = { editors, NULL }, *only_root[] = { root, NULL };
	struct config config = config_for("HS256", "key", NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
	_cleanup_(buffer_release) struct buffer token = { 0 };
	struct principal principal = { 0 };

	config.auth.user_claim = uid;
	config.auth.role_claim = groups;
	config.auth.publisher_roles = only_editors;
	config.auth.admin_roles = only_root;
	config.auth.publisher_scope = nothing;
	verifier = verifier_for(&config);
	ok_payload(verifier, SLICE(PAYLOAD), TOKEN_CLAIMS, "sub is not asked for");
	make_token(&token, &hs256, SLICE("{\"alg\":\"HS256\"}"),
		SLICE("{\"uid\":\"u9\",\"sub\":\"u1\",\"exp\":1800000100,\"groups\":[\"root\"],"
		      "\"role\":\"admin\",\"scope\":\" notifications:write\"}"));
	ok_int_equal(token_verify(verifier, buffer_slice(&token), NOW, &principal), 0, "a token");
	ok_string_equal(principal.user, "u9", "its user");
	tap_ok(principal.admin && !principal.publisher, "an admin who may not publish");
	principal_release(&principal);
}

/* The result of verifying a token with this kid, signed with this secret. */
static int verify_kid(const struct token_verifier *verifier, const char *kid, const char *secret)
{
	_cleanup_(buffer_release) struct buffer token = { 0 }, header = { 0 };
	const struct signer signer = { "HS256", secret, NULL };

	buffer_print(&header, "{\"alg\":\"HS256\"%s%s%s}", kid ? ",\"kid\":\"" : "", kid ? kid : "",
		kid ? "\"" : "");
	make_token(&token, &signer, buffer_slice(&header), SLICE(PAYLOAD));
	return verify(verifier, buffer_slice(&token));
}

static void make_directory(const char *name)
{
	_cleanup_(freeing_memory) char *path = NULL;

	if (asprintf(&path, "%s/%s", directory, name) < 0 || mkdir(path, 0700) < 0)
		abort();
}

#define SECRET_A "a123456789abcdef0123456789abcdef"
#define SECRET_B "b123456789abcdef0123456789abcdef"

static void test_rotation(void)
{
	static const char *const foreign[] = { "c", "", "A", "a\\u0000", "../key", "keys/a", "./a",
		"a/", "/etc/passwd", ".hidden", "..", "." };
	struct config config = config_for("HS256", "key", "keys");
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;

	make_directory("keys");
	write_text("keys/a", SECRET_A "\n");
	write_text("keys/b.pem", SECRET_B);
	write_text("keys/.hidden", "short");
	write_text("key", SECRET);
	verifier = verifier_for(&config);
	ok_int_equal(verify_kid(verifier, "a", SECRET_A), 0, "one key");
	ok_int_equal(verify_kid(verifier, "b.pem", SECRET_B), 0, "and the other");
	ok_int_equal(verify_kid(verifier, NULL, SECRET), 0, "key-file without a kid");
	ok_int_equal(verify_kid(verifier, "a", SECRET_B), TOKEN_SIGNATURE, "the other's name");
	ok_int_equal(verify_kid(verifier, "a", SECRET), TOKEN_SIGNATURE, "key-file's under a name");
	ok_int_equal(verify_kid(verifier, NULL, SECRET_A), TOKEN_SIGNATURE, "a key without its name");
	for (size_t i = 0; i < ARRAY_LENGTH(foreign); i++)
		ok_int_equal(verify_kid(verifier, foreign[i], SECRET),
			TOKEN_ALGORITHM, "kid \"%s\"", foreign[i]);
	token_verifier_free(take(verifier));

	config = config_for("HS256", NULL, "keys");
	verifier = verifier_for(&config);
	ok_int_equal(verify_kid(verifier, "a", SECRET_A), 0, "without a key-file");
	ok_int_equal(verify_kid(verifier, NULL, SECRET_A), TOKEN_ALGORITHM, "a kid is needed");
}

/* The key files */

static void ok_key(const char *algorithm, const char *name, int expected, const char *sentence)
{
	struct config config = config_for(algorithm, name, NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
	_cleanup_(freeing_memory) char *problem = NULL;

	ok_int_equal(token_verifier_new(&config, &verifier, &problem), expected, "%s: %s %s", algorithm,
		name, sentence ? sentence : "is taken");
	if (sentence) {
		tap_ok(problem && strstr(problem, name), "the problem names the file");
		tap_ok(problem && strstr(problem, sentence), "and says: %s", problem ? problem : "");
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
	_cleanup_(freeing_memory) char *pem = pem_of(rsa, PUBLIC);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char sentence[64];
		char text[66] = SECRET;

		snprintf(sentence, sizeof(sentence), "at least %zu bytes", rows[i].least);
		write_file("secret", text, rows[i].least);
		ok_key(rows[i].algorithm, "secret", 0, NULL);
		write_file("secret", text, rows[i].least - 1);
		ok_key(rows[i].algorithm, "secret", -EINVAL, sentence);
		text[rows[i].least - 1] = '\n';
		write_file("secret", text, rows[i].least);
		ok_key(rows[i].algorithm, "secret", -EINVAL, sentence);
	}
	write_text("secret", "");
	ok_key("HS256", "secret", -EINVAL, "at least 32 bytes");
	write_text("secret", pem);
	ok_key("HS256", "secret", -EINVAL, "needs a secret");
}

/* A secret is bytes: NUL, and newlines but for the last, belong to it. */
static void test_raw_secret(void)
{
	static const char secret[] = "\n\0\xff binary, and two newlines at the end\n\n";
	struct config config = config_for("HS256", "secret", NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
	_cleanup_(freeing_memory) char *token = NULL, *problem = NULL;
	struct token_claims claims = { .user = "u1", .issued = NOW, .expires = NOW + 9 };
	unsigned char mac[32];
	unsigned len;
	_cleanup_(buffer_release) struct buffer signature = { 0 };
	const char *dot;

	write_file("secret", secret, sizeof(secret) - 1);
	verifier = verifier_for(&config);
	ok_int_equal(token_sign(&config, &claims, &token, &problem), 0, "signed");
	dot = strrchr(token, '.');
	HMAC(EVP_sha256(), secret, sizeof(secret) - 2, (unsigned char *)token, (size_t)(dot - token),
		mac, &len);
	append_base64url(&signature, mac, len);
	ok_string_equal(dot + 1, buffer_string(&signature), "with all bytes but the last newline");
	ok_int_equal(verify(verifier, slice_of(token)), 0, "verified");
}

static EVP_PKEY *rsa_of(unsigned bits)
{
	return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
}

static void test_asymmetric_keys(void)
{
	EVP_PKEY *weak = rsa_of(1024), *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
		 *koblitz = EVP_EC_gen("secp256k1");
	const struct {
		const char *algorithm;
		EVP_PKEY *pkey;
		const char *sentence;
	} rows[] = { { "RS256", weak, "at least 2048 bits" }, { "RS512", weak, "at least 2048 bits" },
		{ "RS256", p256, "an RSA key" }, { "RS384", edwards, "an RSA key" },
		{ "ES256", rsa, "an EC key" }, { "ES256", p384, "P-256" }, { "ES256", p521, "P-256" },
		{ "ES256", koblitz, "P-256" }, { "ES384", p256, "P-384" }, { "ES512", p384, "P-521" },
		{ "ES256", edwards, "an EC key" } };

	for (size_t i = 0; i < ARRAY_LENGTH(rows) * 2; i++) {
		write_key("pem", rows[i / 2].pkey, i % 2 ? PRIVATE : PUBLIC);
		ok_key(rows[i / 2].algorithm, "pem", -EINVAL, rows[i / 2].sentence);
	}
	write_key("pem", rsa, LOCKED);
	ok_key("RS256", "pem", -EINVAL, "in PEM form");
	write_text("pem", SECRET);
	ok_key("RS256", "pem", -EINVAL, "in PEM form");
	write_text("pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
	ok_key("ES256", "pem", -EINVAL, "in PEM form");
	write_text("pem", "");
	ok_key("ES256", "pem", -EINVAL, "in PEM form");
	EVP_PKEY_free(weak);
	EVP_PKEY_free(edwards);
	EVP_PKEY_free(koblitz);
}

static void test_key_files(void)
{
	_cleanup_(freeing_memory) char *big = calloc(1, 65537), *fifo = NULL;

	ok_key("HS256", "absent", -ENOENT, "No such file");
	ok_key("HS256", "keys", -EINVAL, "regular file");
	if (asprintf(&fifo, "%s/fifo", directory) < 0 || mkfifo(fifo, 0600) < 0)
		abort();
	ok_key("HS256", "fifo", -EINVAL, "regular file");
	write_file("big", big, 65536);
	ok_key("HS256", "big", 0, NULL);
	write_file("big", big, 65537);
	ok_key("HS256", "big", -EFBIG, "65536 bytes");
	write_text("secret", SECRET);
	ok_key("HS256", "secret", 0, NULL);
}

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
	make_directory("empty");
	make_directory("spoilt");
	write_text("spoilt/good", SECRET);
	write_text("spoilt/bad", "short");
	ok_no_keys(config_for("HS256", NULL, NULL), -ENOKEY, "no key");
	ok_no_keys(config_for("HS256", NULL, "empty"), -ENOKEY, "/empty: there is no key");
	ok_no_keys(config_for("HS256", NULL, "spoilt"), -EINVAL, "/spoilt/bad: HS256 needs");
	ok_no_keys(config_for("HS256", "secret", "absent"), -ENOENT, "/absent: No such file");
	ok_no_keys(config_for("HS256", NULL, "secret"), -ENOTDIR, "/secret: Not a directory");
	ok_no_keys(config_for("none", "secret", NULL), -EINVAL, "none: no such algorithm");
	ok_no_keys(config_for("", "secret", NULL), -EINVAL, "no such algorithm");
	ok_no_keys(config_for("PS256", "secret", NULL), -EINVAL, "PS256: no such algorithm");
	make_directory("spoilt/directory");
	ok_no_keys(config_for("HS256", NULL, "spoilt"), -EINVAL, "/spoilt/");
}

/* Signing */

static void test_signing(void)
{
	static char issuer[] = "https://issuer", audience[] = "tidings";
	size_t count;
	const struct signer *list = signers(&count);

	for (size_t i = 0; i < count; i++) {
		struct config config = config_for(list[i].algorithm, "key", NULL);
		struct token_claims claims = { .user = "u\u20ac", .role = "service",
			.scope = "a notifications:write", .issued = NOW, .expires = NOW + 60 };
		_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;
		_cleanup_(freeing_memory) char *token = NULL, *problem = NULL;
		struct principal principal = { 0 };

		config.auth.issuer = issuer;
		config.auth.audience = audience;
		write_key_of("key", &list[i], PRIVATE);
		verifier = verifier_for(&config);
		ok_int_equal(token_sign(&config, &claims, &token, &problem), 0, "signed: %s",
			problem ? problem : list[i].algorithm);
		ok_int_equal(token_verify(verifier, slice_of(token), NOW, &principal), 0, "verified");
		ok_string_equal(principal.user, "u\u20ac", "the user");
		tap_ok(principal.publisher && !principal.admin, "the rights");
		tap_ok(principal.issued == NOW && principal.expires == NOW + 60, "the times");
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
	const struct token_claims good = { .user = "u1", .issued = NOW, .expires = NOW + 9 };
	struct config config = config_for("HS256", "secret", NULL);
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
	ok_unsigned(config_for("HS256", "absent", NULL), good, -ENOENT, "/absent: No such file");
	write_key("pem", rsa, PUBLIC);
	ok_unsigned(config_for("RS256", "pem", NULL), good, -EINVAL, "the private one");
	ok_unsigned(config_for("HS256", NULL, NULL), good, -ENOKEY, "no key");
	ok_unsigned(config_for("HS256", NULL, "keys"), good, -EINVAL, "several keys");
	claims = good;
	claims.kid = "../secret";
	ok_unsigned(config_for("HS256", NULL, "keys"), claims, -ENOKEY, "no key of this name");
	claims.kid = ".hidden";
	ok_unsigned(config_for("HS256", NULL, "keys"), claims, -ENOKEY, "no key of this name");
	claims.kid = "c";
	ok_unsigned(config_for("HS256", NULL, "keys"), claims, -ENOENT, "/keys/c: No such file");
}

static void test_signing_by_name(void)
{
	static const char *const kids[] = { "a", "b.pem", NULL };
	struct token_claims claims = { .user = "u1", .issued = NOW, .expires = NOW + 9 };

	make_directory("single");
	write_key("single/ec", p256, PRIVATE);
	for (size_t i = 0; i < ARRAY_LENGTH(kids); i++) {
		struct config config = config_for(kids[i] ? "HS256" : "ES256", NULL,
			kids[i] ? "keys" : "single");
		_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier =
			verifier_for(&config);
		_cleanup_(freeing_memory) char *token = NULL, *problem = NULL;

		claims.kid = kids[i];
		ok_int_equal(token_sign(&config, &claims, &token, &problem), 0, "signed with %s",
			kids[i] ? kids[i] : "the only key");
		ok_int_equal(verify(verifier, slice_of(token)), 0, "and verified by its kid");
	}
}

static void test_errors(void)
{
	static const char *const codes[TOKEN_ERRORS] = { NULL, "token_missing", "token_malformed",
		"token_algorithm", "token_signature", "token_expired", "token_not_yet", "token_claims",
		"token_revoked" };

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
	struct config config = config_for("HS256", "key", NULL);
	_cleanup_(freeing_token_verifier_free) struct token_verifier *verifier = NULL;

	write_text("key", SECRET);
	verifier = verifier_for(&config);
	test_swapped_payload(verifier);
	test_headers(verifier);
	test_unsigned(verifier);
	test_shapes(verifier);
	test_sizes(verifier);
	test_times(verifier);
	test_users(verifier);
	test_principals(verifier);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

int main(void)
{
	EVP_PKEY **const pkeys[] = { &rsa, &other_rsa, &p256, &p384, &p521 };

	if (!mkdtemp(directory))
		return EXIT_FAILURE;
	rsa = rsa_of(2048);
	other_rsa = rsa_of(2048);
	p256 = EVP_EC_gen("P-256");
	p384 = EVP_EC_gen("P-384");
	p521 = EVP_EC_gen("P-521");
	test_algorithms();
	test_wrong_keys();
	test_tampering();
	test_spellings();
	test_hs256();
	test_parties();
	test_other_names();
	test_rotation();
	test_secrets();
	test_raw_secret();
	test_asymmetric_keys();
	test_key_files();
	test_key_directories();
	test_signing();
	test_signing_refused();
	test_signing_by_name();
	test_errors();
	for (size_t i = 0; i < ARRAY_LENGTH(pkeys); i++)
		EVP_PKEY_free(*pkeys[i]);
	nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
