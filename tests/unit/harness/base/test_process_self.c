/* What a process knows of itself: its core, its file, its start, its waiting. */
#include "harness/base/clock.h"
#include "harness/base/process.h"

#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/unit/harness/base/check.h"

#define SOON (10 * CB_NS_PER_SEC)

static void this_thread_is_pinned(void **state)
{
	struct cb_error err = {0};
	cpu_set_t before, now;
	int core = sched_getcpu();

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(cb_process_pin(core, NULL), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	assert_int_equal(CPU_COUNT(&now), 1);
	assert_true(CPU_ISSET(core, &now));
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(cb_process_pin(CB_CPUS_MAX - 1, &err), CB_ERR_USAGE);
	assert_says(err.text, "core 1023 does not exist here");
	assert_int_equal(cb_process_pin(-1, &err), CB_ERR_USAGE);
	assert_int_equal(cb_process_pin(1 << 20, &err), CB_ERR_USAGE);
}

static void the_program_knows_its_file(void **state)
{
	struct cb_error err = {0};
	char path[4096], small[4];

	assert_int_equal(cb_process_self_path(path, sizeof(path), NULL), 0);
	assert_says(path, "/unit_base_process_self");
	assert_int_equal(access(path, X_OK), 0);
	assert_int_equal(cb_process_self_path(small, sizeof(small), &err), CB_ERR_INTERNAL);
}

static void start_times_tell_processes_apart(void **state)
{
	static const char *const argv[] = {"/bin/sleep", "30", NULL};
	const struct cb_process_spec spec = {.argv = argv, .cpu = -1};
	uint64_t own = cb_process_start_time(getpid());
	struct cb_process p;
	pid_t pid;

	assert_true(own > 0);
	/* a name that looks like the fields that follow it */
	assert_int_equal(prctl(PR_SET_NAME, "a) S 1 2 (b"), 0);
	assert_true(cb_process_start_time(getpid()) == own);
	assert_int_equal(cb_process_start(&p, &spec, NULL), 0);
	pid = p.pid;
	assert_true(cb_process_start_time(pid) >= own);
	cb_process_finish(&p, SOON);
	assert_true(cb_process_start_time(pid) == 0);
}

static void work_for(uint64_t ns)
{
	uint64_t end = cb_now_ns() + ns;

	while (cb_now_ns() < end)
		;
}

/* Two that want one core take turns, and each waits while the other runs. */
static void waiting_for_a_core_is_told(void **state)
{
	static const char *const argv[] = {"/bin/sh", "-c", "while :; do :; done", NULL};
	struct cb_process_spec spec = {.argv = argv};
	int64_t before = cb_process_run_delay_ns();
	cpu_set_t all;
	struct cb_process p;

	if (before == CB_UNKNOWN)
		skip(); /* a kernel without CONFIG_SCHED_INFO */
	assert_true(before >= 0);
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	spec.cpu = sched_getcpu();
	assert_int_equal(cb_process_pin(spec.cpu, NULL), 0);
	assert_int_equal(cb_process_start(&p, &spec, NULL), 0);
	work_for(300 * CB_NS_PER_MS);
	assert_in_range(cb_process_run_delay_ns() - before, 50 * CB_NS_PER_MS, INT64_MAX);
	cb_process_finish(&p, SOON);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_thread_is_pinned),
		cmocka_unit_test(the_program_knows_its_file),
		cmocka_unit_test(start_times_tell_processes_apart),
		cmocka_unit_test(waiting_for_a_core_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
