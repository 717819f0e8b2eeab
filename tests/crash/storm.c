/* A kill every 30 milliseconds. Service should be back within five seconds. */
#include "tests/crash/kills.h"

enum { INTERVAL_MS = 30, LATEST_MS = 50000 /* however busy the machine is */ };

int main(void)
{
	return kills_main(INTERVAL_MS, LATEST_MS);
}
