/* Files, keys and tokens for the tests of tokens, see token_fixture.h. */
#include "tests/unit/token_fixture.h"

#include "tests/tap.h"

#include <errno.h>
#include <ftw.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

struct fixture_keys fixture;

const struct fixture_signer fixture_hs256 = { "HS256", FIXTURE_SECRET, NULL };

static char directory[] = "/tmp/tidings-token-XXXXXX";

EVP_PKEY *fixture_rsa(unsigned bits)
{
	return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
}

void fixture_open(void)
{
	if (!mkdtemp(directory))
		abort();
	fixture = (struct fixture_keys){ .rsa = fixture_rsa(2048),
		.other_rsa = fixture_rsa(2048),
		.p256 = EVP_EC_gen("P-256"),
		.p384 = EVP_EC_gen("P-384"),
		.p521 = EVP_EC_gen("P-521") };
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

void fixture_close(void)
{
	EVP_PKEY_free(fixture.rsa);
	EVP_PKEY_free(fixture.other_rsa);
	EVP_PKEY_free(fixture.p256);
	EVP_PKEY_free(fixture.p384);
	EVP_PKEY_free(fixture.p521);
	nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

char *fixture_path(const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		abort();
	return path;
}

void fixture_write(const char *name, const void *data, size_t n)
{
	_cleanup_(freeing_memory) char *path = fixture_path(name);
	_cleanup_(closing_file) FILE *file = fopen(path, "w");

	if (!file || fwrite(data, 1, n, file) != n)
		abort();
}

void fixture_write_text(const char *name, const char *text)
{
	fixture_write(name, text, strlen(text));
}

char *fixture_pem(EVP_PKEY *pkey, enum fixture_form form)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *copy;
	long len;
	int r;

	if (form == FIXTURE_PUBLIC)
		r = PEM_write_bio_PUBKEY(bio, pkey);
	else if (form == FIXTURE_LOCKED)
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

void fixture_write_key(const char *name, EVP_PKEY *pkey, enum fixture_form form)
{
	_cleanup_(freeing_memory) char *pem = fixture_pem(pkey, form);

	fixture_write_text(name, pem);
}

void fixture_mkdir(const char *name)
{
	_cleanup_(freeing_memory) char *path = fixture_path(name);

	if (mkdir(path, 0700) < 0)
		abort();
}

void fixture_write_key_of(const char *name, const struct fixture_signer *signer,
	enum fixture_form form)
{
	if (signer->secret)
		fixture_write_text(name, signer->secret);
	else
		fixture_write_key(name, signer->pkey, form);
}

const struct fixture_signer *fixture_signers(size_t *ret_count)
{
	static struct fixture_signer list[9];
	const struct fixture_signer rows[] = { { "HS256", FIXTURE_SECRET, NULL },
		{ "HS384", FIXTURE_SECRET, NULL }, { "HS512", FIXTURE_SECRET, NULL },
		{ "RS256", NULL, fixture.rsa }, { "RS384", NULL, fixture.rsa },
		{ "RS512", NULL, fixture.rsa }, { "ES256", NULL, fixture.p256 },
		{ "ES384", NULL, fixture.p384 }, { "ES512", NULL, fixture.p521 } };

	memcpy(list, rows, sizeof(rows));
	*ret_count = ARRAY_LENGTH(rows);
	return list;
}

/* The strings of the last configuration. */
static char path_of_key[256], path_of_keys[256], name_of_algorithm[16];
static char nothing[] = "", sub[] = "sub", role[] = "role", admin[] = "admin",
	    service[] = "service", scope[] = "notifications:write";
static char *publishers[] = { admin, service, NULL }, *admins[] = { admin, NULL };

struct config fixture_config(const char *algorithm, const char *key_file, const char *keys_dir)
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

static const EVP_MD *digest_of(const char *algorithm)
{
	return strstr(algorithm, "256")	  ? EVP_sha256()
	       : strstr(algorithm, "384") ? EVP_sha384()
					  : EVP_sha512();
}

void fixture_append_base64url(struct buffer *to, const void *data, size_t n)
{
	_cleanup_(freeing_memory) unsigned char *text = malloc(n / 3 * 4 + 8);
	int len = EVP_EncodeBlock(text, data, (int)n);

	for (int i = 0; i < len && text[i] != '='; i++)
		buffer_append(to,
			text[i] == '+'	 ? "-"
			: text[i] == '/' ? "_"
					 : (char *)&text[i],
			1);
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

static void append_signature(struct buffer *token, const struct fixture_signer *signer)
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
	fixture_append_base64url(token, signature, n);
}

struct slice fixture_token(struct buffer *to, const struct fixture_signer *signer,
	struct slice header, struct slice payload)
{
	buffer_clear(to);
	fixture_append_base64url(to, header.data, header.len);
	buffer_append_string(to, ".");
	fixture_append_base64url(to, payload.data, payload.len);
	append_signature(to, signer);
	return buffer_slice(to);
}

struct slice fixture_plain_token(struct buffer *to, const struct fixture_signer *signer)
{
	char header[64];

	snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\"}", signer->algorithm);
	return fixture_token(to, signer, slice_of(header), SLICE(FIXTURE_PAYLOAD));
}

struct token_verifier *fixture_verifier(const struct config *config)
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

int fixture_verify_at(const struct token_verifier *verifier, struct slice token, int64_t now)
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

int fixture_verify(const struct token_verifier *verifier, struct slice token)
{
	return fixture_verify_at(verifier, token, FIXTURE_NOW);
}
