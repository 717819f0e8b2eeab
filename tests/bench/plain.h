/*
 * The plain server, beside which the push daemon is measured: the least that anybody can do.
 * A process that accepts connections, finds the end of each request head, answers the
 * handshake, and writes the same bytes to all of them when told to. It checks nothing, knows
 * nobody, and keeps a descriptor for each client.
 */
#pragma once

#include "lib/result.h"
#include "lib/slice.h"

#include <netinet/in.h>
#include <stdint.h>

struct plain;

/* Starts it for at most so many clients at a time. Returns 0 or -errno. */
int plain_new(unsigned clients, struct plain **ret_plain);
struct plain *plain_free(struct plain *plain);

DEFINE_CLEANUP(struct plain *, plain_free)

struct sockaddr_in plain_address(const struct plain *plain);
pid_t plain_pid(const struct plain *plain);

/* Has it write these bytes to all clients; returns when that begins. At most PLAIN_MAX bytes. */
enum { PLAIN_MAX = 16384 };
int plain_send(struct plain *plain, struct slice bytes);
