/*
 * The kernel's packet generator, set up: a device for each of its threads, each command checked by
 * what the write returned, by the result that the file then shows, and by the parameter itself
 * where the file shows it.
 */
#ifndef CB_GENERATORS_TRANSMITTERS_PKTGEN_SETUP_H
#define CB_GENERATORS_TRANSMITTERS_PKTGEN_SETUP_H

#include "generators/generator.h"
#include "generators/transmitters/pktgen_proc.h"
#include "generators/transmitters/pktgen_text.h"

#define CB_PKTGEN_THREADS_MAX 64

/* Where a plain frame (Ethernet, IPv4 without options, UDP) has what pktgen is told. */
#define CB_PKTGEN_SOURCE_IP        26
#define CB_PKTGEN_DESTINATION_IP   30
#define CB_PKTGEN_SOURCE_PORT      34
#define CB_PKTGEN_DESTINATION_PORT 36

enum cb_pktgen_mode { CB_PKTGEN_START_XMIT, CB_PKTGEN_QUEUE_XMIT };

struct cb_pktgen_options {
	int64_t threads, queue, queues, clone, burst;
	int mode; /* enum cb_pktgen_mode */
};

/* One thread's part. */
struct cb_pktgen_lane {
	char file[CB_PKTGEN_FILE]; /* of its device: "eth1@0" */
	uint64_t count;            /* frames asked of it; 0: without end */
	uint64_t delay_ns;
	unsigned queue_first, queue_last;
	struct cb_pktgen_device now; /* as last read */
};

struct cb_pktgen {
	const struct cb_pktgen_io *io;
	void *io_arg;
	const char *interface;
	struct cb_pktgen_options options;
	const struct cb_shape *shape; /* NULL: all frames are alike */
	bool added;                   /* devices: to be taken away again */
	unsigned n;                   /* lanes */
	struct cb_pktgen_lane lanes[CB_PKTGEN_THREADS_MAX];
	char text[CB_PKTGEN_TEXT]; /* of the file last read */
};

/*
 * Add the devices and say what frames they are to send. `p` is zeroed but for io and io_arg. What
 * was set up in this network namespace before is taken away. CB_ERR_USAGE: pktgen can't make such
 * frames; CB_ERR_IMPOSSIBLE: not on this kernel or device; CB_ERR_HOST: it is in use, or refuses.
 * cb_pktgen_take_down in each case.
 */
int cb_pktgen_set_up(struct cb_pktgen *p, const struct cb_link *link,
	const struct cb_pktgen_options *options, struct cb_error *err);
void cb_pktgen_take_down(struct cb_pktgen *p);

/*
 * Give a device one command, "name value", and see that it was carried out. `key`: under which its
 * file then shows `value`; NULL: it doesn't.
 */
int cb_pktgen_set(struct cb_pktgen *p, struct cb_pktgen_lane *lane, const char *name,
	const char *value, const char *key, struct cb_error *err);

/* Read lane->now; its file is in p->text. */
int cb_pktgen_look(struct cb_pktgen *p, struct cb_pktgen_lane *lane, struct cb_error *err);

/* ---- pktgen_frames.c: how the frames differ from one another ---- */

/* CB_ERR_USAGE when pktgen can't do it. */
int cb_pktgen_set_shape(
	struct cb_pktgen *p, unsigned lane, const struct cb_link *link, struct cb_error *err);

/* Chi-square of the sizes that were sent; NaN: of one size, or not known. */
double cb_pktgen_chi_square(struct cb_pktgen *p);

#endif
