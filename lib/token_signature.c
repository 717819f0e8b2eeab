/*
 * Signatures, see token_signature.h.
 *
 * What libcrypto calls a context is set up once for each key and copied for each token:
 * looking the algorithm up and, much more, reading a PEM key cost many times what checking
 * a signature does.
 *
 * An ECDSA signature stands in a token as two numbers of the curve's size, one behind the
 * other (RFC 7518, section 3.4); libcrypto takes it in DER.
 */
#include "lib/token_signature.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

enum family { HMAC, RSA_PKCS1, ECDSA };

static const struct algorithm {
	const char *name;
	enum family family;
	const char *digest;
	size_t coordinate; /* bytes of each of an ECDSA signature's two numbers */
} algorithms[] = {
	{ "HS256", HMAC, "SHA256", 0 },
	{ "HS384", HMAC, "SHA384", 0 },
	{ "HS512", HMAC, "SHA512", 0 },
	{ "RS256", RSA_PKCS1, "SHA256", 0 },
	{ "RS384", RSA_PKCS1, "SHA384", 0 },
	{ "RS512", RSA_PKCS1, "SHA512", 0 },
	{ "ES256", ECDSA, "SHA256", 32 },
	{ "ES384", ECDSA, "SHA384", 48 },
	{ "ES512", ECDSA, "SHA512", 66 },
};

enum { COORDINATE_MAX = 66 };

/* One of the two is there, by the family. */
struct token_signature {
	const struct algorithm *algorithm;
	EVP_MAC_CTX *mac;
	EVP_MD_CTX *digest;
};

DEFINE_CLEANUP(BIO *, BIO_free_all)
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(EVP_MAC *, EVP_MAC_free)
DEFINE_CLEANUP(EVP_MAC_CTX *, EVP_MAC_CTX_free)
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free)
DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free)

static const struct algorithm *find_algorithm(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(algorithms); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

static int prepare_mac(struct token_signature *signature, struct slice key)
{
	_cleanup_(freeing_EVP_MAC_free) EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
			(char *)signature->algorithm->digest, 0),
		OSSL_PARAM_construct_end(),
	};

	if (!mac)
		return -ENOTSUP;
	signature->mac = EVP_MAC_CTX_new(mac);
	if (!signature->mac)
		return -ENOMEM;
	return EVP_MAC_init(signature->mac, (const unsigned char *)key.data, key.len, parameters)
		? 0
		: -ENOTSUP;
}

static int prepare_digest(struct token_signature *signature, struct slice key)
{
	_cleanup_(freeing_BIO_free_all) BIO *from = BIO_new_mem_buf(key.data, (int)key.len);
	_cleanup_(freeing_EVP_PKEY_free) EVP_PKEY *pkey = NULL;

	signature->digest = EVP_MD_CTX_new();
	if (!from || !signature->digest)
		return -ENOMEM;
	pkey = PEM_read_bio_PUBKEY(from, NULL, NULL, NULL);
	if (!pkey)
		return -EINVAL;
	return EVP_DigestVerifyInit_ex(signature->digest, NULL, signature->algorithm->digest, NULL,
		       NULL, pkey, NULL) == 1
		? 0
		: -ENOTSUP;
}

int token_signature_new(const char *algorithm, struct slice key,
	struct token_signature **ret_signature)
{
	_cleanup_(freeing_token_signature_free) struct token_signature *signature =
		calloc(1, sizeof(*signature));
	int r;

	if (!signature)
		return -ENOMEM;
	signature->algorithm = find_algorithm(algorithm);
	if (!signature->algorithm)
		return -ENOTSUP;
	r = signature->algorithm->family == HMAC ? prepare_mac(signature, key)
						 : prepare_digest(signature, key);
	ERR_clear_error();
	if (r == 0)
		*ret_signature = take(signature);
	return r;
}

struct token_signature *token_signature_free(struct token_signature *signature)
{
	if (!signature)
		return NULL;
	EVP_MAC_CTX_free(signature->mac);
	EVP_MD_CTX_free(signature->digest);
	free(signature);
	return NULL;
}

static int check_mac(const struct token_signature *signature, struct slice text, struct slice bytes)
{
	_cleanup_(freeing_EVP_MAC_CTX_free) EVP_MAC_CTX *mac = EVP_MAC_CTX_dup(signature->mac);
	unsigned char expected[EVP_MAX_MD_SIZE];
	size_t len;

	if (!mac || !EVP_MAC_update(mac, (const unsigned char *)text.data, text.len) ||
		!EVP_MAC_final(mac, expected, &len, sizeof(expected)))
		return -ENOMEM;
	return bytes.len == len && CRYPTO_memcmp(bytes.data, expected, len) == 0
		? 0
		: TOKEN_SIGNATURE_WRONG;
}

static int check_digest(const struct token_signature *signature, struct slice text,
	struct slice bytes)
{
	_cleanup_(freeing_EVP_MD_CTX_free) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	int r;

	if (!digest || !EVP_MD_CTX_copy_ex(digest, signature->digest))
		return -ENOMEM;
	r = EVP_DigestVerify(digest, (const unsigned char *)bytes.data, bytes.len,
		(const unsigned char *)text.data, text.len);
	ERR_clear_error();
	return r == 1 ? 0 : TOKEN_SIGNATURE_WRONG;
}

/* Appends the two numbers in DER; 0 if memory runs out. */
static size_t encode_der(struct slice bytes, size_t coordinate, unsigned char *to)
{
	_cleanup_(freeing_ECDSA_SIG_free) ECDSA_SIG *pair = ECDSA_SIG_new();
	const unsigned char *from = (const unsigned char *)bytes.data;
	BIGNUM *r = BN_bin2bn(from, (int)coordinate, NULL);
	BIGNUM *s = BN_bin2bn(from + coordinate, (int)coordinate, NULL);
	int len;

	if (!pair || !r || !s || !ECDSA_SIG_set0(pair, r, s)) {
		BN_free(r);
		BN_free(s);
		return 0;
	}
	len = i2d_ECDSA_SIG(pair, &to);
	return len > 0 ? (size_t)len : 0;
}

static int check_ecdsa(const struct token_signature *signature, struct slice text,
	struct slice bytes)
{
	unsigned char der[2 * COORDINATE_MAX + 16]; /* two integers and a sequence, with headers */
	size_t coordinate = signature->algorithm->coordinate, len;

	if (bytes.len != 2 * coordinate)
		return TOKEN_SIGNATURE_WRONG;
	len = encode_der(bytes, coordinate, der);
	if (len == 0)
		return -ENOMEM;
	return check_digest(signature, text, (struct slice){ (char *)der, len });
}

int token_signature_check(const struct token_signature *signature, struct slice text,
	struct slice bytes)
{
	switch (signature->algorithm->family) {
	case HMAC:
		return check_mac(signature, text, bytes);
	case RSA_PKCS1:
		return check_digest(signature, text, bytes);
	case ECDSA:
		return check_ecdsa(signature, text, bytes);
	}
	return TOKEN_SIGNATURE_WRONG;
}
