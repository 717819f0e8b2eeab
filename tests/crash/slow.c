/* A kill every second and a half. Service should be back within a second. */
#include "tests/crash/kills.h"

enum { INTERVAL_MS = 1500, LATEST_MS = 10000 /* however busy the machine is */ };

int main(void)
{
	return kills_main(INTERVAL_MS, LATEST_MS);
}
