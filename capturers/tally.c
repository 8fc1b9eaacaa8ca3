#include "capturers/tally.h"

#include "harness/net/stamp_place.h"

#include <string.h>

/* Stamps are fetched this many frames ahead: the frames were written by another core, and a line
 * from there takes longer to come than several frames take to count. */
#define PREFETCH_AHEAD 24u

void cb_tally_init(struct cb_tally *t, uint32_t key, uint32_t stamp_offset, bool exact)
{
	memset(t, 0, sizeof(*t));
	t->key = key;
	t->stamp_offset = stamp_offset;
	t->exact = exact;
	t->budget.left = CB_TALLY_SEEN_BYTES;
}

void cb_tally_stamps(struct cb_tally *t, enum cb_stamps stamps, uint64_t window_from)
{
	t->stamps = stamps;
	t->window_from = window_from;
}

void cb_tally_finish(struct cb_tally *t)
{
	for (unsigned i = 0; i < CB_TALLY_STREAMS; i++)
		cb_seen_finish(&t->streams[i].seen);
}

/* A frame ahead of all that its stream has brought: the common case. */
static inline void count_ahead(
	struct cb_tally *t, struct cb_tally_stream *stream, const struct cb_stamp *s)
{
	if (!stream->next)
		stream->first = s->sequence;
	stream->next = s->sequence + 1;
	stream->unique++;
	t->unique++;
	t->window += s->phase == CB_PHASE_WINDOW;
}

static void count_exact(
	struct cb_tally *t, struct cb_tally_stream *stream, const struct cb_stamp *s)
{
	int seen = cb_seen_add(&stream->seen, s->sequence, &t->budget);

	if (seen < 0) {
		t->unnoted++;
	} else if (!seen) {
		t->duplicate++;
	} else if (s->sequence >= stream->next) {
		count_ahead(t, stream, s);
	} else {
		if (s->sequence < stream->first)
			stream->first = s->sequence;
		stream->unique++;
		t->unique++;
		t->reordered++;
		t->window += s->phase == CB_PHASE_WINDOW;
	}
}

static inline void count_own(struct cb_tally *t, const struct cb_stamp *s)
{
	struct cb_tally_stream *stream = &t->streams[s->stream];

	if (t->exact)
		count_exact(t, stream, s);
	else if (s->sequence >= stream->next)
		count_ahead(t, stream, s);
	else
		t->late++;
}

/* What stands where the stamp is expected; no stamp at all: CB_STAMP_FOREIGN. */
static inline enum cb_stamp_verdict read_expected(
	const struct cb_tally *t, const struct cb_frame *frame, struct cb_stamp *s)
{
	if (frame->caplen < t->stamp_offset + CB_STAMP_SIZE)
		return CB_STAMP_FOREIGN;
	return cb_stamp_read(frame->data + t->stamp_offset, t->key, s);
}

/* Its headers tell where it is; the frames that follow are expected to be like it. */
static enum cb_stamp_verdict read_elsewhere(
	struct cb_tally *t, const struct cb_frame *frame, struct cb_stamp *s)
{
	uint32_t place = cb_stamp_place(frame->data, frame->caplen);
	enum cb_stamp_verdict verdict;

	if (!place || place == t->stamp_offset)
		return CB_STAMP_FOREIGN;
	verdict = cb_stamp_read(frame->data + place, t->key, s);
	if (verdict == CB_STAMP_OWN)
		t->stamp_offset = place;
	return verdict;
}

/* pktgen's stamp as one of ours: the stream by the port, the phase by the sequence number. */
static enum cb_stamp_verdict read_pktgen(
	const struct cb_tally *t, const struct cb_frame *frame, struct cb_stamp *s)
{
	const uint8_t *at = frame->data + t->stamp_offset;
	struct cb_pktgen_stamp stamp;
	enum cb_stamp_verdict verdict;
	int64_t sequence;

	if (t->stamp_offset < CB_PKTGEN_PORT_LOW ||
		frame->caplen < t->stamp_offset + CB_PKTGEN_STAMP_SIZE)
		return CB_STAMP_FOREIGN;
	verdict = cb_pktgen_stamp_read(at, &stamp);
	if (verdict != CB_STAMP_OWN)
		return verdict;
	*s = (struct cb_stamp){.stream = *(at - CB_PKTGEN_PORT_LOW)};
	sequence = cb_pktgen_sequence(stamp.sequence, t->streams[s->stream].next);
	if (sequence < 0 || (uint64_t)sequence >= CB_STAMP_SEQUENCES)
		return CB_STAMP_DAMAGED;
	s->sequence = (uint64_t)sequence;
	s->phase = s->sequence >= t->window_from ? CB_PHASE_WINDOW : CB_PHASE_WARMUP;
	return CB_STAMP_OWN;
}

/* One of several frames with this number. */
static void count_repeated(struct cb_tally *t, const struct cb_stamp *s)
{
	struct cb_tally_stream *stream = &t->streams[s->stream];

	if (s->sequence >= stream->next)
		stream->next = s->sequence + 1;
	t->unique++;
	t->window += s->phase == CB_PHASE_WINDOW;
}

static void count_pktgen(struct cb_tally *t, const struct cb_frame *frame)
{
	struct cb_stamp s;

	switch (read_pktgen(t, frame, &s)) {
	case CB_STAMP_OWN:
		if (t->stamps == CB_STAMPS_PKTGEN_REPEATED)
			count_repeated(t, &s);
		else
			count_own(t, &s);
		break;
	case CB_STAMP_DAMAGED:
		t->damaged++;
		break;
	case CB_STAMP_FOREIGN:
		t->foreign++;
		break;
	}
}

static inline void count_frame(struct cb_tally *t, const struct cb_frame *frame)
{
	enum cb_stamp_verdict verdict;
	struct cb_stamp s;

	t->bytes += frame->caplen;
	t->truncated += frame->caplen < frame->len;
	if (__builtin_expect(t->stamps != CB_STAMPS_OWN, 0)) {
		count_pktgen(t, frame);
		return;
	}
	verdict = read_expected(t, frame, &s);
	if (__builtin_expect(verdict == CB_STAMP_FOREIGN, 0))
		verdict = read_elsewhere(t, frame, &s);
	switch (verdict) {
	case CB_STAMP_OWN:
		count_own(t, &s);
		break;
	case CB_STAMP_DAMAGED:
		t->damaged++;
		break;
	case CB_STAMP_FOREIGN:
		t->foreign++;
		break;
	}
}

void cb_tally_add(struct cb_tally *t, const struct cb_frame *frames, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			__builtin_prefetch(frames[i + PREFETCH_AHEAD].data + t->stamp_offset);
		count_frame(t, &frames[i]);
	}
	t->received += n;
}

int64_t cb_tally_gaps(const struct cb_tally *t)
{
	uint64_t gaps = 0;

	if (t->late || t->unnoted || t->stamps == CB_STAMPS_PKTGEN_REPEATED)
		return CB_UNKNOWN;
	for (unsigned i = 0; i < CB_TALLY_STREAMS; i++) {
		const struct cb_tally_stream *s = &t->streams[i];

		gaps += s->next - s->first - s->unique;
	}
	return (int64_t)gaps;
}

void cb_tally_report(const struct cb_tally *t, struct cb_view_record *record)
{
	bool known = !t->late && !t->unnoted;
	bool told_apart = known && t->stamps != CB_STAMPS_PKTGEN_REPEATED;

	record->book.received = t->received;
	record->book.damaged = t->damaged;
	record->book.foreign = t->foreign;
	record->book.unique = known ? t->unique : CB_UNKNOWN;
	record->book.reordered = told_apart ? t->reordered : CB_UNKNOWN;
	record->book.duplicate = told_apart ? t->duplicate : CB_UNKNOWN;
	record->book.window_unique = known ? t->window : CB_UNKNOWN;
	record->sequence_gaps = cb_tally_gaps(t);
	record->bytes = t->bytes;
	record->truncated = t->truncated;
}
