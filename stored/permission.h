/* What a peer of the store's socket may ask. */
#pragma once

#include "lib/inbox.h"
#include "lib/peer.h"

/* Whether one who has this right may do that. */
bool permission_given(enum peer_right right, enum inbox_operation operation);
