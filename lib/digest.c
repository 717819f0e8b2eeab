/* SHA-256, see digest.h. */
#include "lib/digest.h"

#include <errno.h>
#include <openssl/evp.h>

int digest_of(struct slice bytes, uint8_t ret_digest[static DIGEST_BYTES])
{
	size_t len = 0;

	if (EVP_Q_digest(NULL, "SHA256", NULL, bytes.data, bytes.len, ret_digest, &len) != 1 ||
		len != DIGEST_BYTES)
		return -ENOMEM;
	return 0;
}
