/* Rows for people out of any statistics. */
#include "cli/figures.h"

#include "tests/tap.h"

static void ok_rows(const char *json, const char *expected, const char *name)
{
	static const struct table_column columns[] = { { .heading = "A" }, { .heading = "B" } };
	_cleanup_(table_release) struct table table = table_of(columns, ARRAY_LENGTH(columns));
	_cleanup_(freeing_json) struct json_object *object = NULL;
	struct terminal terminal = { 0 };
	_cleanup_(buffer_release) struct buffer text = { 0 }, squeezed = { 0 };

	if (json_parse(slice_of(json), &object) != 0)
		abort();
	figures_add(&table, object);
	table_format(&text, &table, &terminal);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != ' ' || text.data[i + 1] != ' ')
			buffer_append(&squeezed, &text.data[i], 1);
	ok_string_equal(buffer_string(&squeezed), expected, "%s", name);
}

static void test_values(void)
{
	ok_rows("{}", "A B\n", "nothing");
	ok_rows("{\"version\":\"1.0\",\"uptime\":61,\"diskFull\":false,\"gone\":null,\"n\":0}",
		"A B\nversion 1.0\nuptime 1 min\ndisk full no\ngone -\nn 0\n", "of each type");
	ok_rows("{\"cache\":{\"bytes\":1000,\"hitRate\":0.51234,\"mean\":2.5000},\"size\":{"
		"\"dataBytes\":5}}",
		"A B\ncache bytes 1.0 kB\ncache hit rate 51.2 %\ncache mean 2.50\nsize data 5 B\n",
		"objects, sizes and shares");
	ok_rows("{\"checkpoints\":{\"lastMicroseconds\":1500},\"feed\":{\"lagMilliseconds\":1500}}",
		"A B\ncheckpoints last 1.5 ms\nfeed lag 1.5 s\n", "lengths of time");
	ok_rows("{\"a\":{\"all_read\":1,\"b\":{\"cD\":2}},\"list\":[1,2]}",
		"A B\na all read 1\na b c d 2\n", "words; lists are left out");
	ok_rows("{\"theKeys\":[{\"name\":\"anyBytes\",\"n\":1,\"m\":2},{\"n\":3},{\"name\":\"b\","
		"\"n\":4}]}",
		"A B\nthe keys anyBytes n 1\nthe keys anyBytes m 2\nthe keys b n 4\n",
		"but those of what has a name, which stands as it is");
}

static void test_many(void)
{
	ok_rows("{\"x\":{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":7}}",
		"A B\nx i 7\n", "of many those that are not 0");
	ok_rows("{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":7}",
		"A B\na 0\nb 0\nc 0\nd 0\ne 0\nf 0\ng 0\nh 0\ni 7\n", "but all of the outermost");
}

static void test_histograms(void)
{
	ok_rows("{\"latency\":{\"buckets\":{\"100\":5,\"1000\":98,\"5000\":99},\"count\":100,"
		"\"sum\":50000}}",
		"A B\nlatency count 100\nlatency mean 500 us\nlatency of 50 % up to 1.0 ms\n"
		"latency of 99 % up to 5.0 ms\n",
		"a histogram");
	ok_rows("{\"latency\":{\"buckets\":{\"100\":5},\"count\":100,\"sum\":50000}}",
		"A B\nlatency count 100\nlatency mean 500 us\nlatency of 50 % above 100 us\n"
		"latency of 99 % above 100 us\n",
		"one whose bounds are too low");
	ok_rows("{\"latency\":{\"buckets\":{\"100\":0},\"count\":0,\"sum\":0}}",
		"A B\nlatency count 0\n", "an empty one");
}

int main(void)
{
	test_values();
	test_many();
	test_histograms();
	return tap_done();
}
