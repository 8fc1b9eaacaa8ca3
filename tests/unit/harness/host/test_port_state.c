/* How a port was before it was made ready, and that it is so again. */
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/host/host.h"
#include "harness/host/port_state.h"
#include "harness/net/link.h"

#include <string.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/host/pair.h"
#include "tests/unit/harness/net/netns.h"

static bool have_namespace, real_root;

/* "vb" is down and as the kernel has made it. */
static int make_pair(void **state)
{
	return have_namespace ? pair_make(0) : 0;
}

static int remove_pair(void **state)
{
	if (have_namespace)
		pair_remove();
	return 0;
}

static json_t *note(void)
{
	struct cb_error err = {0};
	json_t *entry;

	if (!have_namespace)
		skip();
	entry = cb_port_state_read("vb", &err);
	if (!entry)
		fail_msg("%s", err.text);
	return entry;
}

/* As a test-bed's link-up and `receive: threaded` do. */
static void make_ready(json_t *entry)
{
	const struct cb_receive threaded = {.mode = CB_RECEIVE_THREADED, .cpu = -1};
	struct cb_error err = {0};

	cb_port_state_changing(entry);
	if (cb_link_tso("vb", false, &err) ||
		cb_link_feature("vb", "tx-generic-segmentation", false, &err) ||
		cb_link_up("vb", &err) || (real_root && cb_receive_set("vb", &threaded, &err)))
		fail_msg("%s", err.text);
}

static char told[4096];

static void take_line(void *arg, const char *text)
{
	size_t n = strlen(told);

	(void)arg;
	snprintf(told + n, sizeof(told) - n, "%s\n", text);
}

static int put_back(const json_t *entry, bool leave_others)
{
	bool done = false;
	int n;

	told[0] = '\0';
	n = cb_port_state_put_back(entry, leave_others, take_line, NULL, &done);
	if (!done)
		fail_msg("%s", told);
	return n;
}

/* Another look finds the same. */
static void assert_as_noted(const json_t *entry)
{
	json_t *now = cb_port_state_read("vb", NULL);
	const json_t *a, *b;
	size_t i;

	assert_non_null(now);
	assert_int_equal(json_array_size(json_object_get(now, "notes")),
		json_array_size(json_object_get(entry, "notes")));
	json_array_foreach(json_object_get(entry, "notes"), i, a)
	{
		b = json_array_get(json_object_get(now, "notes"), i);
		if (!json_equal(json_object_get(a, "was"), json_object_get(b, "was")))
			fail_msg("%s is %s", json_string_value(json_object_get(a, "what")),
				json_string_value(json_object_get(b, "was")));
	}
	json_decref(now);
}

static void what_was_changed_is_put_back(void **state)
{
	json_t *entry = note();
	struct cb_link_info info;

	make_ready(entry);
	cb_port_state_changed(entry);
	assert_int_equal(cb_link_info("vb", &info, NULL), 0);
	assert_true(info.up && !info.arp);
	assert_true(put_back(entry, true) > 3);
	assert_non_null(strstr(told, "state of vb put back to down, ARP\n"));
	assert_non_null(strstr(told, "tx-generic-segmentation of vb put back to on\n"));
	assert_as_noted(entry);
	assert_int_equal(put_back(entry, true), 0);
	assert_string_equal(told, "");
	json_decref(entry);
}

/* The process was killed in the middle: how far it came is not known. */
static void a_change_that_was_broken_off_is_put_back(void **state)
{
	json_t *entry = note();

	make_ready(entry);
	assert_true(put_back(entry, true) > 3);
	assert_as_noted(entry);
	json_decref(entry);
}

static void what_somebody_else_has_set_is_left(void **state)
{
	json_t *entry = note();

	if (!real_root) {
		json_decref(entry);
		skip(); /* RPS can't be set */
	}
	make_ready(entry);
	cb_port_state_changed(entry);
	assert_int_equal(
		cb_file_write_line("/sys/class/net/vb/queues/rx-0/rps_cpus", "1", NULL), 0);
	assert_true(put_back(entry, true) > 3);
	assert_non_null(strstr(told, "rps_cpus of vb is left 1; it was 0"));
	/* Ending the threads has set it to 0 in between. */
	put_back(entry, false);
	assert_non_null(strstr(told, "rps_cpus of vb put back to 0"));
	assert_as_noted(entry);
	json_decref(entry);
}

static void a_port_that_is_gone_took_its_settings_with_it(void **state)
{
	json_t *entry = note();

	make_ready(entry);
	cb_port_state_changed(entry);
	assert_int_equal(cb_link_delete("va", NULL), 0);
	assert_int_equal(put_back(entry, true), 0);
	/* Another got its name. */
	assert_int_equal(make_pair(state), 0);
	make_ready(entry);
	assert_int_equal(put_back(entry, true), 0);
	assert_string_equal(told, "");
	json_decref(entry);
}

static void a_port_that_is_not_there_is_an_error(void **state)
{
	struct cb_error err = {0};

	assert_null(cb_port_state_read("nope0", &err));
	assert_non_null(strstr(err.text, "nope0"));
}

#define PAIR(test) cmocka_unit_test_setup_teardown(test, make_pair, remove_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(what_was_changed_is_put_back),
		PAIR(a_change_that_was_broken_off_is_put_back),
		PAIR(what_somebody_else_has_set_is_left),
		PAIR(a_port_that_is_gone_took_its_settings_with_it),
		cmocka_unit_test(a_port_that_is_not_there_is_an_error),
	};

	real_root = netns_real_root();
	have_namespace = netns_enter() == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
