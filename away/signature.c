/* Secrets and what is signed with them, see signature.h. */
#include "away/signature.h"

#include "lib/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { MAC_BYTES = 32 };

static const char VERSION_MARK[] = "v1,";

void secret_wipe(struct secret *secret)
{
	OPENSSL_cleanse(secret, sizeof(*secret));
}

int secret_read(const char *path, struct secret *ret_secret)
{
	_cleanup_(closing_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_(secret_wipe) struct secret secret = { 0 };
	ssize_t n = fd < 0 ? -1 : read(fd, secret.data, sizeof(secret.data));

	if (n < 0)
		return -errno;
	secret.len = (size_t)n;
	if (secret.len == sizeof(secret.data))
		return -EMSGSIZE;
	if (secret.len > 0 && secret.data[secret.len - 1] == '\n')
		secret.len--;
	if (secret.len < SECRET_MIN)
		return -EMSGSIZE;
	*ret_secret = secret;
	return 0;
}

int signature_make(const struct secret *secret, const char *id, int64_t timestamp,
	struct slice body, char ret_text[static SIGNATURE_SIZE])
{
	_cleanup_(buffer_release) struct buffer content = { 0 };
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	buffer_print(&content, "%s.%" PRId64 ".", id, timestamp);
	buffer_append_slice(&content, body);
	if (buffer_status(&content) < 0 ||
		!HMAC(EVP_sha256(), secret->data, (int)secret->len,
			(const unsigned char *)content.data, content.len, mac, &len) ||
		len != MAC_BYTES)
		return -ENOMEM;
	memcpy(ret_text, VERSION_MARK, sizeof(VERSION_MARK));
	EVP_EncodeBlock((unsigned char *)ret_text + strlen(VERSION_MARK), mac, MAC_BYTES);
	return 0;
}
