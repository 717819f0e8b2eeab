/* Configuration values, one parser and one printer a kind, see config_value.h. */
#include "lib/config_value.h"

#include <errno.h>
#include <inttypes.h>

struct unit {
	char suffix;
	uint64_t value;
};

/* From the largest, for printing. */
static const struct unit sizes[] = {
	{ 'G', UINT64_C(1) << 30 },
	{ 'M', UINT64_C(1) << 20 },
	{ 'K', UINT64_C(1) << 10 },
	{ 0 },
};
static const struct unit durations[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 },
	{ 0 } };

static void *field_of(const struct config_key *key, struct config *config)
{
	return (char *)config + key->offset;
}

static const void *const_field_of(const struct config_key *key, const struct config *config)
{
	return (const char *)config + key->offset;
}

/* In the largest unit that divides it. */
static void print_in_units(struct buffer *to, uint64_t number, const struct unit *units)
{
	while (units->suffix && (number == 0 || number % units->value != 0))
		units++;
	buffer_append_decimal(to, units->suffix ? number / units->value : number);
	buffer_append(to, &units->suffix, units->suffix ? 1 : 0);
}

/* "a size from 1K to 4M", with what tells how such a value is written. */
static void print_range(struct buffer *to, const struct config_key *key, const char *noun,
	const struct unit *units, const char *written)
{
	buffer_print(to, "a %s from ", noun);
	print_in_units(to, key->min, units);
	buffer_append_string(to, " to ");
	print_in_units(to, key->max, units);
	buffer_append_string(to, written);
}

static void print_words(struct buffer *to, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		buffer_print(to, "%s%s", i == 0 ? "" : ", ", words[i]);
}

/* What the kind and the format ask for: "a number from 1 to 5". */
static void print_noun(struct buffer *to, const struct config_key *key)
{
	if (key->format && key->format->words) {
		buffer_append_string(to, key->format->words[1] ? "one of " : "");
		print_words(to, key->format->words);
	} else if (key->format) {
		buffer_append_string(to, key->format->noun);
	} else if (key->kind == CONFIG_BOOL) {
		buffer_append_string(to, "yes or no");
	} else if (key->kind == CONFIG_NUMBER) {
		buffer_print(to, "a number from %" PRIu64 " to %" PRIu64, key->min, key->max);
	} else if (key->kind == CONFIG_SIZE) {
		print_range(to, key, "size", sizes, ", in bytes or with K, M or G behind it");
	} else if (key->kind == CONFIG_DURATION) {
		print_range(to, key, "time", durations, ", with s, m, h or d behind the number");
	} else {
		buffer_append_string(to, "an absolute path");
	}
}

static int refuse(struct buffer *problem, const struct config_key *key, const char *text)
{
	buffer_print(problem, "\"%s\" is not ", text);
	print_noun(problem, key);
	return CONFIG_INVALID;
}

/* Finds a word's index, or -1. */
static int find_word(const char *const *words, const char *text)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0)
			return i;
	}
	return -1;
}

static bool format_allows(const struct config_format *format, const char *text)
{
	if (!format)
		return true;
	return format->words ? find_word(format->words, text) >= 0 : format->valid(text);
}

/* What an administrator expects from other files, and what would be taken literally here. */
static bool is_quoted(const char *text)
{
	size_t len = strlen(text);

	return len > 1 && (text[0] == '"' || text[0] == '\'') && text[len - 1] == text[0];
}

/* Checks a string, or one item of a list. */
static int check_text(const struct config_key *key, const char *text, struct buffer *problem)
{
	size_t len = strlen(text);

	if (is_quoted(text)) {
		buffer_print(problem, "%s is to be written without the quotation marks", text);
		return CONFIG_INVALID;
	}
	if (len < key->min) {
		buffer_append_string(problem, "must not be empty");
		return CONFIG_INVALID;
	}
	if (len > key->max) {
		buffer_print(problem, "is longer than %" PRIu64 " bytes", key->max);
		return CONFIG_INVALID;
	}
	if (len > 0 &&
		(!format_allows(key->format, text) || (key->kind == CONFIG_PATH && text[0] != '/')))
		return refuse(problem, key, text);
	return 0;
}

static int parse_string(const struct config_key *key, const char *text, void *field,
	struct buffer *problem)
{
	int result = check_text(key, text, problem);
	char *copy;

	if (result != 0)
		return result;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	*(char **)field = copy;
	return 0;
}

static char **free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
	return NULL;
}

DEFINE_CLEANUP(char **, free_list)

/* Takes the text up to the next comma off the front, without white space around it. */
static char *next_item(const char **text)
{
	const char *begin = *text + strspn(*text, " \t");
	const char *comma = begin + strcspn(begin, ",");
	const char *end = comma;

	while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*text = *comma ? comma + 1 : NULL;
	return strndup(begin, (size_t)(end - begin));
}

static size_t count_items(const char *text)
{
	size_t count = *text ? 1 : 0;

	for (; *text; text++)
		count += *text == ',';
	return count;
}

static int check_item(const struct config_key *key, char *const *list, const char *item,
	struct buffer *problem)
{
	if (*item == '\0') {
		buffer_append_string(problem, "has an empty item in its list");
		return CONFIG_INVALID;
	}
	if (find_word((const char *const *)list, item) >= 0) {
		buffer_print(problem, "\"%s\" stands in the list twice", item);
		return CONFIG_INVALID;
	}
	return check_text(key, item, problem);
}

static int parse_list(const struct config_key *key, const char *text, void *field,
	struct buffer *problem)
{
	size_t count = count_items(text);
	_cleanup_(freeing_free_list) char **list = calloc(count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		_cleanup_(freeing_memory) char *item = next_item(&text);
		int result = item ? check_item(key, list, item, problem) : -ENOMEM;

		if (result != 0)
			return result;
		list[i] = take(item);
	}
	*(char ***)field = take(list);
	return 0;
}

static int parse_bool(const struct config_key *key, const char *text, void *field,
	struct buffer *problem)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return refuse(problem, key, text);
	*(bool *)field = text[0] == 'y';
	return 0;
}

/* Digits, then what is left in *text. Returns false without a digit, or above 2^64 - 1. */
static bool take_digits(const char **text, uint64_t *ret_value)
{
	const char *begin = *text;
	uint64_t value = 0;

	for (; **text >= '0' && **text <= '9'; ++*text) {
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
			__builtin_add_overflow(value, (uint64_t)(**text - '0'), &value))
			return false;
	}
	*ret_value = value;
	return *text > begin;
}

/* A size may have none, a duration must have one. */
static bool take_suffix(enum config_kind kind, const char **text, uint64_t *value)
{
	const struct unit *unit = kind == CONFIG_SIZE ? sizes : durations;

	if (kind == CONFIG_NUMBER)
		return true;
	while (unit->suffix && unit->suffix != **text)
		unit++;
	if (!unit->suffix)
		return kind == CONFIG_SIZE;
	++*text;
	return !__builtin_mul_overflow(*value, unit->value, value);
}

static int parse_number(const struct config_key *key, const char *text, void *field,
	struct buffer *problem)
{
	const char *rest = text;
	uint64_t value;

	if (!take_digits(&rest, &value) || !take_suffix(key->kind, &rest, &value) || *rest ||
		value < key->min || value > key->max)
		return refuse(problem, key, text);
	if (key->kind == CONFIG_SIZE)
		*(uint64_t *)field = value;
	else
		*(unsigned *)field = (unsigned)value;
	return 0;
}

static int parse_choice(const struct config_key *key, const char *text, void *field,
	struct buffer *problem)
{
	int index = find_word(key->format->words, text);

	if (index < 0)
		return refuse(problem, key, text);
	*(unsigned *)field = (unsigned)index;
	return 0;
}

static int (*const parsers[])(const struct config_key *key, const char *text, void *field,
	struct buffer *problem) = {
	[CONFIG_STRING] = parse_string,
	[CONFIG_PATH] = parse_string,
	[CONFIG_LIST] = parse_list,
	[CONFIG_BOOL] = parse_bool,
	[CONFIG_NUMBER] = parse_number,
	[CONFIG_DURATION] = parse_number,
	[CONFIG_SIZE] = parse_number,
	[CONFIG_CHOICE] = parse_choice,
};

int config_value_parse(const struct config_key *key, const char *text, struct config *config,
	struct buffer *problem)
{
	return parsers[key->kind](key, text, field_of(key, config), problem);
}

static void print_list(struct buffer *to, char *const *list)
{
	for (size_t i = 0; list[i]; i++)
		buffer_print(to, "%s%s", i == 0 ? "" : ",", list[i]);
}

void config_value_format(struct buffer *to, const struct config_key *key,
	const struct config *config)
{
	const void *field = const_field_of(key, config);

	switch (key->kind) {
	case CONFIG_STRING:
	case CONFIG_PATH:
		buffer_append_string(to, *(char *const *)field);
		break;
	case CONFIG_LIST:
		print_list(to, *(char *const *const *)field);
		break;
	case CONFIG_BOOL:
		buffer_append_string(to, *(const bool *)field ? "yes" : "no");
		break;
	case CONFIG_NUMBER:
		buffer_append_decimal(to, *(const unsigned *)field);
		break;
	case CONFIG_DURATION:
		print_in_units(to, *(const unsigned *)field, durations);
		break;
	case CONFIG_SIZE:
		print_in_units(to, *(const uint64_t *)field, sizes);
		break;
	case CONFIG_CHOICE:
		buffer_append_string(to, key->format->words[*(const unsigned *)field]);
		break;
	}
}

void config_value_release(const struct config_key *key, struct config *config)
{
	void *field = field_of(key, config);

	if (key->kind == CONFIG_LIST)
		*(char ***)field = free_list(*(char ***)field);
	else if (key->kind == CONFIG_STRING || key->kind == CONFIG_PATH)
		free(take(*(char **)field));
}
