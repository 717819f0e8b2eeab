/*
 * Publisher keys and the file of their hashes, see publisher_keys.h.
 *
 * A fast hash is right here. A slow one protects what people think up, which can be guessed; of
 * 256 random bits nobody guesses any part, however fast. For the same reason there is no salt.
 * The hash is of the characters as they are presented, so that sha256sum(1) finds a key's line.
 *
 * A key holds no name and no number by which its line would be found, and no checksum. Its hash
 * is compared with all there can be, in constant time: a few microseconds, next to a request of
 * hundreds, and how long it takes tells nothing of where it was found, or whether. What was cut
 * or mangled on its way has another length or other characters; and scanners for secrets know a
 * key by its beginning and its length.
 */
#include "lib/publisher_keys.h"

#include "lib/base64url.h"
#include "lib/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#define NEVER "never"

enum { PREFIX_LENGTH = sizeof(PUBLISHER_KEY_PREFIX) - 1, SECRET_BYTES = 32 };

void publisher_keys_release(struct publisher_keys *keys)
{
	free(keys->list);
	*keys = (struct publisher_keys){ 0 };
}

/* ---- keys ---- */

bool publisher_key_is_meant(struct slice token)
{
	return token.len >= PREFIX_LENGTH &&
	       memcmp(token.data, PUBLISHER_KEY_PREFIX, PREFIX_LENGTH) == 0;
}

int publisher_key_make(char ret_key[static PUBLISHER_KEY_LENGTH + 1])
{
	unsigned char secret[SECRET_BYTES];

	_Static_assert(PREFIX_LENGTH + BASE64URL_CHARACTERS(SECRET_BYTES) == PUBLISHER_KEY_LENGTH,
		"that is how long a key is");
	if (RAND_priv_bytes(secret, sizeof(secret)) != 1)
		return -EIO;
	memcpy(ret_key, PUBLISHER_KEY_PREFIX, PREFIX_LENGTH);
	base64url_encode((struct slice){ (char *)secret, sizeof(secret) }, ret_key + PREFIX_LENGTH);
	ret_key[PUBLISHER_KEY_LENGTH] = '\0';
	OPENSSL_cleanse(secret, sizeof(secret));
	return 0;
}

static bool key_is_well_formed(struct slice key)
{
	char secret[BASE64URL_BYTES(PUBLISHER_KEY_LENGTH)];
	struct slice rest;
	size_t len;
	int r;

	if (key.len != PUBLISHER_KEY_LENGTH || !publisher_key_is_meant(key))
		return false;
	rest = (struct slice){ key.data + PREFIX_LENGTH, key.len - PREFIX_LENGTH };
	r = base64url_decode(rest, secret, &len);
	OPENSSL_cleanse(secret, sizeof(secret));
	return r == 0;
}

int publisher_key_digest(struct slice key, uint8_t ret_digest[static DIGEST_BYTES])
{
	return key_is_well_formed(key) ? digest_of(key, ret_digest) : PUBLISHER_KEY_MALFORMED;
}

const struct publisher_key *publisher_keys_find(const struct publisher_keys *keys,
	const uint8_t digest[static DIGEST_BYTES])
{
	const struct publisher_key *found = NULL;

	for (size_t i = 0; i < keys->count; i++)
		if (CRYPTO_memcmp(keys->list[i].digest, digest, DIGEST_BYTES) == 0)
			found = &keys->list[i];
	return found;
}

const struct publisher_key *publisher_keys_named(const struct publisher_keys *keys,
	const char *name)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->list[i].name, name) == 0)
			return &keys->list[i];
	return NULL;
}

/* ---- lines ---- */

/* Takes the next word off the line; empty at its end. */
static struct slice take_word(struct slice *line)
{
	struct slice rest = slice_trim(*line), word = rest;

	for (word.len = 0; word.len < rest.len; word.len++)
		if (word.data[word.len] == ' ' || word.data[word.len] == '\t')
			break;
	*line = (struct slice){ rest.data + word.len, rest.len - word.len };
	return word;
}

struct slice publisher_line_name(struct slice line)
{
	struct slice name = take_word(&line);

	return name.len > 0 && name.data[0] != '#' ? name : (struct slice){ 0 };
}

static int hexadecimal(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_digest(struct slice text, uint8_t digest[static DIGEST_BYTES])
{
	if (text.len != 2 * (size_t)DIGEST_BYTES)
		return false;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = hexadecimal(text.data[2 * i]), low = hexadecimal(text.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Returns NULL, or what is wrong. */
static const char *parse_line(struct slice line, struct publisher_key *key)
{
	struct slice name = take_word(&line), digest = take_word(&line);
	struct slice created = take_word(&line), expires = take_word(&line);

	if (!publisher_name_valid(name))
		return "the name must be 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or "
		       "a digit";
	memcpy(key->name, name.data, name.len);
	if (!parse_digest(digest, key->digest))
		return "behind the name must be a SHA-256: 64 hexadecimal digits, in lower case";
	if (timestamp_parse(created, &key->created) < 0)
		return "the third word must be a time such as 2026-01-31T09:30:00Z";
	/* The first moment of 1970 would be taken for never */
	if (!slice_is(expires, NEVER) &&
		(timestamp_parse(expires, &key->expires) < 0 || key->expires == 0))
		return "the fourth word must be such a time, or never";
	return take_word(&line).len > 0 ? "nothing may follow the fourth word" : NULL;
}

/* What keeps the key from standing beside the others, or NULL. */
static const char *conflict(const struct publisher_keys *keys, const struct publisher_key *key)
{
	if (publisher_keys_named(keys, key->name))
		return "there is a key of this name above";
	if (publisher_keys_find(keys, key->digest))
		return "the same key stands above, by another name";
	return keys->count == PUBLISHER_KEYS_MAX ? "there are 256 keys above, as many as there "
						   "may be"
						 : NULL;
}

static int add(struct publisher_keys *keys, const struct publisher_key *key)
{
	struct publisher_key *list = reallocarray(keys->list, keys->count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	keys->list = list;
	list[keys->count++] = *key;
	return 0;
}

static int say(char **ret_problem, const char *path, size_t line, const char *sentence)
{
	if (asprintf(ret_problem, "%s:%zu: %s", path, line, sentence) < 0)
		*ret_problem = NULL;
	return -EINVAL;
}

int publisher_keys_parse(const char *path, struct slice text, struct publisher_keys *ret_keys,
	char **ret_problem)
{
	_cleanup_(publisher_keys_release) struct publisher_keys keys = { 0 };
	struct slice line;

	*ret_problem = NULL;
	for (size_t number = 1; slice_take_line(&text, &line); number++) {
		struct publisher_key key = { 0 };
		const char *problem;
		int r;

		if (publisher_line_name(line).len == 0)
			continue;
		problem = parse_line(line, &key);
		if (!problem)
			problem = conflict(&keys, &key);
		if (problem)
			return say(ret_problem, path, number, problem);
		r = add(&keys, &key);
		if (r < 0)
			return r;
	}
	*ret_keys = take(keys);
	return 0;
}

void publisher_key_format(struct buffer *to, const struct publisher_key *key)
{
	char created[TIMESTAMP_SIZE], expires[TIMESTAMP_SIZE] = NEVER;

	timestamp_format(key->created, created);
	if (key->expires != 0)
		timestamp_format(key->expires, expires);
	buffer_print(to, "%s ", key->name);
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		buffer_print(to, "%02x", key->digest[i]);
	buffer_print(to, " %s %s\n", created, expires);
}

/* ---- files ---- */

static int fail(char **ret_problem, const char *path, const char *sentence, int result)
{
	if (asprintf(ret_problem, "%s: %s", path, sentence) < 0)
		*ret_problem = NULL;
	return result;
}

/* Opens a regular file that only its owner can write; anything else could keep the program waiting. */
static int open_file(const char *path, int *ret_fd, char **ret_problem)
{
	_cleanup_(closing_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0) {
		int error = errno;

		return fail(ret_problem, path, strerror(error), -error);
	}
	if (!S_ISREG(status.st_mode))
		return fail(ret_problem, path, "publisher keys must be in a regular file", -EINVAL);
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return fail(ret_problem, path,
			"others than its owner can write this file, and so make keys; chmod go-w "
			"helps",
			-EPERM);
	if (status.st_size > PUBLISHER_FILE_MAX)
		return fail(ret_problem, path, "a file of publisher keys is at most 65536 bytes",
			-EFBIG);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int read_all(int fd, struct buffer *to)
{
	ssize_t n;

	do {
		char *at = buffer_reserve(to, PUBLISHER_FILE_MAX);

		if (!at)
			return -ENOMEM;
		n = read(fd, at, PUBLISHER_FILE_MAX);
		if (n < 0 && errno != EINTR)
			return -errno;
		to->len += n > 0 ? (size_t)n : 0;
	} while (n != 0 && to->len <= PUBLISHER_FILE_MAX);
	return n == 0 ? 0 : -EFBIG;
}

int publisher_file_read(const char *path, struct buffer *text, char **ret_problem)
{
	_cleanup_(closing_fd) int fd = -1;
	int r;

	*ret_problem = NULL;
	r = open_file(path, &fd, ret_problem);
	if (r == -ENOENT) {
		free(take(*ret_problem));
		return 0;
	}
	if (r < 0)
		return r;
	r = read_all(fd, text);
	return r < 0 ? fail(ret_problem, path, strerror(-r), r) : 0;
}

int publisher_keys_read(const char *path, struct publisher_keys *ret_keys, char **ret_problem)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	int r = publisher_file_read(path, &text, ret_problem);

	return r < 0 ? r : publisher_keys_parse(path, buffer_slice(&text), ret_keys, ret_problem);
}
