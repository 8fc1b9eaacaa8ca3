/* Loading scenarios in tests. */
#ifndef CB_TESTS_UNIT_HARNESS_SCENARIO_LOAD_H
#define CB_TESTS_UNIT_HARNESS_SCENARIO_LOAD_H

#include "harness/scenario/scenario.h"

#include "tests/unit/harness/base/check.h"
#include "tests/unit/harness/scenario/fake.h"

/* The shortest scenario there is, for tests to add keys to. */
#define SHORT                       \
	"name: t\n"                 \
	"trial:\n"                  \
	"  traffic: {rate: 100k}\n" \
	"  capture: {mechanism: tpacket2}\n"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* What else is asked for beside the text; all may be NULL. */
struct asked {
	const char *profile;
	const char *sets[4], *only[4];
};

static inline int load_asked(
	struct cb_scenario **s, const char *text, const struct asked *a, struct cb_error *err)
{
	struct cb_scenario_source source = {.path = "t.yaml",
		.text = text,
		.profile = a->profile,
		.sets = a->sets,
		.only = a->only};

	while (source.n_sets < COUNT(a->sets) && a->sets[source.n_sets])
		source.n_sets++;
	while (source.n_only < COUNT(a->only) && a->only[source.n_only])
		source.n_only++;
	return cb_scenario_load(s, &source, &fake_registry, err);
}

/* A scenario that must be right. */
static inline struct cb_scenario *load_with(const char *text, const struct asked *a)
{
	struct cb_scenario *s = NULL;
	struct cb_error err = {0};

	if (load_asked(&s, text, a, &err))
		fail_msg("%s", err.text);
	return s;
}

static inline struct cb_scenario *load(const char *text)
{
	return load_with(text, &(struct asked){.profile = NULL});
}

/* A scenario that must be refused with exactly this error. */
static inline void refuse_with(const char *text, const struct asked *a, const char *error)
{
	struct cb_scenario *s = NULL;
	struct cb_error err = {0};
	int rc = load_asked(&s, text, a, &err);

	if (!rc)
		fail_msg("not refused, but should be: %s", error);
	assert_null(s);
	assert_int_equal(rc, CB_ERR_USAGE);
	assert_int_equal(err.code, CB_ERR_USAGE);
	assert_string_equal(err.text, error);
}

struct refusal {
	const char *text, *error;
};

static inline void refuse_all(const struct refusal *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		refuse_with(cases[i].text, &(struct asked){.profile = NULL}, cases[i].error);
}

#endif
