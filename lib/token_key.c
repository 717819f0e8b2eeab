/*
 * Key files, see token_key.h. Which key fits which algorithm stands in one
 * table; the sizes are those that RFC 7518, sections 3.2 and 3.3, asks for.
 *
 * What is verified with is a public key, so a private key is turned into its
 * public one here. A key locked with a passphrase is refused: without that, the
 * library would ask for it on the terminal.
 */
#include "lib/token_key.h"

#include "lib/buffer.h"
#include "lib/digest.h"
#include "lib/result.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

enum use { TO_VERIFY, TO_SIGN };

DEFINE_CLEANUP(DIR *, closedir)
DEFINE_CLEANUP(BIO *, BIO_free_all)
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)

static const struct requirement {
	const char *algorithm;
	const char *family; /* as libcrypto calls it; NULL = a secret */
	const char *curve;
	int least; /* bytes of a secret, bits of a modulus */
	const char *description;
} requirements[] = {
	{ "HS256", NULL, NULL, 32, "a secret of at least 32 bytes" },
	{ "HS384", NULL, NULL, 48, "a secret of at least 48 bytes" },
	{ "HS512", NULL, NULL, 64, "a secret of at least 64 bytes" },
	{ "RS256", "RSA", NULL, 2048, "an RSA key of at least 2048 bits in PEM form" },
	{ "RS384", "RSA", NULL, 2048, "an RSA key of at least 2048 bits in PEM form" },
	{ "RS512", "RSA", NULL, 2048, "an RSA key of at least 2048 bits in PEM form" },
	{ "ES256", "EC", "prime256v1", 256, "an EC key of the curve P-256 in PEM form" },
	{ "ES384", "EC", "secp384r1", 384, "an EC key of the curve P-384 in PEM form" },
	{ "ES512", "EC", "secp521r1", 521, "an EC key of the curve P-521 in PEM form" },
};

static const struct requirement *find_requirement(const char *algorithm)
{
	for (size_t i = 0; i < ARRAY_LENGTH(requirements); i++)
		if (strcmp(requirements[i].algorithm, algorithm) == 0)
			return &requirements[i];
	return NULL;
}

void token_key_release(struct token_key *key)
{
	if (key->data)
		OPENSSL_cleanse(key->data, key->len);
	free(key->data);
	free(key->kid);
	token_signature_free(key->signature);
	*key = (struct token_key){ 0 };
}

static int say(char **ret_problem, const char *path, const char *sentence, int result)
{
	if (asprintf(ret_problem, "%s: %s", path, sentence) < 0)
		*ret_problem = NULL;
	return result;
}

/* Opens a regular file; anything else could keep the program waiting. */
static int open_key(const char *path, int *ret_fd, char **ret_problem)
{
	_cleanup_(closing_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0) {
		int error = errno;

		return say(ret_problem, path, strerror(error), -error);
	}
	if (!S_ISREG(status.st_mode))
		return say(ret_problem, path, "a key must be a regular file", -EINVAL);
	if (status.st_size > TOKEN_KEY_MAX)
		return say(ret_problem, path, "a key file is at most 65536 bytes", -EFBIG);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* The whole content; of a file that grows meanwhile, what fits. */
static int read_file(const char *path, struct token_key *key, char **ret_problem)
{
	_cleanup_(closing_fd) int fd = -1;
	ssize_t n;
	int r;

	r = open_key(path, &fd, ret_problem);
	if (r < 0)
		return r;
	key->data = malloc(TOKEN_KEY_MAX);
	if (!key->data)
		return -ENOMEM;
	do {
		n = read(fd, key->data + key->len, TOKEN_KEY_MAX - key->len);
		if (n < 0 && errno != EINTR) {
			int error = errno;

			return say(ret_problem, path, strerror(error), -error);
		}
		key->len += n > 0 ? (size_t)n : 0;
	} while (n != 0 && key->len < TOKEN_KEY_MAX);
	return 0;
}

static bool is_pem(const struct token_key *key)
{
	static const char mark[] = "-----BEGIN ";

	return memmem(key->data, key->len, mark, sizeof(mark) - 1) != NULL;
}

/* A public key as a secret would be known to everyone. */
static int check_secret(struct token_key *key, const struct requirement *requirement)
{
	if (key->len > 0 && key->data[key->len - 1] == '\n')
		key->len--;
	return key->len < (size_t)requirement->least || is_pem(key) ? -EINVAL : 0;
}

static int no_passphrase(char *to, int size, int writing, void *context)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

typedef EVP_PKEY *read_pem(BIO *from, EVP_PKEY **into, pem_password_cb *ask, void *context);

static EVP_PKEY *parse_pem(const struct token_key *key, read_pem *read)
{
	_cleanup_(freeing_BIO_free_all) BIO *from = BIO_new_mem_buf(key->data, (int)key->len);

	return from ? read(from, NULL, no_passphrase, NULL) : NULL;
}

static bool fits(EVP_PKEY *pkey, const struct requirement *requirement)
{
	char curve[64];

	if (!EVP_PKEY_is_a(pkey, requirement->family))
		return false;
	if (!requirement->curve)
		return EVP_PKEY_get_bits(pkey) >= requirement->least;
	return EVP_PKEY_get_group_name(pkey, curve, sizeof(curve), NULL) == 1 &&
	       strcmp(curve, requirement->curve) == 0;
}

/* Puts the one key that is needed in the place of what the file held. */
static int replace_by(struct token_key *key, EVP_PKEY *pkey, enum use use)
{
	_cleanup_(freeing_BIO_free_all) BIO *to = BIO_new(BIO_s_secmem());
	char *data;
	long len;
	int written;

	if (!to)
		return -ENOMEM;
	written = use == TO_SIGN ? PEM_write_bio_PrivateKey(to, pkey, NULL, NULL, 0, NULL, NULL)
				 : PEM_write_bio_PUBKEY(to, pkey);
	len = BIO_get_mem_data(to, &data);
	if (written != 1 || len <= 0 || len > TOKEN_KEY_MAX)
		return -ENOMEM;
	OPENSSL_cleanse(key->data, key->len);
	memcpy(key->data, data, (size_t)len);
	key->len = (size_t)len;
	return 0;
}

static int check_pem(struct token_key *key, const struct requirement *requirement, enum use use)
{
	_cleanup_(freeing_EVP_PKEY_free) EVP_PKEY *pkey = NULL;

	if (use == TO_VERIFY)
		pkey = parse_pem(key, PEM_read_bio_PUBKEY);
	if (!pkey)
		pkey = parse_pem(key, PEM_read_bio_PrivateKey);
	ERR_clear_error();
	if (!pkey || !fits(pkey, requirement))
		return -EINVAL;
	return replace_by(key, pkey, use);
}

static int say_required(char **ret_problem, const char *path, const struct requirement *requirement,
	enum use use)
{
	bool private = requirement->family && use == TO_SIGN;

	if (asprintf(ret_problem, "%s: %s needs %s%s", path, requirement->algorithm,
		    requirement->description, private ? ", the private one" : "") < 0)
		*ret_problem = NULL;
	return -EINVAL;
}

/* Reads one file and names the key; kid is NULL for key-file. */
static int read_key(const struct config *config, const char *path, const char *kid, enum use use,
	struct token_key *ret_key, char **ret_problem)
{
	const struct requirement *requirement = find_requirement(config->auth.algorithm);
	_cleanup_(token_key_release) struct token_key key = { 0 };
	int r;

	if (!requirement)
		return say(ret_problem, config->auth.algorithm, "no such algorithm", -EINVAL);
	r = read_file(path, &key, ret_problem);
	if (r < 0)
		return r;
	r = requirement->family ? check_pem(&key, requirement, use)
				: check_secret(&key, requirement);
	if (r == 0 && use == TO_VERIFY)
		r = token_signature_new(config->auth.algorithm,
			(struct slice){ key.data, key.len }, &key.signature);
	if (r == -EINVAL)
		return say_required(ret_problem, path, requirement, use);
	if (r == -ENOTSUP)
		return say(ret_problem, config->auth.algorithm,
			"this libcrypto does not have the algorithm", r);
	if (r == 0 && kid) {
		key.kid = strdup(kid);
		if (!key.kid)
			r = -ENOMEM;
	}
	if (r < 0)
		return r;
	*ret_key = key;
	key = (struct token_key){ 0 };
	return 0;
}

static int read_named_key(const struct config *config, const char *kid, enum use use,
	struct token_key *ret_key, char **ret_problem)
{
	_cleanup_(freeing_memory) char *path = NULL;

	if (asprintf(&path, "%s/%s", config->auth.keys_dir, kid) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return read_key(config, path, kid, use, ret_key, ret_problem);
}

/*
 * A name for the key that tells nothing of it. A hash of one of a few secrets could be tried
 * out; of one that is long enough to be taken, it cannot.
 */
static int identify(const struct config *config, struct token_key *key)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	uint8_t digest[DIGEST_BYTES];
	int r;

	buffer_reserve(&text, key->len + 512); /* what grows leaves copies of the key behind */
	buffer_print(&text, "%s%c%s%c", config->auth.algorithm, key->kid ? 'k' : 'f',
		key->kid ? key->kid : "", '\0');
	buffer_append(&text, key->data, key->len);
	r = buffer_status(&text);
	if (r == 0)
		r = digest_of(buffer_slice(&text), digest);
	if (text.data)
		OPENSSL_cleanse(text.data, text.len);
	if (r == 0)
		memcpy(&key->identity, digest, sizeof(key->identity));
	return r;
}

/* Appends a key to verify with. */
static int add_key(struct token_keys *keys, const struct config *config, const char *kid,
	char **ret_problem)
{
	struct token_key *list = reallocarray(keys->list, keys->count + 1, sizeof(*list));
	int r;

	if (!list)
		return -ENOMEM;
	keys->list = list;
	r = kid ? read_named_key(config, kid, TO_VERIFY, &list[keys->count], ret_problem)
		: read_key(config, config->auth.key_file, NULL, TO_VERIFY, &list[keys->count],
			  ret_problem);
	if (r < 0)
		return r;
	keys->count++;
	return identify(config, &list[keys->count - 1]);
}

static int add_directory(struct token_keys *keys, const struct config *config, char **ret_problem)
{
	_cleanup_(freeing_closedir) DIR *dir = opendir(config->auth.keys_dir);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		int error = errno;

		return say(ret_problem, config->auth.keys_dir, strerror(error), -error);
	}
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = add_key(keys, config, entry->d_name, ret_problem);
	return r;
}

int token_keys_read(const struct config *config, struct token_keys *ret_keys, char **ret_problem)
{
	_cleanup_(token_keys_release) struct token_keys keys = { 0 };
	int r = 0;

	*ret_problem = NULL;
	if (*config->auth.key_file)
		r = add_key(&keys, config, NULL, ret_problem);
	if (r == 0 && *config->auth.keys_dir)
		r = add_directory(&keys, config, ret_problem);
	if (r < 0)
		return r;
	if (keys.count == 0)
		return say(ret_problem, *config->auth.keys_dir ? config->auth.keys_dir : "key-file",
			"there is no key to verify tokens with", -ENOKEY);
	*ret_keys = keys;
	keys = (struct token_keys){ 0 };
	return 0;
}

void token_keys_release(struct token_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		token_key_release(&keys->list[i]);
	free(keys->list);
	*keys = (struct token_keys){ 0 };
}

const struct token_key *token_keys_find(const struct token_keys *keys, struct slice kid)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct token_key *key = &keys->list[i];

		if (kid.data ? key->kid && slice_is(kid, key->kid) : !key->kid)
			return key;
	}
	return NULL;
}

/* The kid of the only key, where there is no key-file. */
static int find_only_key(const struct config *config, char **ret_kid, char **ret_problem)
{
	_cleanup_(token_keys_release) struct token_keys keys = { 0 };
	int r;

	r = token_keys_read(config, &keys, ret_problem);
	if (r < 0)
		return r;
	if (keys.count > 1)
		return say(ret_problem, config->auth.keys_dir,
			"there are several keys: name one of them", -EINVAL);
	*ret_kid = take(keys.list[0].kid);
	return 0;
}

int token_key_read_private(const struct config *config, const char *kid, struct token_key *ret_key,
	char **ret_problem)
{
	_cleanup_(freeing_memory) char *only_kid = NULL;
	int r;

	*ret_problem = NULL;
	if (!kid && *config->auth.key_file)
		return read_key(config, config->auth.key_file, NULL, TO_SIGN, ret_key, ret_problem);
	if (!kid) {
		r = find_only_key(config, &only_kid, ret_problem);
		if (r < 0)
			return r;
	} else if (!*config->auth.keys_dir || !*kid || *kid == '.' || strchr(kid, '/')) {
		return say(ret_problem, kid, "there is no key of this name in keys-dir", -ENOKEY);
	}
	return read_named_key(config, kid ? kid : only_kid, TO_SIGN, ret_key, ret_problem);
}
