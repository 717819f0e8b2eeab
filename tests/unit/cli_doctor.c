/* What tidings doctor reads: directives of web servers, HTTP heads, frames of WebSockets. */
#include "cli/doctor.h"

#include "tests/tap.h"

static void test_directives(void)
{
	static const struct {
		const char *text, *name;
		int64_t expected;
	} rows[] = {
		{ "", "max", -1 },
		{ "max 5", "max", 5 },
		{ "max 5;\n", "max", 5 },
		{ "max = 5 # five\n", "max", 5 },
		{ "max=5", "max", 5 },
		{ "\t MAX\t5\n", "max", 5 },
		{ "max 5\nmax 6\n", "max", 6 },
		{ "max 6\n#max 5\n", "max", 6 },
		{ "# max 5\n", "max", -1 },
		{ "maximum 5\nmax-5\nmax5\n", "max", -1 },
		{ "max\n5\n", "max", -1 },
		{ "max", "max", -1 },
		{ "max ", "max", -1 },
		{ "max five\n", "max", -1 },
		{ "max 0\n", "max", 0 },
		{ "a.max 5\n", "max", -1 },
		{ "events {\n  max 768;\n}\n", "max", 768 },
		{ "events { max 768; }\n", "max", 768 },
		{ "events{max 5;max 6;}# max 7\n", "max", 6 },
		{ "other; # max 5; max 6\n", "max", -1 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		ok_int_equal(doctor_directive(slice_of(rows[i].text), rows[i].name),
			rows[i].expected, "\"%s\"", rows[i].text);
	tap_ok(doctor_directive(SLICE("workers auto;"), "workers") > 0, "as many as processors");
	tap_ok(doctor_directive(SLICE("max 99999999999999999999999"), "max") > INT32_MAX - 1,
		"a number that is too large stays large");
}

static void test_heads(void)
{
	ok_int_equal(doctor_http_status(SLICE("HTTP/1.1 101 Switching Protocols\r\n")), 101, "101");
	ok_int_equal(doctor_http_status(SLICE("HTTP/1.0 404 \r\n")), 404, "404");
	ok_int_equal(doctor_http_status(SLICE("HTTP/1.1 40x No\r\n")), 0, "no number");
	ok_int_equal(doctor_http_status(SLICE("HTTP/1.1 404")), 0, "too short");
	ok_int_equal(doctor_http_status(SLICE("SSH-2.0-OpenSSH_9.2\r\n")), 0, "no HTTP");
	ok_int_equal(doctor_http_status(SLICE("")), 0, "nothing");
}

static void test_frames(void)
{
	static char long_frame[4 + 300] = { (char)0x81, 126, 1, 44 };
	struct slice bytes = SLICE("\x81\x02hi\x89\x00\x88");
	struct doctor_frame frame;

	tap_ok(doctor_take_frame(&bytes, &frame), "a text");
	tap_ok(frame.opcode == 1 && slice_is(frame.payload, "hi"), "… is read");
	tap_ok(doctor_take_frame(&bytes, &frame), "a ping");
	tap_ok(frame.opcode == 9 && frame.payload.len == 0, "… without content");
	tap_ok(!doctor_take_frame(&bytes, &frame) && bytes.len == 1, "half a head is left alone");
	for (size_t len = 0; len < sizeof(long_frame); len++) {
		bytes = (struct slice){ long_frame, len };
		if (doctor_take_frame(&bytes, &frame))
			tap_ok(false, "%zu bytes of a long one", len);
	}
	bytes = (struct slice){ long_frame, sizeof(long_frame) };
	tap_ok(doctor_take_frame(&bytes, &frame) && frame.payload.len == 300 && bytes.len == 0,
		"a long one when it is whole");
}

int main(void)
{
	test_directives();
	test_heads();
	test_frames();
	return tap_done();
}
