/*
 * The page tidings.conf(5) and the sample file say of every key what the table of
 * keys says, and of no other key anything. Both are read as they are installed.
 */
#include "lib/config.h"
#include "tests/tap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct buffer read_file(const char *name)
{
	const char *directory = getenv("top_builddir");
	struct buffer text = { 0 };
	char path[4096];
	FILE *file;
	int c;

	snprintf(path, sizeof(path), "%s/%s", directory ? directory : ".", name);
	file = fopen(path, "r");
	if (!file) {
		tap_ok(false, "%s can be opened", path);
		exit(tap_done());
	}
	while ((c = getc(file)) != EOF)
		buffer_append(&text, &(char){ (char)c }, 1);
	fclose(file);
	if (!buffer_string(&text))
		abort();
	return text;
}

/* In the largest unit that divides it. */
static void print_limit(struct buffer *to, enum config_kind kind, uint64_t value)
{
	static const char sizes[] = "\0KMG", times[] = "smhd";
	static const unsigned size_steps[] = { 1024, 1024, 1024 }, time_steps[] = { 60, 60, 24 };
	const unsigned *steps = kind == CONFIG_SIZE ? size_steps : time_steps;
	size_t i = 0;

	while (kind != CONFIG_NUMBER && i < 3 && value >= steps[i] && value % steps[i] == 0)
		value /= steps[i++];
	buffer_print(to, "%" PRIu64, value);
	if (kind == CONFIG_DURATION)
		buffer_append(to, &times[i], 1);
	else
		buffer_append(to, &sizes[i], i > 0);
}

/* "(64M; 1M to 64G)", as the page has it behind the key's name */
static void print_summary(struct buffer *to, const struct config_key *key)
{
	buffer_append_string(to, *key->default_value ? key->default_value : "empty");
	if (key->kind == CONFIG_SIZE || key->kind == CONFIG_DURATION || key->kind == CONFIG_NUMBER) {
		buffer_append_string(to, "; ");
		print_limit(to, key->kind, key->min);
		buffer_append_string(to, " to ");
		print_limit(to, key->kind, key->max);
	}
}

/* What the whole page must have as its keys, in this order. */
static void print_expected_page(struct buffer *to)
{
	const struct config_key *keys = config_keys();

	for (size_t i = 0; keys[i].section; i++) {
		if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0)
			buffer_print(to, ".Ss Section %s\n", keys[i].section);
		buffer_print(to, ".It Sy %s Pq ", keys[i].name);
		print_summary(to, &keys[i]);
		buffer_append_string(to, "\n");
	}
}

static bool begins_with(const char *line, const char *prefix)
{
	return strncmp(line, prefix, strlen(prefix)) == 0;
}

static void test_page(void)
{
	_cleanup_(buffer_release) struct buffer page = read_file("man/tidings.conf.5");
	_cleanup_(buffer_release) struct buffer expected = { 0 }, seen = { 0 };
	const char *line = page.data;

	print_expected_page(&expected);
	for (; *line; line += strcspn(line, "\n") + 1) {
		if (begins_with(line, ".Ss Section ") || begins_with(line, ".It Sy "))
			buffer_append(&seen, line, strcspn(line, "\n") + 1);
	}
	ok_string_equal(buffer_string(&seen), buffer_string(&expected),
		"the page has all keys, with default and range");
}

/* The words that a key may be must each stand in the page. */
static void test_page_words(void)
{
	_cleanup_(buffer_release) struct buffer page = read_file("man/tidings.conf.5");

	for (const struct config_key *key = config_keys(); key->section; key++) {
		char name[64], *entry, *end;

		if (!key->format || !key->format->words)
			continue;
		snprintf(name, sizeof(name), "\n.It Sy %s Pq ", key->name);
		entry = strstr(page.data, name);
		end = entry ? strstr(entry + 1, "\n.It Sy ") : NULL;
		for (const char *const *word = key->format->words; *word; word++) {
			char *at = entry ? strstr(entry + strlen(name), *word) : NULL;

			tap_ok(at && (!end || at < end), "the page has %s = %s", key->name, *word);
		}
	}
}

/* The sample says nothing, until its keys are taken in: then it says the defaults. */
static void test_sample(void)
{
	_cleanup_(buffer_release) struct buffer sample = read_file("conf/tidings.conf");
	_cleanup_(buffer_release) struct buffer expected = { 0 }, seen = { 0 };
	const struct config_key *keys = config_keys();
	unsigned set = 0, long_lines = 0;

	for (size_t i = 0; keys[i].section; i++) {
		if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0)
			buffer_print(&expected, "[%s]\n", keys[i].section);
		buffer_print(&expected, "#%s =%s%s\n", keys[i].name,
			*keys[i].default_value ? " " : "", keys[i].default_value);
	}
	for (const char *line = sample.data; *line; line += strcspn(line, "\n") + 1) {
		size_t len = strcspn(line, "\n");

		set += *line != '#' && *line != '[' && *line != '\n';
		long_lines += len > 85 && line[1] == ' '; /* values may be paths */
		if (*line == '[' || (*line == '#' && line[1] != ' ' && line[1] != '\n'))
			buffer_append(&seen, line, len + 1);
	}
	ok_string_equal(buffer_string(&seen), buffer_string(&expected),
		"the sample has all keys, with their defaults");
	ok_int_equal(set, 0, "and sets none of them");
	ok_int_equal(long_lines, 0, "in lines that fit a screen");
}

static void test_sample_is_read(void)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	const char *directory = getenv("top_builddir");
	char path[4096];

	snprintf(path, sizeof(path), "%s/conf/tidings.conf", directory ? directory : ".");
	ok_int_equal(config_load(path, &config, &problems), 0, "the sample is accepted");
	ok_string_equal(buffer_string(&problems), "", "without a word");
}

int main(void)
{
	test_page();
	test_page_words();
	test_sample();
	test_sample_is_read();
	return tap_done();
}
