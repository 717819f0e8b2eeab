/* Addresses: what proxies write, whom of them is believed, and how they are shown. */
#include "lib/address.h"

#include "lib/result.h"
#include "tests/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/un.h>

static void test_parse(void)
{
	static const struct {
		const char *text;
		const char *shown; /* NULL = malformed */
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1:80", "192.0.2.1" },
		{ "192.0.2.1:65535", "192.0.2.1" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "2001:DB8:0::1", "2001:db8::1" },
		{ "[2001:db8::1]", "2001:db8::1" },
		{ "[2001:db8::1]:443", "2001:db8::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::1", "::1" },
		{ "unix", "unix" },
		{ "", NULL },
		{ "::", NULL },
		{ "[::]", NULL },
		{ "[]", NULL },
		{ "[", NULL },
		{ "]", NULL },
		{ "[2001:db8::1", NULL },
		{ "[2001:db8::1]x", NULL },
		{ "[2001:db8::1]:", NULL },
		{ "[2001:db8::1]:65536", NULL },
		{ "[2001:db8::1]:443 ", NULL },
		{ "192.0.2.1:", NULL },
		{ "192.0.2.1:x", NULL },
		{ "192.0.2.1:100000", NULL },
		{ ":80", NULL },
		{ "192.0.2.256", NULL },
		{ "192.0.2", NULL },
		{ "192.0.2.1 ", NULL },
		{ "fe80::1%eth0", NULL },
		{ "unknown", NULL },
		{ "_hidden", NULL },
		{ "\"192.0.2.1\"", NULL },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999", NULL },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:1111:2222:3333:4444:5555", NULL },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct address address = { { 7 } };
		char shown[ADDRESS_SIZE] = "";
		int r = address_parse(slice_of(cases[i].text), &address);

		ok_int_equal(r, cases[i].shown ? 0 : -EINVAL, "\"%s\"", cases[i].text);
		if (r == 0)
			address_format(&address, shown);
		else
			tap_ok(address.bytes[0] == 7, "\"%s\" leaves the address alone",
				cases[i].text);
		ok_string_equal(shown, cases[i].shown ? cases[i].shown : "", "\"%s\" is shown",
			cases[i].text);
	}
	ok_int_equal(address_parse((struct slice){ "::1\0", 4 }, &(struct address){ 0 }), -EINVAL,
		"a NUL");
}

static void ok_peer(const void *socket_address, size_t len, const char *expected)
{
	struct sockaddr_storage peer = { 0 };
	char shown[ADDRESS_SIZE];
	struct address address;

	memcpy(&peer, socket_address, len);
	address = address_of_peer(&peer);
	address_format(&address, shown);
	ok_string_equal(shown, expected, "the peer %s", expected);
}

static void test_peers(void)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };
	struct sockaddr_un local = { .sun_family = AF_UNIX };

	inet_pton(AF_INET, "198.51.100.7", &ipv4.sin_addr);
	ok_peer(&ipv4, sizeof(ipv4), "198.51.100.7");
	inet_pton(AF_INET6, "2001:db8:0:1::ffff", &ipv6.sin6_addr);
	ok_peer(&ipv6, sizeof(ipv6), "2001:db8:0:1::ffff");
	inet_pton(AF_INET6, "::ffff:198.51.100.7", &ipv6.sin6_addr);
	ok_peer(&ipv6, sizeof(ipv6), "198.51.100.7");
	ok_peer(&local, sizeof(local), "unix");
	ok_peer(&(sa_family_t){ AF_UNSPEC }, sizeof(sa_family_t), "unix");
}

static void test_find_client(void)
{
	static const struct {
		const char *peer;
		const char *forwarded_for; /* NULL = no such header */
		const char *client;
	} cases[] = {
		{ "unix", NULL, "unix" },
		{ "unix", "", "unix" },
		{ "unix", "192.0.2.1", "192.0.2.1" },
		{ "unix", " 192.0.2.1:4711\t", "192.0.2.1" },
		{ "unix", "203.0.113.9, 192.0.2.1", "192.0.2.1" },
		{ "unix", "203.0.113.9,192.0.2.1,10.0.0.1", "192.0.2.1" },
		{ "unix", "203.0.113.9, 192.0.2.1, [2001:db8::53]:80, 10.0.0.1:1", "192.0.2.1" },
		{ "10.0.0.1", "192.0.2.1", "192.0.2.1" },
		{ "2001:db8::53", "192.0.2.1", "192.0.2.1" },
		{ "198.51.100.7", "192.0.2.1", "198.51.100.7" },
		{ "::1", "192.0.2.1", "::1" },
		{ "unix", "unknown", "unix" },
		{ "unix", "192.0.2.1, unknown", "unix" },
		{ "unix", "192.0.2.1, unknown, 10.0.0.1", "10.0.0.1" },
		{ "unix", "192.0.2.1,", "unix" },
		{ "unix", "192.0.2.1,,10.0.0.1", "10.0.0.1" },
		{ "unix", "192.0.2.1, unix", "unix" },
		{ "10.0.0.1", "::", "10.0.0.1" },
		{ "unix", ",", "unix" },
		{ "unix", "10.0.0.1, 10.0.0.1", "10.0.0.1" },
	};
	char ipv4[] = "10.0.0.1", ipv6[] = "2001:db8::53", local[] = "unix";
	char *trusted[] = { ipv4, ipv6, local, NULL };
	char *nobody[] = { NULL };

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct slice header = slice_of(cases[i].forwarded_for);
		struct address peer, client;
		char shown[ADDRESS_SIZE];

		address_parse(slice_of(cases[i].peer), &peer);
		client = address_find_client(peer, header, trusted);
		address_format(&client, shown);
		ok_string_equal(shown, cases[i].client, "%s with %s", cases[i].peer,
			cases[i].forwarded_for ? cases[i].forwarded_for : "no header");
		client = address_find_client(peer, header, nobody);
		ok_bytes_equal(client.bytes, sizeof(client.bytes), peer.bytes, sizeof(peer.bytes),
			"where nobody is trusted it is the peer");
	}
}

static void test_networks(void)
{
	static const struct {
		const char *network, *address;
		bool in;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "10.0.0.0/9", "10.127.0.1", true },
		{ "10.0.0.0/9", "10.128.0.1", false },
		{ "192.0.2.1/32", "192.0.2.1", true },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "0.0.0.0/0", "unix", false },
		{ "127.0.0.1", "::ffff:127.0.0.1", true },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "unix", "unix", true },
		{ "unix", "127.0.0.1", false },
	};
	static const char *const wrong[] = { "", "/", "x", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1",
		"1.2.3.4/8/8", "1.2.3.4:80", "[::1]", "[::1]/128", "1.2.3.4/0008", "::1/129", "unix/8", "1.2.3.4/ 8" };
	struct network network;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[64], *list[] = { text, NULL };
		struct address address;

		snprintf(text, sizeof(text), "%s", cases[i].network);
		address_parse(slice_of(cases[i].address), &address);
		tap_ok(address_is_listed(&address, list) == cases[i].in, "%s %s %s",
			cases[i].address, cases[i].in ? "is in" : "is not in", text);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		ok_int_equal(network_parse(slice_of(wrong[i]), &network), -EINVAL, "\"%s\"", wrong[i]);
}

int main(void)
{
	test_networks();
	test_parse();
	test_peers();
	test_find_client();
	return tap_done();
}
