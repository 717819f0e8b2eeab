/* The two tests that kill: the same, but for how often. */
#pragma once

/*
 * The whole of main(). A kill comes every `interval_ms`, and there must be an answer
 * at least every `latest_ms`.
 */
int kills_main(unsigned interval_ms, unsigned latest_ms);
