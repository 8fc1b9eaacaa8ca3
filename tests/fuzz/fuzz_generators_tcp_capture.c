/* Captures: whatever the bytes are, an error or connections whose pieces are in order and there. */
#include "generators/tcp_replay/capture.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte is read, so that the sanitizer sees whether it is there. */
static void check_stream(const struct cb_flow *flow, const struct cb_stream *s)
{
	int64_t last = 1;
	size_t hint = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct cb_flow_piece *piece = &s->pieces[i];
		const uint8_t *bytes;

		if (piece->at < last || !piece->length ||
			piece->at + piece->length > cb_stream_data_end(s))
			abort();
		last = piece->at + piece->length;
		if (cb_stream_bytes(flow, s, piece->at, piece->length, &hint, &bytes) !=
			piece->length)
			abort();
		for (uint32_t k = 0; k < piece->length; k++)
			(void)*(const volatile uint8_t *)&bytes[k];
	}
	if (s->missing < 0)
		abort();
}

static void check_flow(const struct cb_flow *flow)
{
	char why[64];

	for (int side = 0; side < CB_SIDES; side++) {
		check_stream(flow, &flow->streams[side]);
		(void)cb_capture_refused(flow, (enum cb_side)side, true, why, sizeof(why));
	}
	for (size_t i = 0; i < flow->n; i++) {
		const struct cb_flow_packet *p = &flow->packets[i];

		if (p->side >= CB_SIDES || p->end < p->begin || p->end > flow->streams[p->side].end)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_capture_spec spec = {.name = "fuzz", .synthesize_handshake = size & 1};
	struct cb_capture capture = {0};
	struct cb_error err;
	FILE *stream;

	if (!size)
		return 0;
	stream = fmemopen((void *)(uintptr_t)data, size, "rb");
	if (!stream)
		return 0;
	if (!cb_capture_read(&capture, stream, &spec, &err)) {
		for (size_t i = 0; i < capture.n; i++)
			check_flow(&capture.flows[i]);
	}
	cb_capture_finish(&capture);
	return 0;
}
