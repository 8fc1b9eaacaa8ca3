/*
 * A whole run of the kernel's packet generator: started, watched, stopped, and its account.
 */
#ifndef CB_GENERATORS_TRANSMITTERS_PKTGEN_RUN_H
#define CB_GENERATORS_TRANSMITTERS_PKTGEN_RUN_H

#include "generators/transmitters/pktgen_setup.h"

/*
 * Carry out `order` with what is set up. Blocks until all devices have finished; a nonzero
 * *order->stop, or the end of the order's time, stops them at once. The account is filled on an
 * error too. CB_ERR_HOST: they sent fewer frames than asked, or nothing; CB_ERR_IMPOSSIBLE: start
 * isn't allowed; CB_ERR_USAGE: this can't be done as it is asked.
 */
int cb_pktgen_run(struct cb_pktgen *p, const struct cb_transmit_order *order,
	struct cb_transmit_account *account, struct cb_error *err);

/* The first frame of the measurement window, counted from 0 on each device: frames before it are
 * the warm-up's. 0: the whole run is the window. */
uint64_t cb_pktgen_window_from(
	const struct cb_pktgen_options *options, const struct cb_transmit_order *order);

#endif
