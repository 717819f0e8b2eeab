/*
 * Makes tokens for tests, right and wrong ones alike: nothing is checked.
 *
 *	mint KEY-FILE HEADER PAYLOAD
 *
 * prints the JSON texts as a compact token with an HMAC over them, by SHA-384 or
 * SHA-512 if the header names HS384 or HS512, else by SHA-256. The key is what
 * the file holds less a newline at its end.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 65536, KEY_MAX = 4096 };

/* Appends base64url without padding; returns its length. */
static size_t encode(char *to, const void *data, size_t len)
{
	size_t n = (size_t)EVP_EncodeBlock((unsigned char *)to, data, (int)len);

	while (n > 0 && to[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++)
		to[i] = to[i] == '+' ? '-' : to[i] == '/' ? '_' : to[i];
	return n;
}

static size_t read_key(const char *path, char *key)
{
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(key, 1, KEY_MAX, file) : 0;

	if (file)
		fclose(file);
	return n > 0 && key[n - 1] == '\n' ? n - 1 : n;
}

int main(int argc, char **argv)
{
	static char token[4 * TEXT_MAX];
	char key[KEY_MAX];
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = 0;
	const EVP_MD *digest = EVP_sha256();
	size_t key_len, len;

	if (argc != 4 || strlen(argv[2]) > TEXT_MAX || strlen(argv[3]) > TEXT_MAX)
		return 2;
	key_len = read_key(argv[1], key);
	if (key_len == 0)
		return 1;
	if (strstr(argv[2], "HS384"))
		digest = EVP_sha384();
	if (strstr(argv[2], "HS512"))
		digest = EVP_sha512();
	len = encode(token, argv[2], strlen(argv[2]));
	token[len++] = '.';
	len += encode(token + len, argv[3], strlen(argv[3]));
	HMAC(digest, key, (int)key_len, (unsigned char *)token, len, mac, &mac_len);
	token[len++] = '.';
	len += encode(token + len, mac, mac_len);
	token[len] = '\0';
	puts(token);
	return 0;
}
