/* What the transmitters of a scenario's cells come to, once all cells are there. */
#ifndef CB_HARNESS_SCENARIO_TRANSMITTER_H
#define CB_HARNESS_SCENARIO_TRANSMITTER_H

#include "harness/scenario/scenario.h"

/*
 * Replace "auto" by the best transmitter that can do what all cells with it ask, the same for all,
 * so that they can be compared; say why. Sending through XDP is taken only where every one of these
 * cells has NAPI at the receiving end for another reason: auto never changes the receive regime.
 * Then tell which cells mix their sizes. Regimes are settled before. CB_ERR_INTERNAL out of memory.
 */
int cb_transmitter_settle(
	struct cb_scenario *s, const struct cb_registry *registry, struct cb_error *err);

#endif
