/* The transmitters: one line each. */
#include "generators/generator.h"

#define TRANSMITTERS(X) \
	X(packet)       \
	X(af_xdp)       \
	X(xdp)          \
	X(libnet)       \
	X(pcap)         \
	X(pktgen)       \
	X(tcp_replay)   \
	X(null)

#define DECLARE(name) extern const struct cb_transmitter cb_transmitter_##name;
TRANSMITTERS(DECLARE)

#define ADDRESS(name) &cb_transmitter_##name,
static const struct cb_transmitter *const transmitters[] = {TRANSMITTERS(ADDRESS)};

const struct cb_member *cb_transmitter_at(size_t i)
{
	return i < sizeof(transmitters) / sizeof(transmitters[0]) ? &transmitters[i]->member : NULL;
}

const struct cb_axis cb_transmitter_axis = {
	.name = "transmitter",
	.plural = "transmitters",
	.at = cb_transmitter_at,
};
