#include "harness/base/file.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/harness/scenario/load.h"

static char directory[64];

static void put(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(cb_file_replace(path, text, strlen(text), NULL), 0);
}

#define TRIAL "trial:\n  traffic: {rate: 100k}\n  capture: {mechanism: tpacket2}\n"

static int set_up(void **state)
{
	snprintf(directory, sizeof(directory), "/tmp/capbench-include-XXXXXX");
	assert_non_null(mkdtemp(directory));
	put("a.yaml",
		"name: a\ntitle: The first\npaper: {figure: 5, section: \"4.1\"}\n" TRIAL
		"vary: {traffic.rate: [100k, 200k, 300k]}\n"
		"figures: [{id: fa, x: traffic.rate, y: captured_share}]\n"
		"claims: [{id: ca, says: so, figure: fa, expect: {falls: traffic.rate}}]\n"
		"profiles: {quick: {trial.duration: 5ms, vary.traffic.rate: [100k, 200k]}}\n");
	put("b.yaml",
		"name: b\n" TRIAL "vary: {traffic.rate: [200k, 400k]}\n"
		"figures: [{id: fb, x: traffic.rate, y: captured_share}]\n"
		"profiles: {quick: {trial.duration: 5ms}}\n");
	put("all.yaml",
		"name: all\nrepetitions: 3\ninclude: [a.yaml, b.yaml]\n"
		"claims: [{id: c, says: so, figure: fb, expect: {less: [{traffic.rate: 100k}, "
		"{traffic.rate: 400k}]}}]\n"
		"profiles: {quick: {repetitions: 2}}\n");
	return 0;
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	return remove(path);
}

static int tear_down(void **state)
{
	return nftw(directory, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static int load_path(
	struct cb_scenario **s, const char *name, const struct asked *a, struct cb_error *err)
{
	char path[128];
	struct cb_scenario_source source = {
		.path = path, .profile = a->profile, .sets = a->sets, .only = a->only};

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	while (source.n_sets < COUNT(a->sets) && a->sets[source.n_sets])
		source.n_sets++;
	while (source.n_only < COUNT(a->only) && a->only[source.n_only])
		source.n_only++;
	return cb_scenario_load(s, &source, &fake_registry, err);
}

static struct cb_scenario *load_named(const char *name, const struct asked *a)
{
	struct cb_scenario *s = NULL;
	struct cb_error err = {0};

	if (load_path(&s, name, a, &err))
		fail_msg("%s", err.text);
	return s;
}

static void cells_in_common_are_measured_once(void **state)
{
	struct cb_scenario *s = load_named("all.yaml", &(struct asked){0});

	assert_int_equal(s->n_parts, 2);
	assert_string_equal(s->parts[0].title, "The first");
	assert_int_equal(s->parts[0].paper_figure, 5);
	assert_string_equal(s->parts[1].name, "b");
	assert_int_equal(s->repetitions, 3);
	assert_int_equal(s->n_cells, 4);
	assert_int_equal(s->cells[0].parts, 1);
	assert_int_equal(s->cells[1].parts, 3); /* 200k */
	assert_int_equal(s->cells[3].parts, 2);
	assert_int_equal(s->n_axes, 1);
	assert_int_equal(s->n_figures, 2);
	assert_int_equal(s->figures[0].parts, 1);
	assert_int_equal(s->figures[1].parts, 2);
	assert_int_equal(s->n_claims, 2);
	assert_int_equal(s->claims[0].parts, 1);
	assert_true(s->claims[1].parts == UINT64_MAX); /* it compares cells of both */
	cb_scenario_destroy(s);
}

static void overlays_reach_the_parts(void **state)
{
	struct cb_scenario *s = load_named("all.yaml", &(struct asked){.profile = "quick"});

	assert_int_equal(s->repetitions, 2);
	assert_int_equal(s->n_cells, 3);
	assert_int_equal(s->cells[0].spec.duration_ns, 5000000);
	cb_scenario_destroy(s);
	s = load_named("all.yaml",
		&(struct asked){.sets = {"trial.warmup=7ms", "repetitions=9"},
			.only = {"traffic.rate=200k"}});
	assert_int_equal(s->repetitions, 9);
	assert_int_equal(s->n_cells, 1);
	assert_int_equal(s->cells[0].spec.warmup_ns, 7000000);
	assert_int_equal(s->n_figures, 2);
	cb_scenario_destroy(s);
}

/* What a run directory keeps needs none of the files. */
static void it_reads_back_by_itself(void **state)
{
	struct cb_scenario *s = load_named("all.yaml", &(struct asked){.profile = "quick"});
	struct cb_scenario *again = load(s->resolved);

	assert_int_equal(again->n_cells, s->n_cells);
	for (size_t i = 0; i < s->n_cells; i++) {
		assert_string_equal(again->cells[i].id, s->cells[i].id);
		assert_int_equal(again->cells[i].parts, s->cells[i].parts);
	}
	assert_int_equal(again->n_figures, 2);
	assert_int_equal(again->n_claims, 2);
	assert_int_equal(again->repetitions, 2);
	cb_scenario_destroy(again);
	cb_scenario_destroy(s);
}

static void refuse_file(const char *text, const struct asked *a, const char *error)
{
	struct cb_scenario *s = NULL;
	struct cb_error err = {0};
	char whole[512];

	put("bad.yaml", text);
	assert_int_equal(load_path(&s, "bad.yaml", a, &err), CB_ERR_USAGE);
	assert_null(s);
	snprintf(whole, sizeof(whole), "%s/%s", directory, error);
	assert_string_equal(err.text, whole);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	const struct asked none = {0};

	refuse_file("name: x\ninclude: 5\n", &none,
		"bad.yaml:2:10: include: a list of one to 64 files is wanted, as in "
		"[fig05.yaml]");
	refuse_file("name: x\ninclude: [/etc/passwd]\n", &none,
		"bad.yaml:2:11: include: \"/etc/passwd\" must be a path below the directory of "
		"this file");
	refuse_file("name: x\ninclude: [b/../../c.yaml]\n", &none,
		"bad.yaml:2:11: include: \"b/../../c.yaml\" must be a path below the directory "
		"of this file");
	refuse_file("name: x\ninclude: [a.yaml, a.yaml]\n", &none,
		"bad.yaml:2:19: include: a figure \"fa\" is in two of the scenarios");
	refuse_file("name: x\ninclude: [all.yaml]\n", &none,
		"all.yaml:3:10: include: a scenario that is included can't include others");
	refuse_file("name: x\ninclude: [a.yaml]\n" TRIAL, &none,
		"bad.yaml:4:3: trial: stands in the scenarios that are included, not beside "
		"include");
	refuse_file("name: x\ninclude: [a.yaml]\n", &(struct asked){.profile = "quikc"},
		"a.yaml:10:11: profiles: there is no profile \"quikc\"; did you mean \"quick\"?");
	refuse_file("name: x\ninclude: [{name: y, trial: {}}]\n", &none,
		"bad.yaml:2:28: trial.traffic.rate: is missing: Frames a second, 500Mbit [L1], "
		"100% of 1G, or max: as fast as it goes (RATE)");
}

static void a_text_has_no_files(void **state)
{
	refuse_with("name: x\ninclude: [a.yaml]\n", &(struct asked){0},
		"t.yaml:2:11: include: this text has no directory: write the scenarios out");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_in_common_are_measured_once),
		cmocka_unit_test(overlays_reach_the_parts),
		cmocka_unit_test(it_reads_back_by_itself),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(a_text_has_no_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
