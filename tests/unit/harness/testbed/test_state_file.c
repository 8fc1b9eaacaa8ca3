/* State files and what `clean` makes of them. */
#include "harness/base/file.h"
#include "harness/base/process.h"
#include "harness/testbed/state_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

static char dir[64];

static int set_up(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/capbench-test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	return rmdir(dir); /* fails when a test has left something */
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool exists(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

static void write_state(const char *name, pid_t agent, uint64_t start)
{
	char text[128];

	snprintf(text, sizeof(text), "{\"agents\":[{\"pid\":%d,\"start\":%llu}]}", agent,
		(unsigned long long)start);
	write_file(name, text);
}

static pid_t start_sleeper(bool stubborn)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (stubborn)
			signal(SIGTERM, SIG_IGN);
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

/* The signal that ended it, 0 when it still lives. */
static int ended_by(pid_t pid)
{
	int status = 0;

	return waitpid(pid, &status, WNOHANG) == pid ? WTERMSIG(status) : 0;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int lines;
static char last_line[512];

static void told(const char *line)
{
	lines++;
	snprintf(last_line, sizeof(last_line), "%s", line);
}

static int clean(void)
{
	struct cb_error err = {0};
	int n = cb_state_clean(dir, told, &err);

	if (n < 0)
		fail_msg("%s", err.text);
	return n;
}

static void test_nothing_there(void **state)
{
	struct cb_error err = {0};

	assert_int_equal(clean(), 0);
	assert_int_equal(cb_state_clean("/nonexistent/dir", NULL, &err), 0);
}

static void test_live_controller_is_left_alone(void **state)
{
	char name[64];
	pid_t agent = start_sleeper(false);

	snprintf(name, sizeof(name), "%d-%llu-0.json", getpid(),
		(unsigned long long)cb_process_start_time(getpid()));
	write_state(name, agent, cb_process_start_time(agent));
	assert_int_equal(clean(), 0);
	assert_true(exists(name));
	assert_int_equal(ended_by(agent), 0);
	end(agent);
	unlink(path_of(name));
}

/* The id of the controller is in use again, by this process: the start time tells them apart. */
static void test_agent_of_a_gone_controller_is_ended(void **state)
{
	char name[64];
	pid_t agent = start_sleeper(false);

	snprintf(name, sizeof(name), "%d-%llu-0.json", getpid(),
		(unsigned long long)cb_process_start_time(getpid()) - 1);
	write_state(name, agent, cb_process_start_time(agent));
	lines = 0;
	assert_int_equal(clean(), 2);
	assert_int_equal(lines, 2);
	assert_non_null(strstr(last_line, name));
	assert_false(exists(name));
	assert_int_equal(ended_by(agent), SIGTERM);
}

static void test_stubborn_agent_is_killed(void **state)
{
	pid_t agent = start_sleeper(true);

	write_state("1-99999999999-3.json", agent, cb_process_start_time(agent));
	assert_int_equal(clean(), 2);
	assert_int_equal(ended_by(agent), SIGKILL);
}

static void test_other_process_with_the_agents_id_lives(void **state)
{
	pid_t other = start_sleeper(false);

	write_state("1-99999999999-0.json", other, cb_process_start_time(other) + 1);
	assert_int_equal(clean(), 1);
	assert_false(exists("1-99999999999-0.json"));
	assert_int_equal(ended_by(other), 0);
	end(other);
}

/* One that has ended but was not waited for is gone, be it controller or agent. */
static void test_the_dead_are_gone(void **state)
{
	pid_t dead = start_sleeper(false);
	uint64_t start = cb_process_start_time(dead);
	siginfo_t info;
	char name[64];

	kill(dead, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)dead, &info, WEXITED | WNOWAIT), 0);
	snprintf(name, sizeof(name), "%d-%llu-0.json", dead, (unsigned long long)start);
	write_state(name, dead, start);
	assert_int_equal(clean(), 1);
	assert_false(exists(name));
	end(dead);
}

static void test_broken_files_are_removed(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "{\"agents\":5}",
		"{\"agents\":[7,null]}", "{\"agents\":[{\"pid\":\"1\",\"start\":1}]}",
		"{\"agents\":[{\"pid\":1,\"start\":0}]}",
		"{\"agents\":[{\"pid\":-1,\"start\":5}]}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		write_file("1-99999999999-0.json", texts[i]);
		assert_int_equal(clean(), 1);
	}
	/* What a power cut leaves while the file is written. */
	write_file("1-99999999999-0.json.tmp", "{\"ag");
	assert_int_equal(clean(), 1);
}

static void test_other_names_are_left_alone(void **state)
{
	static const char *const names[] = {
		"notes.txt", "1-2.json", "1-99999999999-0.json.bak", "x-1-2-3.json"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		write_file(names[i], "{}");
		assert_int_equal(clean(), 0);
		assert_true(exists(names[i]));
		unlink(path_of(names[i]));
	}
}

/* The directory of a user who is not root, as such a user. The exit status tells where it failed.
 */
static int as_user(void)
{
	struct cb_process_id agent = {.pid = 4711, .start_time = 42};
	char found[PATH_MAX], path[PATH_MAX], *text;
	struct cb_error err = {0};
	struct stat st;

	if (geteuid() == 0 && setresuid(65534, 65534, 65534))
		return 1;
	setenv("XDG_RUNTIME_DIR", dir, 1);
	if (cb_state_directory(found, &err) || strcmp(found, path_of("capbench")) != 0)
		return 2;
	if (stat(found, &st) || (st.st_mode & 0777) != 0700)
		return 3;
	if (cb_state_write(&agent, 1, 5, path, &err) || strncmp(path, found, strlen(found)) != 0)
		return 4;
	if (cb_file_read(path, 1000, &text, NULL, &err) ||
		strcmp(text, "{\"agents\":[{\"pid\":4711,\"start\":42}]}") != 0)
		return 5;
	free(text);
	/* Its own controller lives. */
	if (cb_state_clean(found, NULL, &err) != 0 || unlink(path))
		return 6;
	/* Open to others: not to be trusted, the next place is taken. */
	if (chmod(found, 0777) ||
		(cb_state_directory(found, &err) == 0 && strncmp(found, "/tmp/capbench-", 14) != 0))
		return 7;
	return 0;
}

static void test_directory(void **state)
{
	int status = -1;
	pid_t pid;

	assert_int_equal(chmod(dir, 0777), 0);
	pid = fork();
	if (pid == 0)
		_exit(as_user());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rmdir(path_of("capbench"));
	if (geteuid() == 0)
		rmdir("/tmp/capbench-65534");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_live_controller_is_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_agent_of_a_gone_controller_is_ended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stubborn_agent_is_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_other_process_with_the_agents_id_lives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_dead_are_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_broken_files_are_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_names_are_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_directory, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
