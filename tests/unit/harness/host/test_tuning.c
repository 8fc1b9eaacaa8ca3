/* Settings of a host: names, values, and what becomes of them on a fake root. */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/harness/host/tuning.h"

static void values_have_one_form(void **state)
{
	static const struct {
		const char *name, *value, *canonical;
	} rows[] = {
		{"mtu", "9000", "9000"},
		{"mtu", "9k", "9000"},
		{"promiscuous", "yes", "on"},
		{"offload.gro", "false", "off"},
		{"rps", "off", "off"},
		{"rps", "", "off"},
		{"rps", "3,1,2", "1-3"},
		{"napi_cores", "3,1", "3,1"},
		{"irq_affinity", "0", "0"},
		{"governor", "performance", "performance"},
		{"cstate_latency", "2us", "2us"},
		{"cstate_latency", "0s", "0us"},
		{"ring.rx", "1024", "1024"},
		{"coalesce.rx-usecs", "0", "0"},
		{"coalesce.adaptive-rx", "off", "off"},
		{"channels.combined", "2", "2"},
		{"sysctl.net.core.netdev_budget", "600", "600"},
		{"sysctl.kernel.sched_rt_runtime_us", "-1", "-1"},
	};
	char canonical[CB_TUNING_VALUE_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct cb_error err = {0};

		if (cb_tuning_check(rows[i].name, rows[i].value, canonical, &err))
			fail_msg("%s", err.text);
		assert_string_equal(canonical, rows[i].canonical);
		assert_int_equal(cb_tuning_check(rows[i].name, NULL, canonical, NULL), 0);
	}
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *name, *value, *says;
	} rows[] = {
		{"mtv", "9000", "mtv: there is no such setting; did you mean \"mtu\"?"},
		{"offload.grp", "off", "did you mean \"offload.gro\"?"},
		{"sysctl.kernel.core_pattern", "x", "there is no such setting"},
		{"ring", "5", "there is no such setting"},
		{"mtu", "12", "mtu: \"12\" is no number from 68 to 65535"},
		{"ring.rx", "0", "ring.rx: \"0\" is no number from 1"},
		{"promiscuous", "maybe", "neither on nor off"},
		{"napi_cores", "off", "no list of cores"},
		{"rps", "1,x", "as in [0, 2], nor off"},
		{"irq_affinity", "999", "from 0 to 255"},
		{"irq_affinity", "-1", "no list of cores"},
		{"cstate_latency", "1ns", "whole number of microseconds"},
		{"governor", "../x", "not the name of a governor"},
		{"sysctl.vm.stat_interval", "0", "is no number from 1"},
	};
	char canonical[CB_TUNING_VALUE_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct cb_error err = {0};

		assert_int_equal(cb_tuning_check(rows[i].name, rows[i].value, canonical, &err),
			CB_ERR_USAGE);
		assert_says(err.text, rows[i].says);
	}
}

static void every_name_can_be_checked(void **state)
{
	char canonical[CB_TUNING_VALUE_MAX];
	const char *name;
	size_t n = 0;

	while ((name = cb_tuning_name(n))) {
		if (cb_tuning_check(name, NULL, canonical, NULL))
			fail_msg("%s is not found", name);
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(cb_tuning_name(i), name);
		n++;
	}
	assert_true(n > 60);
}

static void a_setting_is_made_noted_and_undone(void **state)
{
	struct cb_tuning *t = start();
	json_t *told;

	assert_int_equal(apply(t, "", "governor", "performance", true, &told, NULL), 0);
	assert_int_equal(json_array_size(told), 2);
	assert_string_equal(state_of(told, 0), "set");
	json_decref(told);
	assert_governors("performance", "performance");
	assert_int_equal(undo_files(), 1);
	told = json_array();
	cb_tuning_undo(t, told);
	assert_int_equal(json_array_size(told), 2);
	assert_string_equal(state_of(told, 0), "undone");
	/* the last change first */
	assert_string_not_equal(
		json_string_value(json_object_get(json_array_get(told, 0), "instance")),
		json_string_value(json_object_get(json_array_get(told, 1), "instance")));
	json_decref(told);
	assert_governors("powersave00", "schedutil00");
	assert_int_equal(undo_files(), 0);
	cb_tuning_undo(t, NULL);
	cb_tuning_close(t);
}

static void what_is_as_wanted_is_not_changed(void **state)
{
	struct cb_tuning *t = start();
	json_t *told;

	fake_file(GOVERNOR("0"), "performance");
	fake_file(GOVERNOR("1"), "performance");
	assert_int_equal(apply(t, "", "governor", "performance", true, &told, NULL), 0);
	assert_string_equal(state_of(told, 0), "as-wanted");
	assert_string_equal(state_of(told, 1), "as-wanted");
	assert_int_equal(undo_files(), 0);
	json_decref(told);
	cb_tuning_close(t);
}

static void a_value_that_somebody_changed_is_left(void **state)
{
	struct cb_tuning *t = start();
	json_t *told = json_array();
	size_t left = 0;

	set(t, "", "governor", "performance");
	fake_file(GOVERNOR("1"), "userspace");
	cb_tuning_undo(t, told);
	for (size_t i = 0; i < 2; i++)
		left += strcmp(state_of(told, i), "left") == 0;
	assert_int_equal(left, 1);
	assert_governors("powersave00", "userspace");
	assert_int_equal(undo_files(), 0);
	json_decref(told);
	cb_tuning_close(t);
}

/* A file that can't be written, below another that can. */
static void a_refusal_ends_what_is_required_only(void **state)
{
	struct cb_tuning *t = start();
	struct cb_error err = {0};
	char path[256];
	json_t *told;

	fake_path(path, GOVERNOR("1"));
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(
		apply(t, "", "governor", "performance", true, &told, &err), CB_ERR_IMPOSSIBLE);
	assert_says(err.text, "governor: ");
	json_decref(told);
	assert_int_equal(apply(t, "", "governor", "performance", false, &told, &err), 0);
	json_decref(told);
	cb_tuning_close(t);
	assert_string_equal(fake_line(GOVERNOR("0")), "powersave00");
}

static void what_is_not_there_is_refused(void **state)
{
	struct cb_tuning *t;
	struct cb_error err = {0};
	json_t *told;

	assert_int_equal(fake_make(state), 0);
	t = start();
	fake_file("/sys/devices/system/cpu/online", "0-1");
	assert_int_equal(
		apply(t, "", "governor", "performance", true, &told, &err), CB_ERR_IMPOSSIBLE);
	assert_says(err.text, "doesn't control the CPUs' frequency");
	assert_string_equal(state_of(told, 0), "refused");
	json_decref(told);
	assert_int_equal(
		apply(t, "", "cstate_latency", "0us", true, &told, &err), CB_ERR_IMPOSSIBLE);
	assert_says(err.text, "no C-states to choose from");
	json_decref(told);
	cb_tuning_close(t);
	fake_remove(state);
}

static void a_c_state_limit_is_held(void **state)
{
	static const int32_t none = 2000000000;
	struct cb_tuning *t = start();
	char path[256];
	int32_t us = 0;
	json_t *told;
	FILE *f;

	fake_file("/dev/cpu_dma_latency", "");
	fake_path(path, "/dev/cpu_dma_latency");
	f = fopen(path, "we");
	assert_int_equal(fwrite(&none, sizeof(none), 1, f), 1);
	fclose(f);
	assert_int_equal(apply(t, "", "cstate_latency", "2us", true, &told, NULL), 0);
	assert_string_equal(state_of(told, 0), "set");
	json_decref(told);
	f = fopen(path, "re");
	assert_int_equal(fread(&us, sizeof(us), 1, f), 1);
	fclose(f);
	assert_int_equal(us, 2);
	assert_int_equal(undo_files(), 0); /* it ends with the process */
	cb_tuning_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_have_one_form),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(every_name_can_be_checked),
		ROOT(a_setting_is_made_noted_and_undone),
		ROOT(what_is_as_wanted_is_not_changed),
		ROOT(a_value_that_somebody_changed_is_left),
		ROOT(a_refusal_ends_what_is_required_only),
		cmocka_unit_test(what_is_not_there_is_refused),
		ROOT(a_c_state_limit_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
