/* Signatures of every algorithm: the right one, and all that are nearly right. */
#include "lib/token_signature.h"

#include "lib/base64url.h"
#include "tests/tap.h"
#include "tests/unit/token_fixture.h"

#include <errno.h>

enum { BYTES_MAX = 1024 };

/* A token's text that is signed, and its signature. */
struct signed_text {
	struct slice text;
	char bytes[BYTES_MAX];
	size_t len;
};

static struct signed_text take_apart(struct slice token)
{
	struct signed_text parts = { 0 };
	const char *dot = memrchr(token.data, '.', token.len);
	size_t len = (size_t)(dot - token.data);
	struct slice signature = { dot + 1, token.len - len - 1 };

	parts.text = (struct slice){ token.data, len };
	if (base64url_decode(signature, parts.bytes, &parts.len) < 0)
		tap_ok(false, "a signature can be decoded");
	return parts;
}

static struct token_signature *make(const struct fixture_signer *signer)
{
	_cleanup_(freeing_memory) char *pem =
		signer->pkey ? fixture_pem(signer->pkey, FIXTURE_PUBLIC) : NULL;
	struct token_signature *signature = NULL;

	ok_int_equal(token_signature_new(signer->algorithm, slice_of(pem ? pem : signer->secret),
			     &signature),
		0, "a key for %s", signer->algorithm);
	return signature;
}

static int check(const struct token_signature *signature, const struct signed_text *parts,
	size_t len)
{
	return token_signature_check(signature, parts->text, (struct slice){ parts->bytes, len });
}

/* Any bit of the signature, any length but its own, and another text. */
static void test_near_misses(const struct fixture_signer *signer)
{
	_cleanup_(freeing_token_signature_free) struct token_signature *signature = make(signer);
	_cleanup_(buffer_release) struct buffer token = { 0 };
	struct signed_text parts = take_apart(fixture_plain_token(&token, signer));
	unsigned accepted = 0;

	ok_int_equal(check(signature, &parts, parts.len), 0, "its signature is right");
	ok_int_equal(check(signature, &parts, parts.len), 0, "as often as one asks");
	for (size_t i = 0; i < parts.len; i++) {
		parts.bytes[i] = (char)(parts.bytes[i] ^ 1 << i % 8);
		accepted += check(signature, &parts, parts.len) != TOKEN_SIGNATURE_WRONG;
		parts.bytes[i] = (char)(parts.bytes[i] ^ 1 << i % 8);
	}
	for (size_t len = 0; len < parts.len + 8; len++)
		accepted += len != parts.len && check(signature, &parts, len) != TOKEN_SIGNATURE_WRONG;
	parts.text.len--;
	accepted += check(signature, &parts, parts.len) != TOKEN_SIGNATURE_WRONG;
	ok_int_equal(accepted, 0, "and nothing else is");
}

/* ECDSA: numbers that no signature has, which once were taken for good ones elsewhere. */
static void test_null_signature(void)
{
	const struct fixture_signer signer = { "ES256", NULL, fixture.p256 };
	_cleanup_(freeing_token_signature_free) struct token_signature *signature = make(&signer);
	struct signed_text parts = { .text = SLICE("text"), .len = 64 };

	ok_int_equal(check(signature, &parts, 64), TOKEN_SIGNATURE_WRONG, "zeros");
	parts.bytes[31] = parts.bytes[63] = 1;
	ok_int_equal(check(signature, &parts, 64), TOKEN_SIGNATURE_WRONG, "ones");
	memset(parts.bytes, 0xff, 64);
	ok_int_equal(check(signature, &parts, 64), TOKEN_SIGNATURE_WRONG,
		"numbers above the order of the curve");
}

static void test_bad_keys(void)
{
	struct token_signature *signature = NULL;

	ok_int_equal(token_signature_new("none", SLICE("key"), &signature), -ENOTSUP, "none");
	ok_int_equal(token_signature_new("HS1", SLICE("key"), &signature), -ENOTSUP, "HS1");
	ok_int_equal(token_signature_new("RS256", SLICE("key"), &signature), -EINVAL, "no PEM");
	tap_ok(!signature, "and nothing is handed out");
}

int main(void)
{
	const struct fixture_signer *signers;
	size_t count;

	fixture_open();
	signers = fixture_signers(&count);
	for (size_t i = 0; i < count; i++)
		test_near_misses(&signers[i]);
	test_null_signature();
	test_bad_keys();
	fixture_close();
	return tap_done();
}
