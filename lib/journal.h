/*
 * The log in the journal, for services: each message with its level, its message id and its
 * fields (systemd.journal-fields(7)), so that journalctl finds what concerns a user or a kind
 * of event.
 */
#pragma once

/* To be called after log_open(). Has no effect unless standard error is the journal's. */
void journal_open(void);
