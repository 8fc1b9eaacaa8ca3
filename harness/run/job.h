/*
 * From a cell to what its processes are told: the option values of `capture` and `generate`.
 */
#ifndef CB_HARNESS_RUN_JOB_H
#define CB_HARNESS_RUN_JOB_H

#include "harness/scenario/plan.h"
#include "harness/testbed/testbed.h"

#include <jansson.h>
#include <stdint.h>

/* Option name -> text for capture process `i` of the cell. New reference, NULL out of memory. */
json_t *cb_job_capture(const struct cb_trial_spec *spec, const struct cb_layout *layout,
	const struct cb_testbed_end *sensor, int i, uint32_t key);

/* One of the generators that add up to the trial's. */
struct cb_generate_part {
	const struct cb_testbed_end *end;
	const char *destination_mac;
	size_t number, of;
};

/* The same for the generator, at `rate` for warm-up and duration of `spec`. */
json_t *cb_job_generate(const struct cb_trial_spec *spec, const struct cb_layout *layout,
	const struct cb_generate_part *part, uint32_t key);

/* The request `receive` of the layout. */
json_t *cb_job_receive(const struct cb_trial_spec *spec, const struct cb_layout *layout,
	const struct cb_testbed_end *sensor);

#endif
