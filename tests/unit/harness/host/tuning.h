/* What the tests of settings share: sessions on a fake root or the machine itself, lines that are
 * told.
 */
#ifndef CB_TESTS_UNIT_HARNESS_HOST_TUNING_H
#define CB_TESTS_UNIT_HARNESS_HOST_TUNING_H

#include "harness/host/tuning.h"

#include <dirent.h>

#include "tests/unit/harness/host/fake_root.h"

static inline struct cb_tuning *start(void)
{
	const struct cb_tuning_options options = {.directory = fake_undo, .root = fake_root};
	struct cb_tuning *t;
	struct cb_error err = {0};

	if (cb_tuning_open(&t, &options, &err))
		fail_msg("%s", err.text);
	return t;
}

/* As on the machine itself. */
static inline struct cb_tuning *start_real(void)
{
	const struct cb_tuning_options options = {.directory = fake_undo};
	struct cb_tuning *t;
	struct cb_error err = {0};

	if (cb_tuning_open(&t, &options, &err))
		fail_msg("%s", err.text);
	return t;
}

/* One setting; its lines are returned. */
static inline int apply(struct cb_tuning *t, const char *interface, const char *name,
	const char *value, bool required, json_t **told, struct cb_error *err)
{
	json_t *settings = json_pack("{s:{s:s, s:b}}", name, "value", value, "required", required);
	int r;

	*told = json_array();
	r = cb_tuning_apply(t, interface, settings, *told, err);
	json_decref(settings);
	return r;
}

static inline void set(
	struct cb_tuning *t, const char *interface, const char *name, const char *value)
{
	struct cb_error err = {0};
	json_t *told;

	if (apply(t, interface, name, value, true, &told, &err))
		fail_msg("%s", err.text);
	json_decref(told);
}

static inline const char *state_of(const json_t *told, size_t i)
{
	return json_string_value(json_object_get(json_array_get(told, i), "state"));
}

static inline size_t undo_files(void)
{
	DIR *d = opendir(fake_undo);
	const struct dirent *entry;
	size_t n = 0;

	while ((entry = readdir(d)))
		n += strstr(entry->d_name, ".undo") != NULL;
	closedir(d);
	return n;
}

#define GOVERNOR(n) "/sys/devices/system/cpu/cpufreq/policy" n "/scaling_governor"

static inline int make_cpus(void **state)
{
	int r = fake_make(state);

	fake_file(GOVERNOR("0"), "powersave00");
	fake_file(GOVERNOR("1"), "schedutil00");
	fake_file("/sys/devices/system/cpu/online", "0-3");
	fake_file("/sys/devices/system/cpu/cpu0/cpuidle/state0/name", "POLL");
	return r;
}

/* All governors as they were (the names are of one length, see fake_line). */
static inline void assert_governors(const char *zero, const char *one)
{
	assert_string_equal(fake_line(GOVERNOR("0")), zero);
	assert_string_equal(fake_line(GOVERNOR("1")), one);
}

#define ROOT(test) cmocka_unit_test_setup_teardown(test, make_cpus, fake_remove)

#endif
