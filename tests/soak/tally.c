/* What has happened, for those who read the output. */
#include "tests/soak/soak.h"

#include "tests/tap.h"

void tally_note(const struct tally *tally)
{
	typedef unsigned long long number;

	tap_note("%llu messages delivered of %llu notifications made by %llu requests, of which "
		 "%llu were put off; %llu calms",
		(number)tally->delivered, (number)tally->made, (number)tally->requests,
		(number)tally->busy, (number)tally->calms);
	tap_note("%llu connections, %llu of them said where they left off, %llu were left "
		 "politely and %llu without a word",
		(number)tally->connected, (number)tally->returned, (number)tally->left,
		(number)tally->vanished);
	tap_note("%llu stalls, %llu updates in the place of what was too much, %llu resets, "
		 "%llu messages known already; %llu renewals, %llu questions",
		(number)tally->stalled, (number)tally->conflated, (number)tally->resets,
		(number)tally->dropped, (number)tally->renewed, (number)tally->asked);
	tap_note("%llu clients misbehaved, %llu of them were refused the upgrade",
		(number)tally->rogues, (number)tally->refused);
}
