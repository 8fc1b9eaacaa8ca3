/*
 * The tally: what a capture process saw, from the stamp of each frame. It
 * runs on every frame whatever the load, so it keeps to a few nanoseconds.
 *
 * Two modes. In range mode each stream keeps its highest sequence number
 * only: a frame at or below it (`late`) may be a duplicate or a reordered
 * one, so with late frames what depends on the difference is unknown. In
 * exact mode a bitmap per stream tells them apart (seen.h).
 */
#ifndef CB_CAPTURERS_TALLY_H
#define CB_CAPTURERS_TALLY_H

#include "capturers/capturer.h"
#include "capturers/seen.h"
#include "harness/book/measured.h"
#include "harness/net/pktgen_stamp.h"
#include "harness/net/stamp.h"

#include <stdbool.h>
#include <stdint.h>

#define CB_TALLY_STREAMS    256u
#define CB_TALLY_SEEN_BYTES ((size_t)1 << 30) /* 8.6e9 sequence numbers in one run */

struct cb_tally_stream {
	uint64_t first, next; /* lowest seen, highest seen + 1; next 0: nothing seen */
	uint64_t unique;      /* in range mode: those ahead of all before them */
	struct cb_seen seen;
};

struct cb_tally {
	uint32_t key, stamp_offset;
	bool exact;
	enum cb_stamps stamps;
	uint64_t
		window_from; /* pktgen's stamps: first sequence number of the window, each stream */
	int64_t received, damaged, foreign;
	int64_t unique, window; /* as in struct cb_tally_stream, all streams; of these, those of the
				   measurement window */
	int64_t reordered, duplicate; /* exact mode */
	int64_t late;                 /* range mode */
	int64_t unnoted;              /* exact mode: frames for which the bitmaps had no room */
	int64_t bytes, truncated;
	struct cb_seen_budget budget;
	struct cb_tally_stream streams[CB_TALLY_STREAMS];
};

/* Into the caller's memory. `stamp_offset`: bytes from the start of the frame, where the stamp is
 * looked for first; where it is not, the frame's headers are followed. */
void cb_tally_init(struct cb_tally *t, uint32_t key, uint32_t stamp_offset, bool exact);
void cb_tally_finish(struct cb_tally *t);

/*
 * Own frames are those with the kernel's pktgen's stamps (at `stamp_offset`, with a UDP header
 * before it); those from sequence number `window_from` of a stream on belong to the window. Before
 * the first frame. Of frames that are sent several times copies can't be told apart: each counts as
 * one of its own, and duplicates and reordering are unknown.
 */
void cb_tally_stamps(struct cb_tally *t, enum cb_stamps stamps, uint64_t window_from);

void cb_tally_add(struct cb_tally *t, const struct cb_frame *frames, unsigned n);

/*
 * Missing sequence numbers between the first and the last seen, summed over the streams. CB_UNKNOWN
 * when frames were late (range mode), not noted (exact mode) or sent several times.
 */
int64_t cb_tally_gaps(const struct cb_tally *t);

/* Fill the counts of `record` that come from frames: book, sequence_gaps, bytes, truncated. */
void cb_tally_report(const struct cb_tally *t, struct cb_view_record *record);

#endif
