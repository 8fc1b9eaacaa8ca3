/*
 * What differs from frame to frame beside the stamp: size, flow and payload. All of it follows from
 * the sequence number, so that any transmitter, thread or repetition makes the same frame.
 */
#ifndef CB_GENERATORS_TRAFFIC_SHAPE_H
#define CB_GENERATORS_TRAFFIC_SHAPE_H

#include "generators/generator.h"
#include "generators/traffic/headers.h"
#include "generators/traffic/payload.h"
#include "generators/traffic/sizes.h"

#define CB_FLOWS_MAX 65536

enum cb_flow_order { CB_FLOW_ROUND_ROBIN, CB_FLOW_RANDOM };
enum cb_flow_field { CB_FLOW_SOURCE_PORT, CB_FLOW_SOURCE_IP, CB_FLOW_BOTH };

/* Flow f has the template's source port or address plus f; both: f modulo 256 on the address. */
struct cb_flows {
	uint32_t n; /* 1 to CB_FLOWS_MAX */
	enum cb_flow_order order;
	enum cb_flow_field field;
};

struct cb_shape {
	const struct cb_template *frame; /* of the largest size */
	struct cb_sizes sizes;
	struct cb_flows flows;
	struct cb_payload payload;
	/* Of `lanes` generators that add up to one, this one's frame i has the shape of frame
	 * i * lanes + lane of that one. lanes 0: it is the only one. */
	uint32_t lane, lanes;
};

/* Whether every frame is the template but for its stamp. */
bool cb_shape_is_plain(const struct cb_shape *s);

/* CB_ERR_USAGE when sizes or flows do not go with the headers. */
int cb_shape_check(const struct cb_shape *s, const struct cb_headers *h, struct cb_error *err);

/*
 * Turn the frame at `bytes` (a copy of the template, whole or of any sequence number) into that of
 * `sequence`, without its stamp, and return its length without FCS. The IPv4 checksum is right (or
 * wrong, as asked for); UDP's comes with the stamp (cb_frame_stamp).
 */
uint32_t cb_shape_apply(const struct cb_shape *s, uint8_t *bytes, uint64_t sequence);

/*
 * Pearson's chi-square of the sizes that `lanes` generators have sent, frames[i] frames that of
 * lane i, against the shares that were asked for (sizes.h). NaN for a fixed size, without a frame,
 * and out of memory.
 */
double cb_shape_chi_square(const struct cb_shape *s, const uint64_t *frames, uint32_t lanes);

#endif
