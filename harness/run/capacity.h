/*
 * What the reference mechanism sustains here, for rates that are shares of it: a short search by
 * halving, journalled, so that a resumed run goes on with the same rates.
 */
#ifndef CB_HARNESS_RUN_CAPACITY_H
#define CB_HARNESS_RUN_CAPACITY_H

#include "harness/run/directory.h"
#include "harness/scenario/plan.h"
#include "harness/testbed/testbed.h"

#include <stdint.h>

/* A rate is sustained when this share of its frames is captured. */
#define CB_CAPACITY_SHARE 0.99

/*
 * Find every capacity of the plan's scenario that the journal does not know yet, and say in
 * run.json what they are. Blocks for some seconds each. The generators' ceilings are calibrated by
 * then: no cell is given a rate that the slowest of the cells with its capacity can't be offered.
 */
int cb_capacities_find(struct cb_run_directory *d, struct cb_testbed *t, const struct cb_plan *plan,
	const struct cb_testbed_shape *shape, uint32_t key, struct cb_error *err);

/* The rate of a cell: its own, or its share of the capacity in the journal. */
int64_t cb_capacity_rate(const struct cb_journal *journal, const struct cb_cell *cell);

/*
 * What the search asks: is `pps` sustained? 1 yes, 0 no, below 0 an error. *offered_pps: the rate
 * that was really offered.
 */
typedef int cb_capacity_try(void *arg, double pps, double *offered_pps, struct cb_error *err);

/*
 * The highest rate that is sustained, found between nothing and `most` (CB_RATE_MAX: as fast as it
 * goes): *sustained_pps, and in *offered_pps what was offered at most. Where even that is
 * sustained, they are the same. Below that a rate is not sustained when two tries of it have
 * failed. CB_ERR_INCONCLUSIVE: none is, down to some ten frames a try. Pure but for `try`.
 */
int cb_capacity_search(cb_capacity_try *try, void *arg, double *sustained_pps, double *offered_pps,
	struct cb_error *err);

#endif
