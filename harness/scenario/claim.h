/* `claims:` -> struct cb_claim, checked against the cells that they are about. */
#ifndef CB_HARNESS_SCENARIO_CLAIM_H
#define CB_HARNESS_SCENARIO_CLAIM_H

#include "harness/scenario/pattern.h"

#define CB_CLAIMS_MAX 256

/*
 * Add the claims of the list `claims` to s->claims, about the cells of `parts`. CB_ERR_USAGE for
 * what the language does not know, figures that do not exist, arms without cells, arms that have no
 * point in common.
 */
int cb_claims_read(struct cb_scenario *s, const struct cb_registry *registry,
	const struct cb_node *claims, uint64_t parts, struct cb_pattern_budget *budget,
	struct cb_error *err);

void cb_claim_finish(struct cb_claim *c);

/*
 * A pattern in which a parameter that is a number may be `lowest`, `highest`, `lower` or `upper`:
 * of the values that the cells of `parts` have. A new reference in *pattern.
 */
int cb_claim_pattern_read(const struct cb_scenario *s, const struct cb_registry *registry,
	const struct cb_node *map, const char *label, uint64_t parts,
	struct cb_pattern_budget *budget, json_t **pattern, struct cb_error *err);

#endif
