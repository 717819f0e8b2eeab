/*
 * What the service manager is told, sd_notify(3). Whether there is one that listens makes no
 * difference to the daemon.
 */
#pragma once

/* Clients are served: for the first time, or again. */
void notify_ready(void);

/* They are served by the configuration, or the program, of before until notify_ready(). */
void notify_reloading(const char *status);

void notify_stopping(void);
