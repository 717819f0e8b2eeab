/* Reads every list to its end, through the REST program, and compares it with the ledger. */
#pragma once

#include "tests/crash/ledger.h"

/* Adds to *findings. Returns 0, or -errno: a list could not be read. */
int recount(struct ledger *ledger, const struct setting *setting, struct findings *findings);
