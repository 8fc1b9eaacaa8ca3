/* The scenario reader on hostile files: whatever the bytes, an error or a scenario, and soon. */
#include "harness/scenario/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness/scenario/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cb_testbed_shape shape = {
	.cores = 2, .shared = true, .inline_receive = true, .rps = true, .threaded = true};

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* What was resolved reads back to the same cells. */
static void check_resolved(const struct cb_scenario *s)
{
	struct cb_scenario_source source = {.path = "resolved", .text = s->resolved};
	struct cb_scenario *again;

	check(!cb_scenario_load(&again, &source, &fake_registry, NULL));
	check(again->n_cells == s->n_cells);
	check(again->n_figures == s->n_figures);
	for (size_t i = 0; i < s->n_cells; i++)
		check(!strcmp(again->cells[i].id, s->cells[i].id));
	cb_scenario_destroy(again);
}

static void check_plan(const struct cb_scenario *s)
{
	struct cb_plan *p;

	if (!cb_plan_make(&p, s, &shape, 1, NULL))
		check(p->n_trials == s->n_cells * (size_t)s->repetitions);
	cb_plan_destroy(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* the first byte says whether overlays are used, too */
	static const char *const sets[] = {"trial.duration=10ms", "capture.load.level=3"};
	static const char *const only[] = {"placement=A:B"};
	bool overlay = size && data[0] == '#';
	char *text = malloc(size + 1);
	struct cb_scenario_source source = {.path = "fuzz.yaml", .text = text};
	struct cb_scenario *s;
	struct cb_error err = {0};
	int rc;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (overlay) {
		source.profile = "p";
		source.sets = sets;
		source.n_sets = 2;
		source.only = only;
		source.n_only = 1;
	}
	rc = cb_scenario_load(&s, &source, &fake_registry, &err);
	check(rc ? !s && err.code == rc && err.text[0] : !!s);
	if (s) {
		check(s->n_cells > 0 && s->n_cells <= CB_CELLS_MAX);
		check_resolved(s);
		check_plan(s);
	}
	cb_scenario_destroy(s);
	free(text);
	return 0;
}
