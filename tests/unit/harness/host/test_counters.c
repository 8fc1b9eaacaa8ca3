#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/host/host.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

static void this_host_is_counted(void **state)
{
	struct cb_host_counters c;
	struct cb_error err = {0};
	uint64_t before = cb_now_ns();
	unsigned online = 0;

	if (cb_host_counters_read(&c, &err))
		fail_msg("%s", err.text);
	assert_true(c.time_ns >= before && c.time_ns <= cb_now_ns());
	for (unsigned cpu = 0; cpu < CB_HOST_CPUS_MAX; cpu++) {
		online += c.cpu[cpu].online;
		assert_true(!c.cpu[cpu].online || cpu < c.n_cpus);
		assert_true(c.cpu[cpu].steal_ns >= 0);
	}
	assert_int_equal(online, sysconf(_SC_NPROCESSORS_ONLN));
}

static void quiet_takes_two_looks(void **state)
{
	struct cb_error err = {0};
	uint64_t before = cb_now_ns();

	/* Others may be busy on this host: only when it was quiet, it took two looks. */
	if (!cb_host_wait_quiet(cb_deadline_in(5 * CB_NS_PER_SEC), &err))
		assert_true(cb_now_ns() - before >= 2 * CB_NS_PER_MS);
	else
		assert_non_null(strstr(err.text, "backlog"));
	assert_int_equal(cb_host_wait_quiet(before, &err), CB_ERR_HOST);
}

static void facts_are_complete(void **state)
{
	static const char *const keys[] = {"kernel", "cpu", "memory_bytes", "clocksource",
		"governor", "cmdline", "mitigations", "vulnerabilities", "sysctl", "config"};
	json_t *facts = cb_host_facts();
	char release[128];
	json_t *kernel, *sysctl;
	int64_t value;

	assert_non_null(facts);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_non_null(json_object_get(facts, keys[i]));
	assert_int_equal(cb_json_object(facts, "kernel", &kernel, NULL), 0);
	assert_int_equal(cb_json_text(kernel, "release", release, sizeof(release), NULL), 0);
	assert_int_equal(cb_json_count(facts, "memory_bytes", &value, NULL), 0);
	assert_true(value > 1 << 20);
	assert_int_equal(cb_json_object(facts, "sysctl", &sysctl, NULL), 0);
	assert_int_equal(cb_json_count(sysctl, "net.core.rmem_max", &value, NULL), 0);
	assert_true(value > 0);
	json_decref(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_host_is_counted),
		cmocka_unit_test(quiet_takes_two_looks),
		cmocka_unit_test(facts_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
