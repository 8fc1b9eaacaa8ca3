/* The parts of a connection. Internal to conn*.c. */
#ifndef CB_GENERATORS_TCP_REPLAY_CONN_PARTS_H
#define CB_GENERATORS_TCP_REPLAY_CONN_PARTS_H

#include "generators/tcp_replay/conn.h"

#define CB_CONN_FIRST_SEGMENTS 10 /* under way at the beginning (RFC 6928) */

/* ---- conn.c ---- */

/* The end: verdict and reason; a reset is owed to the peer when `reset`. */
void cb_conn_end(struct cb_conn *c, enum cb_conn_verdict verdict, bool reset, uint64_t now_ns,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The end, if all that was captured has happened. */
void cb_conn_check_end(struct cb_conn *c, uint64_t now_ns);

/* The end of a connection that went its way; different, if what came was. */
void cb_conn_conclude(struct cb_conn *c, bool reset, uint64_t now_ns);

/* ---- conn_schedule.c ---- */

/* Open the gate as far as what has come allows. */
void cb_conn_schedule(struct cb_conn *c, uint64_t now_ns);

/* ---- conn_compare.c ---- */

/* Payload [at, at + n) of the peer's stream, not seen before. */
void cb_conn_compare(struct cb_conn *c, int64_t at, const uint8_t *bytes, uint32_t n);
/* Is what came, as far as it came, as it should be? Else why not, into c->why. */
bool cb_conn_as_expected(struct cb_conn *c, char *why, size_t size);

/* ---- conn_loss.c ---- */

/* The peer acknowledges everything below `ack` (> una). */
void cb_conn_acked(struct cb_conn *c, int64_t ack, uint64_t now_ns);
/* It says again that it waits for una. */
void cb_conn_duplicate_ack(struct cb_conn *c);
void cb_conn_take_sacks(struct cb_conn *c, const struct cb_tcp_options *o);
void cb_conn_timed_out(struct cb_conn *c, uint64_t now_ns);
/* Payload that is under way, as far as is known. */
int64_t cb_conn_flight(const struct cb_conn *c);

/* ---- conn_send.c ---- */

/* When there is something to be sent that the peer's closed window does not let out. */
bool cb_conn_is_shut(const struct cb_conn *c);

#endif
