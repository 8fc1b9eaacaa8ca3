/* Settings that several processes want, and those of processes that were killed. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/harness/host/tuning.h"

/* A child that has set it and waits for a byte; then it ends as `how` says. */
static pid_t other_process(const char *value, int *go)
{
	int ready[2], end[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		struct cb_tuning *t = start();

		set(t, "", "governor", value);
		if (write(ready[1], "r", 1) != 1 || read(end[0], &byte, 1) < 0)
			_exit(1);
		cb_tuning_close(t);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	close(end[0]);
	*go = end[1];
	return pid;
}

static void end_process(pid_t pid, int go, int signal)
{
	if (signal)
		kill(pid, signal);
	else
		assert_int_equal(write(go, "e", 1), 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(go);
}

static void the_last_of_two_puts_back(void **state)
{
	struct cb_tuning *t;
	json_t *told;
	int go;
	pid_t other = other_process("performance", &go);

	t = start();
	assert_int_equal(apply(t, "", "governor", "performance", true, &told, NULL), 0);
	assert_string_equal(state_of(told, 0), "as-wanted");
	json_decref(told);
	end_process(other, go, 0);
	assert_governors("performance", "performance"); /* we still need it */
	cb_tuning_close(t);
	assert_governors("powersave00", "schedutil00");
	assert_int_equal(undo_files(), 0);
}

static void the_first_of_two_may_end_first_too(void **state)
{
	struct cb_tuning *t = start();
	json_t *told = json_array();
	pid_t other;
	int go;

	set(t, "", "governor", "performance");
	other = other_process("performance", &go);
	cb_tuning_undo(t, told);
	assert_string_equal(state_of(told, 0), "shared");
	json_decref(told);
	cb_tuning_close(t);
	assert_governors("performance", "performance");
	end_process(other, go, 0);
	assert_governors("powersave00", "schedutil00");
}

static void another_value_is_refused_while_one_is_needed(void **state)
{
	struct cb_error err = {0};
	struct cb_tuning *t;
	json_t *told;
	int go;
	pid_t other = other_process("performance", &go);

	t = start();
	assert_int_equal(apply(t, "", "governor", "schedutil00", true, &told, &err), CB_ERR_USAGE);
	json_decref(told);
	assert_int_equal(
		apply(t, "", "governor", "conservative", true, &told, &err), CB_ERR_IMPOSSIBLE);
	assert_says(err.text, "for a measurement that is under way");
	json_decref(told);
	end_process(other, go, 0);
	cb_tuning_close(t);
	assert_governors("powersave00", "schedutil00");
}

static char lines[16][1024];
static size_t n_lines;

static void take_line(const char *line)
{
	snprintf(lines[n_lines % 16], sizeof(lines[0]), "%s", line);
	n_lines++;
}

static int recover(void)
{
	const struct cb_tuning_options options = {.directory = fake_undo, .root = fake_root};

	n_lines = 0;
	return cb_tuning_recover(&options, take_line, NULL);
}

static void what_a_killed_process_left_is_put_back(void **state)
{
	int go;
	pid_t other = other_process("performance", &go);

	assert_int_equal(recover(), 0); /* it lives */
	end_process(other, go, SIGKILL);
	assert_governors("performance", "performance");
	assert_int_equal(undo_files(), 1);
	assert_int_equal(recover(), 2);
	assert_governors("powersave00", "schedutil00");
	assert_says(lines[0], "governor policy");
	assert_says(lines[0], "put back to");
	assert_int_equal(undo_files(), 0);
	assert_int_equal(recover(), 0);
}

static void one_that_is_killed_leaves_it_to_one_that_lives(void **state)
{
	struct cb_tuning *t;
	int go;
	pid_t other = other_process("performance", &go);

	t = start();
	set(t, "", "governor", "performance");
	end_process(other, go, SIGKILL);
	assert_int_equal(recover(), 0);
	assert_governors("performance", "performance");
	cb_tuning_close(t);
	assert_governors("powersave00", "schedutil00");
}

static void a_killed_process_s_value_that_was_changed_is_left(void **state)
{
	int go;
	pid_t other = other_process("performance", &go);

	end_process(other, go, SIGKILL);
	fake_file(GOVERNOR("1"), "userspace");
	assert_int_equal(recover(), 1);
	assert_governors("powersave00", "userspace");
	assert_int_equal(n_lines, 2);
	assert_int_equal(undo_files(), 0);
}

/* At whichever step it is killed: the old values come back. */
static void sigkill_at_any_step_is_mended(void **state)
{
	unsigned seed = 7;

	for (int round = 0; round < 60; round++) {
		pid_t pid = fork();

		if (!pid) {
			for (;;) {
				struct cb_tuning *t = start();

				set(t, "", "governor", "performance");
				cb_tuning_close(t);
			}
		}
		usleep((useconds_t)(rand_r(&seed) % 4000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_true(recover() >= 0);
		assert_int_equal(undo_files(), 0);
		assert_governors("powersave00", "schedutil00");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT(the_last_of_two_puts_back),
		ROOT(the_first_of_two_may_end_first_too),
		ROOT(another_value_is_refused_while_one_is_needed),
		ROOT(what_a_killed_process_left_is_put_back),
		ROOT(one_that_is_killed_leaves_it_to_one_that_lives),
		ROOT(a_killed_process_s_value_that_was_changed_is_left),
		ROOT(sigkill_at_any_step_is_mended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
