/* `null`: hands frames to nobody; for tests, and to measure the pacing by itself. */
#include "generators/generator.h"

static int null_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	return (int)n;
}

static int null_open(
	void *state, const struct cb_link *link, const void *options, struct cb_error *err)
{
	return 0;
}

static void null_close(void *state)
{
}

const struct cb_transmitter cb_transmitter_null = {
	.member =
		{
			.name = "null",
			.help = "Hands frames to nobody: measures the pacing by itself",
			.provides = CB_TRAIT_STAMPS | CB_TRAIT_PACED | CB_TRAIT_SHAPES |
				CB_TRAIT_FRAMES,
		},
	.batch = 64,
	.no_link = true,
	.open = null_open,
	.send = null_send,
	.close = null_close,
};
