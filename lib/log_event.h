/*
 * What a program may have to tell an administrator, who may want to find it, count it or be
 * called for it. Each kind has a message id in the journal (sd-journal(3)), which the catalog
 * in systemd/tidings.catalog explains (journalctl --catalog).
 */
#pragma once

enum log_event {
	/* tidings-pushd */
	LOG_CLIENT_CONFLATED, /* messages to a slow client become one */
	LOG_CLIENT_STALLED,   /* a client is given up because it takes nothing */
	LOG_CLIENT_CLOSED,    /* a connection is ended by us */
	LOG_CLIENT_REFUSED,   /* a client is turned away with an HTTP status */
	LOG_CLIENTS_FULL,     /* there is no place for more clients */
	LOG_CLIENTS_ENDED,    /* many are disconnected on request, or for a key that is gone */
	LOG_DESCRIPTORS_FEW,  /* the system allows fewer clients than the configuration */
	LOG_FEED_LOST,	      /* changes could not be read: all fetch anew */
	LOG_FEED_UNREADABLE,  /* the same, but it is tried again */
	LOG_FEED_READABLE,    /* it can be read again */
	LOG_EPOCH_BEGUN,      /* the store begins a new life: all fetch anew */
	LOG_UPGRADED,	      /* another program has taken over all clients */
	LOG_UPGRADE_FAILED,   /* it has not, and the old one goes on */

	/* tidings-stored */
	LOG_STORE_SERVING,  /* it is up */
	LOG_STORE_UNUSABLE, /* it cannot be opened, or is damaged */
	LOG_STORE_FAILED,   /* an operation failed for no fault of who asked */
	LOG_DISK_FULL,	    /* writes are refused: less is free than the reserve */
	LOG_DISK_FREE,	    /* and are taken again */
	LOG_FLUSH_FAILED,   /* the log cannot be made durable: the program ends */
	LOG_CROWDED_OUT,    /* notifications gave way to newer ones: max-per-user */
	LOG_BACKUP_DONE,
	LOG_BACKUP_FAILED,

	/* tidings-away */
	LOG_DELIVERED,		/* a receiver has taken a delivery */
	LOG_DELIVERY_FAILED,	/* it has not, and it is tried again */
	LOG_DELIVERY_GIVEN_UP,	/* or not */
	LOG_DELIVERIES_WAITING, /* who is away cannot be known, or what was done not be remembered */
	LOG_DELIVERIES_GO_ON,

	/* several programs */
	LOG_REQUEST_REFUSED, /* a request over HTTP is refused */
	LOG_KEY_REFUSED,     /* a publisher key is */
	LOG_PERMISSION,	     /* a program's user may not do what it asked the store for */
	LOG_STORE_AWAY,	     /* the store cannot be reached */
	LOG_STORE_BACK,
	LOG_PUSH_AWAY,	   /* the push daemon cannot be reached */
	LOG_WORKER_ENDED,  /* a FastCGI worker died and is replaced */
	LOG_RELOADED,	   /* configuration and keys were read anew */
	LOG_RELOAD_FAILED, /* they cannot be used: all stays as it was */
	LOG_STOPPED,	   /* the program ends because of an error */
	LOG_EVENTS
};

/* The message id, 32 hexadecimal digits. */
const char *log_event_id(enum log_event event);

/* What kind of thing it is, to go on a sentence with: "slow clients". */
const char *log_event_noun(enum log_event event);
