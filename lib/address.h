/*
 * Addresses of clients: that of the peer, or the one that a trusted proxy names in
 * X-Forwarded-For.
 */
#pragma once

#include "lib/slice.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* IPv6; IPv4 as ::ffff:a.b.c.d. All zero: a peer on a unix socket, of whom nothing is known. */
struct address {
	uint8_t bytes[16];
};

enum { ADDRESS_SIZE = INET6_ADDRSTRLEN /* as text, with its NUL */ };

/* What accept(2) or getpeername(2) told. */
struct address address_of_peer(const struct sockaddr_storage *peer);

/*
 * Reads ADDRESS, [ADDRESS], IPV4:PORT or [ADDRESS]:PORT, as proxies write them, or the word
 * `unix`. Returns 0 or -EINVAL.
 */
int address_parse(struct slice text, struct address *ret_address);

/*
 * The client behind a peer. As long as that is one of the trusted proxies (a list of
 * addresses and perhaps `unix`, ended by NULL), what stands in X-Forwarded-For before its own
 * mark is believed, from the end to the first that is no trusted proxy, or is none of the
 * addresses above; all before that anybody can have written.
 */
struct address address_find_client(struct address peer, struct slice forwarded_for,
	char *const *trusted);

/* ADDRESS, ADDRESS/BITS as 192.0.2.0/24 or 2001:db8::/32, or `unix`. */
struct network {
	struct address address;
	unsigned bits; /* of `address` that count */
};

/* Returns 0 or -EINVAL. */
int network_parse(struct slice text, struct network *ret_network);

/* Whether the address is in one of these networks, a list ended by NULL. */
bool address_is_listed(const struct address *address, char *const *networks);

/* "192.0.2.1", "2001:db8::1", or "unix". */
void address_format(const struct address *address, char ret_text[static ADDRESS_SIZE]);
