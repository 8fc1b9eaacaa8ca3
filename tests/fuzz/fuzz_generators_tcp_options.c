/* TCP options and frames: whatever comes, nothing beyond its end is read; what is written is read
 * back. */
#include "generators/tcp_replay/neighbour.h"
#include "generators/tcp_replay/packet.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_options(const uint8_t *data, size_t size)
{
	uint8_t out[CB_TCP_OPTIONS_MAX];
	struct cb_tcp_options o, again;
	uint32_t n;

	cb_tcp_options_read(&o, data, (uint32_t)(size < 40 ? size : 40));
	if (o.n_sacks > CB_TCP_SACKS_MAX || o.scale > CB_TCP_SCALE_MAX)
		abort();
	n = cb_tcp_options_write(&o, out);
	if (n > CB_TCP_OPTIONS_MAX || n % 4 || !cb_tcp_options_read(&again, out, n))
		abort();
	if (again.has_mss != o.has_mss || again.mss != o.mss || again.has_times != o.has_times ||
		again.time != o.time || again.n_sacks > o.n_sacks)
		abort();
}

static void check_frame(const uint8_t *data, size_t size)
{
	struct cb_neighbour_message message;
	struct cb_packet p;

	for (int link = CB_PCAP_ETHERNET; link <= CB_PCAP_IP; link++) {
		if (cb_packet_read(&p, (enum cb_pcap_link)link, data, (uint32_t)size) !=
			CB_PACKET_TCP)
			continue;
		if (p.segment.payload + p.segment.length > data + size)
			abort();
		if (!p.missing)
			(void)cb_packet_checksum_holds(&p);
	}
	(void)cb_neighbour_read(&message, data, (uint32_t)size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1); /* of its own, so that its end is seen */

	if (!copy)
		return 0;
	copy = realloc(copy, size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	check_options(copy, size);
	check_frame(copy, size);
	free(copy);
	return 0;
}
