/* cli/table: aligned columns, cut only on a terminal, coloured only where that is wanted. */
#include "cli/table.h"
#include "cli/text.h"
#include "tests/tap.h"

static const struct table_column columns[] = {
	{ .heading = "ID" },
	{ .heading = "N", .right = true },
	{ .heading = "TEXT", .flexible = true },
};

static void formatted(const struct terminal *terminal, const char *expected, const char *what)
{
	_cleanup_(table_release) struct table table = table_of(columns, ARRAY_LENGTH(columns));
	_cleanup_(buffer_release) struct buffer text = { 0 };

	table_add(&table, SLICE("a"), STYLE_PLAIN);
	table_add(&table, SLICE("1"), STYLE_STRONG);
	table_add(&table, SLICE("the quick brown fox"), STYLE_PLAIN);
	table_add(&table, SLICE("日本"), STYLE_PLAIN);
	table_add(&table, SLICE("100"), STYLE_PLAIN);
	table_add(&table, SLICE("x\033[2Jy"), STYLE_BAD);
	ok_int_equal(table_format(&text, &table, terminal), 0, "%s: it can be printed", what);
	ok_string_equal(buffer_string(&text), expected, "%s", what);
}

static void test_empty(void)
{
	_cleanup_(table_release) struct table table = table_of(columns, ARRAY_LENGTH(columns));
	_cleanup_(buffer_release) struct buffer text = { 0 };

	table_format(&text, &table, &(struct terminal){ 0 });
	ok_string_equal(buffer_string(&text), "ID  N  TEXT\n", "without rows the heading stands");
}

static void test_empty_cell(void)
{
	_cleanup_(table_release) struct table table = table_of(columns, 1);
	_cleanup_(buffer_release) struct buffer text = { 0 };

	table_add(&table, (struct slice){ 0 }, STYLE_PLAIN);
	table_format(&text, &table, &(struct terminal){ 0 });
	ok_string_equal(buffer_string(&text), "ID\n\n", "an empty cell of an empty table text");
}

int main(void)
{
	text_init();
	formatted(&(struct terminal){ 0 },
		"ID      N  TEXT\n"
		"a       1  the quick brown fox\n"
		"日本  100  x\ufffd[2Jy\n",
		"elsewhere nothing is cut");
	formatted(&(struct terminal){ .present = true, .columns = 30 },
		"ID      N  TEXT\n"
		"a       1  the quick brown fox\n"
		"日本  100  x\ufffd[2Jy\n",
		"a terminal that is just wide enough");
	formatted(&(struct terminal){ .present = true, .columns = 29 },
		"ID      N  TEXT\n"
		"a       1  the quick brown f…\n"
		"日本  100  x\ufffd[2Jy\n",
		"one column too narrow");
	formatted(&(struct terminal){ .present = true, .columns = 5 },
		"ID      N  TEXT\n"
		"a       1  the quick…\n"
		"日本  100  x\ufffd[2Jy\n",
		"hopelessly narrow");
	formatted(&(struct terminal){ .present = true, .columns = 80, .colour = true },
		"\033[4mID  \033[0m  \033[4m  N\033[0m  \033[4mTEXT\033[0m\n"
		"a     \033[1m  1\033[0m  the quick brown fox\n"
		"日本  100  \033[31mx\ufffd[2Jy\033[0m\n",
		"colours");
	test_empty();
	test_empty_cell();
	return tap_done();
}
