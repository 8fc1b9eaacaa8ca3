/* `pcap`: as the lengths of a file's packets are distributed. */
#include "generators/traffic/frame.h"
#include "generators/traffic/sizes.h"
#include "harness/base/log.h"
#include "harness/net/pcap_file.h"

#include <stdlib.h>
#include <string.h>

struct pcap_options {
	char path[200];
	int64_t seed;
};

static const struct cb_option pcap_options[] = {
	{.name = "path",
		CB_OPTION_TEXT_AT(struct pcap_options, path),
		.fallback = NULL,
		.help = "A pcap or pcapng file of Ethernet frames"},
	{.name = "seed",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct pcap_options, seed),
		.fallback = "1",
		.max = INT64_MAX,
		.help = "Of the order: the same seed gives the same traffic"},
	CB_OPTION_END,
};

/* What does not become a frame as it is. */
struct left {
	uint64_t padded, too_long, moved;
};

/* A frame that was captured where it was sent may lack its padding. */
static void count_packet(struct cb_weights *w, uint32_t length, uint16_t largest, struct left *left)
{
	uint64_t size = (uint64_t)length + CB_FRAME_FCS;

	if (size > largest) {
		left->too_long++;
		return;
	}
	if (size < CB_FRAME_SIZE_MIN) {
		left->padded++;
		size = CB_FRAME_SIZE_MIN;
	}
	w->of[size]++;
}

static int count_packets(struct cb_weights *w, const char *path, uint16_t largest,
	struct left *left, struct cb_error *err)
{
	struct cb_error damage = {0};
	struct cb_pcap_packet p;
	struct cb_pcap_file *file;
	int more, r = cb_pcap_file_open(&file, path, err);

	if (r)
		return r;
	while ((more = cb_pcap_file_next(file, &p, &damage)) > 0)
		count_packet(w, p.length, largest, left);
	if (more < 0)
		cb_warn("%s; the packets before count", damage.text);
	cb_pcap_file_close(file);
	return 0;
}

/* Sizes too rare for a cycle count as the next larger one that is not, at the end as the last. */
static void gather(struct cb_weights *w, struct left *left)
{
	uint64_t total = 0, carried = 0;
	uint16_t last = 0;

	for (uint16_t size = 0; size < CB_SIZES_KINDS_MAX; size++)
		total += w->of[size];
	for (uint16_t size = 0; size < CB_SIZES_KINDS_MAX; size++) {
		uint64_t own = w->of[size];

		if (!own)
			continue;
		carried += own;
		w->of[size] = 0;
		if (carried < total / CB_SIZES_SEQUENCE_MAX + 1 && total > CB_SIZES_SEQUENCE_MAX) {
			left->moved += own;
			continue;
		}
		w->of[size] = carried;
		carried = 0;
		last = size;
	}
	w->of[last] += carried;
}

static int pcap_make(
	struct cb_sizes *s, const void *options, uint16_t mtu_size, struct cb_error *err)
{
	const struct pcap_options *o = options;
	struct cb_weights *w = calloc(1, sizeof(*w));
	struct left left = {0};
	int r;

	if (!w)
		return cb_error_memory(err, "weights of sizes");
	r = count_packets(w, o->path, mtu_size, &left, err);
	if (!r) {
		gather(w, &left);
		if (left.padded + left.too_long + left.moved)
			cb_warn("sizes: %s: %llu packets count as %d bytes, which they are shorter "
				"than; %llu are left out, too long for the link; %llu of rare "
				"sizes count as the next one",
				o->path, (unsigned long long)left.padded, CB_FRAME_SIZE_MIN,
				(unsigned long long)left.too_long, (unsigned long long)left.moved);
		r = cb_sizes_from_weights(s, w, (uint64_t)o->seed, o->path, err);
	}
	free(w);
	return r;
}

const struct cb_sizes_member cb_sizes_pcap = {
	.member =
		{
			.name = "pcap",
			.help = "As the packets of a file are long, in random order",
			.options = pcap_options,
			.options_size = sizeof(struct pcap_options),
		},
	.make = pcap_make,
};
