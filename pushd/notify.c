/* Telling the service manager, see notify.h. */
#include "pushd/notify.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <time.h>

void notify_ready(void)
{
	sd_notify(0, "READY=1\nSTATUS=Serving clients");
}

void notify_reloading(const char *status)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=%s",
		(uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, status);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=Stopping");
}
