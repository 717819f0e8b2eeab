/* Addresses of clients, see address.h. */
#include "lib/address.h"

#include <arpa/inet.h>
#include <errno.h>

enum { ADDRESS_BITS = 8 * sizeof(struct address) };

static const char UNIX[] = "unix";
static const uint8_t MAPPED[12] = { [10] = 0xff, [11] = 0xff };

static struct address mapped(const struct in_addr *ip)
{
	struct address address;

	memcpy(address.bytes, MAPPED, sizeof(MAPPED));
	memcpy(address.bytes + sizeof(MAPPED), ip, sizeof(*ip));
	return address;
}

static bool equal(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Of nobody: a peer on a unix socket, or ::, which no client can have. */
static bool is_nothing(const struct address *address)
{
	return equal(address, &(struct address){ 0 });
}

struct address address_of_peer(const struct sockaddr_storage *peer)
{
	struct address address = { 0 };

	if (peer->ss_family == AF_INET)
		return mapped(&((const struct sockaddr_in *)peer)->sin_addr);
	if (peer->ss_family == AF_INET6)
		memcpy(address.bytes, &((const struct sockaddr_in6 *)peer)->sin6_addr,
			sizeof(address.bytes));
	return address;
}

/* Whether this is what may stand behind an address: nothing, or ":PORT". */
static bool is_port(struct slice text)
{
	unsigned port = 0;

	if (text.len == 0)
		return true;
	if (text.len < 2 || text.len > 6 || text.data[0] != ':')
		return false;
	for (size_t i = 1; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		port = port * 10 + (unsigned)(text.data[i] - '0');
	}
	return port <= UINT16_MAX;
}

/* Takes the address out of its brackets, or off the port behind it. */
static int strip(struct slice text, struct slice *ret_bare)
{
	bool in_brackets = text.len > 0 && text.data[0] == '[';
	const char *colon = text.len > 0 ? memchr(text.data, ':', text.len) : NULL;
	const char *end = in_brackets ? memchr(text.data, ']', text.len) : NULL;
	size_t len = text.len;

	if (in_brackets) {
		if (!end)
			return -EINVAL;
		len = (size_t)(end + 1 - text.data);
		*ret_bare = (struct slice){ text.data + 1, len - 2 };
	} else {
		/* of several colons none is followed by a port: it is an IPv6 address */
		if (colon && !memchr(colon + 1, ':', text.len - (size_t)(colon + 1 - text.data)))
			len = (size_t)(colon - text.data);
		*ret_bare = (struct slice){ text.data, len };
	}
	return is_port((struct slice){ text.data + len, text.len - len }) ? 0 : -EINVAL;
}

/* Reads ADDRESS, or the word `unix`. */
static int parse_bare(struct slice bare, struct address *ret_address)
{
	char copy[ADDRESS_SIZE] = { 0 };
	struct address address = { 0 };
	struct in_addr ip;

	if (slice_is(bare, UNIX)) {
		*ret_address = address;
		return 0;
	}
	if (bare.len == 0 || bare.len >= sizeof(copy) || memchr(bare.data, '\0', bare.len))
		return -EINVAL;
	memcpy(copy, bare.data, bare.len);
	if (inet_pton(AF_INET, copy, &ip) == 1)
		address = mapped(&ip);
	else if (inet_pton(AF_INET6, copy, address.bytes) != 1)
		return -EINVAL;
	if (is_nothing(&address))
		return -EINVAL;
	*ret_address = address;
	return 0;
}

int address_parse(struct slice text, struct address *ret_address)
{
	struct slice bare;

	if (slice_is(text, UNIX))
		return parse_bare(text, ret_address);
	if (strip(text, &bare) < 0 || slice_is(bare, UNIX))
		return -EINVAL;
	return parse_bare(bare, ret_address);
}

static bool is_trusted(const struct address *address, char *const *trusted)
{
	struct address proxy;

	for (; *trusted; trusted++)
		if (address_parse(slice_of(*trusted), &proxy) == 0 && equal(address, &proxy))
			return true;
	return false;
}

/* Takes the last element off a list with commas; false when there is none. */
static bool take_last(struct slice *list, struct slice *ret_element)
{
	const char *comma = list->len > 0 ? memrchr(list->data, ',', list->len) : NULL;
	size_t begin = comma ? (size_t)(comma + 1 - list->data) : 0;
	size_t end = list->len;

	if (list->len == 0)
		return false;
	list->len = comma ? begin - 1 : 0;
	*ret_element = slice_trim((struct slice){ list->data + begin, end - begin });
	return true;
}

struct address address_find_client(struct address peer, struct slice forwarded_for,
	char *const *trusted)
{
	struct address client = peer, next;
	struct slice element;

	while (is_trusted(&client, trusted) && take_last(&forwarded_for, &element)) {
		if (slice_is(element, UNIX) || address_parse(element, &next) < 0)
			break;
		client = next;
	}
	return client;
}

/* What stands behind the slash; all of them if nothing does. */
static int parse_bits(struct slice text, unsigned max, unsigned *ret_bits)
{
	unsigned bits = 0;

	if (text.len == 0 || text.len > 3)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -EINVAL;
		bits = bits * 10 + (unsigned)(text.data[i] - '0');
	}
	*ret_bits = bits;
	return bits <= max ? 0 : -EINVAL;
}

int network_parse(struct slice text, struct network *ret_network)
{
	const char *slash = text.len > 0 ? memchr(text.data, '/', text.len) : NULL;
	size_t len = slash ? (size_t)(slash - text.data) : text.len;
	struct network network = { .bits = ADDRESS_BITS };
	unsigned prefix = 0, bits = 0;
	int r = parse_bare((struct slice){ text.data, len }, &network.address);

	if (r < 0 || !slash) {
		*ret_network = network;
		return r;
	}
	if (is_nothing(&network.address))
		return -EINVAL;
	if (memcmp(network.address.bytes, MAPPED, sizeof(MAPPED)) == 0)
		prefix = 8 * sizeof(MAPPED);
	r = parse_bits((struct slice){ slash + 1, text.len - len - 1 }, ADDRESS_BITS - prefix,
		&bits);
	network.bits = prefix + bits;
	*ret_network = network;
	return r;
}

static bool is_in(const struct address *address, const struct network *network)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;
	unsigned mask = 0xff00U >> rest & 0xff;

	return memcmp(address->bytes, network->address.bytes, whole) == 0 &&
	       (rest == 0 || ((address->bytes[whole] ^ network->address.bytes[whole]) & mask) == 0);
}

bool address_is_listed(const struct address *address, char *const *networks)
{
	struct network network;

	for (; *networks; networks++)
		if (network_parse(slice_of(*networks), &network) == 0 && is_in(address, &network))
			return true;
	return false;
}

void address_format(const struct address *address, char ret_text[static ADDRESS_SIZE])
{
	if (is_nothing(address))
		memcpy(ret_text, UNIX, sizeof(UNIX));
	else if (memcmp(address->bytes, MAPPED, sizeof(MAPPED)) == 0)
		inet_ntop(AF_INET, address->bytes + sizeof(MAPPED), ret_text, ADDRESS_SIZE);
	else
		inet_ntop(AF_INET6, address->bytes, ret_text, ADDRESS_SIZE);
}
