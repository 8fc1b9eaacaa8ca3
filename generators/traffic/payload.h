/*
 * What fills a frame behind its stamp: members of the axis "payload".
 */
#ifndef CB_GENERATORS_TRAFFIC_PAYLOAD_H
#define CB_GENERATORS_TRAFFIC_PAYLOAD_H

#include "harness/base/error.h"
#include "harness/base/member.h"

#include <stdint.h>

/* Bytes that frames are cut from, larger than any frame and than zlib's window of 32 KiB. */
#define CB_PAYLOAD_POOL (1U << 20)

struct cb_payload {
	uint8_t *pool;   /* owned; NULL: zeros, which the frame has anyway */
	bool changing;   /* each frame is cut from another place of the pool, else from its start */
	uint32_t filled; /* ppm of the bytes behind the stamp; the rest are zeros */
};

const struct cb_member *cb_payload_at(size_t i);
extern const struct cb_axis cb_payload_axis;

/* `text`: "zeros", "pattern:deadbeef", "random:compressible=50%,seed=1". cb_payload_finish frees in
 * each case. */
int cb_payload_make(struct cb_payload *p, const char *text, struct cb_error *err);
void cb_payload_finish(struct cb_payload *p);

/* Fill `n` bytes at `at` of the frame with this sequence number. `n` is a frame's, below 64 KiB. */
void cb_payload_write(const struct cb_payload *p, uint8_t *at, uint32_t n, uint64_t sequence);

#endif
