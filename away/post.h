/* Posting a delivery to the configured address, by libcurl. */
#pragma once

#include "away/courier.h"

/*
 * For a process that is nothing else. Says on standard error what went wrong. Returns the
 * status to end with, see courier.h, and sets *retry_after where the receiver asks for it.
 */
int post(const struct courier_job *job, unsigned *retry_after);
