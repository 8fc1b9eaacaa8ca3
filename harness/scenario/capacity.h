/*
 * Rates as shares of what this machine sustains: "80% of capacity". The capacity is found by the
 * run; a scenario says only of what it is: the reference mechanism with the cell's own traffic,
 * load, buffer and receive path, as the first cell with that frame size has them.
 */
#ifndef CB_HARNESS_SCENARIO_CAPACITY_H
#define CB_HARNESS_SCENARIO_CAPACITY_H

#include "harness/scenario/scenario.h"

/* The wait is that of the paper's PF_PACKET; together they are its libpcap 1.0.0. */
#define CB_REFERENCE_MECHANISM "tpacket2"
#define CB_REFERENCE_WAIT      "poll"

/* What a relative rate counts as until the capacity is known. */
#define CB_CAPACITY_NOMINAL_PPS 1000000

/* Whether `text` is a share of the capacity: *ppm of it. CB_ERR_USAGE when it is one that makes no
 * sense, the reason in *why; 1: it is none. */
int cb_capacity_parse(const char *text, int64_t *ppm, const char **why);

/* "80% of capacity". */
void cb_capacity_format(int64_t ppm, char *out, size_t size);

/*
 * Give every cell with a relative rate its capacity: s->capacities, which is the caller's with s,
 * cell->capacity, and the parameter "traffic.capacity", which tells cells with different ones
 * apart. The cells' ids have to be made anew.
 */
int cb_capacities_assign(
	struct cb_scenario *s, const struct cb_registry *registry, struct cb_error *err);

#endif
