/* The end of the log, before the library takes it over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct log_damage {
	uint32_t file;	 /* 0 = none */
	uint32_t offset; /* of the record that cannot be read */
};

/*
 * Looks for a record of the newest file that cannot be read although others follow it.
 * Recovery would take it for the end of the log, and drop what follows. That is right after
 * the machine went down, when the disk may have kept later blocks and lost earlier ones, but
 * not otherwise. Returns 0 or -errno; a log that this program does not know is left to the
 * library.
 */
int log_end_check(int home_fd, struct log_damage *ret_damage);

/*
 * Makes what is in the log durable before recovery builds upon it. The library takes whatever
 * it finds there for flushed: it would write pages whose log records a power cut could still
 * take away. Returns 0 or -errno.
 */
int log_end_sync(int home_fd);
