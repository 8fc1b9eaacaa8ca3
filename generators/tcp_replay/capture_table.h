/* The connections of a capture by their ends. Internal to capture.c. */
#ifndef CB_GENERATORS_TCP_REPLAY_CAPTURE_TABLE_H
#define CB_GENERATORS_TCP_REPLAY_CAPTURE_TABLE_H

#include "generators/tcp_replay/capture.h"

/*
 * The connection that the packet belongs to, and from which side it comes; a new one where there is
 * none yet, or where the packet begins another one between the same ends. 0 or an error. `flow` is
 * valid until the next call.
 */
int cb_capture_find(struct cb_capture *c, const struct cb_packet *p, struct cb_flow **flow,
	enum cb_side *side, struct cb_error *err);

#endif
