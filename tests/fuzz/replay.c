/*
 * Runs one fuzz target over its seeds, without a fuzzer: every make check goes
 * through them. replay-NAME reads $top_srcdir/tests/fuzz/seeds/NAME; with
 * arguments it reads those files instead, to look into a finding.
 */
#include "lib/buffer.h"
#include "tests/tap.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_file(const char *path, struct buffer *to)
{
	_cleanup_(closing_file) FILE *file = fopen(path, "r");
	char piece[4096];
	size_t n;

	if (!file)
		return false;
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		buffer_append(to, piece, n);
	return !ferror(file) && buffer_status(to) == 0;
}

/* The target gets memory of exactly the seed's size; it ends the program if it fails. */
static void replay(const char *path)
{
	_cleanup_(buffer_release) struct buffer seed = { 0 };
	uint8_t *data;

	if (!tap_ok(read_file(path, &seed), "%s is read", path))
		return;
	data = malloc(seed.len + (seed.len == 0));
	if (!data)
		abort();
	if (seed.len > 0)
		memcpy(data, seed.data, seed.len);
	ok_int_equal(LLVMFuzzerTestOneInput(data, seed.len), 0, "%s", path);
	free(data);
}

static int is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay_directory(const char *directory)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, is_seed, alphasort);

	if (!tap_ok(count > 0, "%s holds seeds", directory) && count < 0)
		return;
	for (int i = 0; i < count; i++) {
		_cleanup_(buffer_release) struct buffer path = { 0 };

		buffer_print(&path, "%s/%s", directory, entries[i]->d_name);
		replay(buffer_string(&path));
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char *argv[])
{
	_cleanup_(buffer_release) struct buffer directory = { 0 };
	const char *top = getenv("top_srcdir");
	const char *name = strstr(program_invocation_short_name, "replay-");

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc == 1) {
		buffer_print(&directory, "%s/tests/fuzz/seeds/%s", top ? top : ".",
			name ? name + strlen("replay-") : "");
		replay_directory(buffer_string(&directory));
	}
	return tap_done();
}
