/*
 * What callers present as a token: the input as it is, and, so that the reading
 * of headers and claims is reached too, "HEADER\nPAYLOAD" as a token that is
 * rightly signed. One that is accepted must speak for a valid user.
 */
#include "lib/buffer.h"
#include "lib/notification.h"
#include "lib/token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1800000000 };

static const char secret[] = "0123456789abcdef0123456789abcdef";

/* A verifier whose key file is needed for this moment only. */
static struct token_verifier *make_verifier(void)
{
	static char path[] = "/tmp/tidings-fuzz-XXXXXX", algorithm[] = "HS256", empty[] = "";
	static char user[] = "sub", role[] = "role", admin[] = "admin", scope[] = "write";
	static char *roles[] = { admin, NULL };
	static struct config config;
	struct token_verifier *verifier = NULL;
	char *problem = NULL;
	int fd = mkstemp(path);

	config.auth.algorithm = algorithm;
	config.auth.key_file = path;
	config.auth.keys_dir = config.auth.issuer = config.auth.audience = empty;
	config.auth.user_claim = user;
	config.auth.role_claim = role;
	config.auth.publisher_roles = config.auth.admin_roles = roles;
	config.auth.publisher_scope = scope;
	if (fd < 0 || write(fd, secret, strlen(secret)) != (ssize_t)strlen(secret) ||
		token_verifier_new(&config, &verifier, &problem) != 0)
		abort();
	close(fd);
	unlink(path);
	return verifier;
}

static void check(const struct token_verifier *verifier, struct slice token)
{
	struct principal principal = { 0 };
	int r = token_verify(verifier, token, NOW, &principal);

	if (r < 0 || r >= TOKEN_ERRORS || r == TOKEN_MISSING || r == TOKEN_REVOKED)
		abort();
	if (r == 0 &&
		(!notification_user_valid(slice_of(principal.user)) || principal.expires <= NOW))
		abort();
	if (r != 0 && principal.user)
		abort();
	principal_release(&principal);
}

static void append_base64url(struct buffer *to, const uint8_t *data, size_t n)
{
	_cleanup_(freeing_memory) unsigned char *text = malloc(n / 3 * 4 + 8);
	int len = text ? EVP_EncodeBlock(text, data, (int)n) : 0;

	for (int i = 0; i < len && text[i] != '='; i++)
		buffer_append(to,
			text[i] == '+'	 ? "-"
			: text[i] == '/' ? "_"
					 : (char *)&text[i],
			1);
}

static void check_signed(const struct token_verifier *verifier, const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	_cleanup_(buffer_release) struct buffer token = { 0 };
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!end)
		return;
	append_base64url(&token, data, (size_t)(end - data));
	buffer_append_string(&token, ".");
	append_base64url(&token, end + 1, size - (size_t)(end + 1 - data));
	if (buffer_status(&token) < 0)
		return;
	HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)token.data, token.len, mac,
		&len);
	buffer_append_string(&token, ".");
	append_base64url(&token, mac, len);
	check(verifier, buffer_slice(&token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct token_verifier *verifier;

	if (!verifier)
		verifier = make_verifier();
	check(verifier, (struct slice){ (const char *)data, size });
	if (size > 0)
		check_signed(verifier, data, size);
	return 0;
}
