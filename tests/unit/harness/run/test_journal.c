#include "harness/base/file.h"
#include "harness/run/journal.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

static char directory[] = "/tmp/capbench-journal-XXXXXX", path[64];

static int set_up(void **state)
{
	(void)state;
	memcpy(directory + strlen(directory) - 6, "XXXXXX", 6);
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/journal.jsonl", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static json_t *trial_end(int trial, const char *state, int bytes)
{
	return json_pack("{s:s, s:i, s:i, s:s, s:i}", "event", "trial-end", "trial", trial,
		"attempt", 1, "state", state, "bytes", bytes);
}

static void write_some(void)
{
	struct cb_journal j;
	struct cb_error err = {0};

	assert_int_equal(cb_journal_create(&j, path, 3, &err), 0);
	assert_int_equal(
		cb_journal_append(&j,
			json_pack("{s:s, s:s}", "event", "run-start", "plan", "00112233aabbccdd"),
			&err),
		0);
	assert_int_equal(cb_journal_append(&j, trial_end(2, "invalid", 100), &err), 0);
	assert_int_equal(cb_journal_append(&j, trial_end(2, "valid", 200), &err), 0);
	assert_int_equal(cb_journal_append(&j, trial_end(0, "generator-limited", 300), &err), 0);
	cb_journal_close(&j);
}

static void reads_back_what_counts(void **state)
{
	struct cb_journal j;
	struct cb_error err = {0};

	(void)state;
	write_some();
	assert_int_equal(cb_journal_open(&j, path, 3, &err), 0);
	assert_string_equal(j.plan, "00112233aabbccdd");
	assert_int_equal(j.trials_bytes, 300);
	assert_false(j.calibrated);
	assert_false(j.trials[1].ended);
	assert_int_equal(j.trials[2].attempts, 2);
	assert_int_equal(j.trials[2].state, CB_TRIAL_VALID);
	assert_int_equal(j.trials[0].state, CB_TRIAL_GENERATOR_LIMITED);
	cb_journal_close(&j);
}

static void a_line_cut_short_is_dropped(void **state)
{
	struct cb_journal j;
	struct cb_error err = {0};
	char *data;
	size_t size, whole;
	int fd;

	(void)state;
	write_some();
	assert_int_equal(cb_file_read(path, 1 << 20, &data, &whole, &err), 0);
	free(data);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"event\": \"trial-e", 18), 18);
	close(fd);
	assert_int_equal(cb_journal_open(&j, path, 3, &err), 0);
	assert_int_equal(j.trials_bytes, 300);
	assert_int_equal(cb_journal_append(&j, trial_end(1, "valid", 400), &err), 0);
	cb_journal_close(&j);
	assert_int_equal(cb_journal_open(&j, path, 3, &err), 0);
	assert_true(j.trials[1].ended);
	cb_journal_close(&j);
	assert_int_equal(cb_file_read(path, 1 << 20, &data, &size, &err), 0);
	assert_true(size > whole);
	free(data);
}

static void damage_is_named_by_line(void **state)
{
	struct cb_journal j;
	struct cb_error err = {0};
	int fd;

	(void)state;
	write_some();
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "nonsense\n", 9), 9);
	close(fd);
	assert_int_equal(cb_journal_open(&j, path, 3, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "journal.jsonl:5"));
}

static void a_trial_outside_the_plan_is_refused(void **state)
{
	struct cb_journal j;
	struct cb_error err = {0};

	(void)state;
	write_some();
	assert_int_equal(cb_journal_open(&j, path, 2, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "not in the plan"));
}

static void two_processes_exclude_each_other(void **state)
{
	struct cb_journal first, second;
	struct cb_error err = {0};

	(void)state;
	write_some();
	assert_int_equal(cb_journal_open(&first, path, 3, &err), 0);
	assert_int_equal(cb_journal_open(&second, path, 3, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "in use"));
	cb_journal_close(&first);
	assert_int_equal(cb_journal_open(&second, path, 3, &err), 0);
	cb_journal_close(&second);
}

static void kill_hook_kills_after_the_line_is_there(void **state)
{
	struct cb_journal j;
	struct cb_error err = {0};
	int status;
	pid_t pid;

	(void)state;
	write_some();
	pid = fork();
	if (pid == 0) {
		setenv("CAPBENCH_KILL_AT_STEP", "2", 1);
		if (cb_journal_open(&j, path, 3, &err))
			_exit(1);
		cb_journal_append(&j, json_pack("{s:s}", "event", "resume"), &err);
		cb_journal_append(&j, trial_end(1, "valid", 999), &err);
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(cb_journal_open(&j, path, 3, &err), 0);
	assert_int_equal(j.trials_bytes, 999);
	cb_journal_close(&j);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(reads_back_what_counts),
		TEST(a_line_cut_short_is_dropped),
		TEST(damage_is_named_by_line),
		TEST(a_trial_outside_the_plan_is_refused),
		TEST(two_processes_exclude_each_other),
		TEST(kill_hook_kills_after_the_line_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
