#include "harness/base/error.h"
#include "harness/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/harness/base/check.h"

static void an_error_holds_code_and_text(void **state)
{
	struct cb_error err = {.sys_errno = 5};

	assert_int_equal(cb_error_set(&err, CB_ERR_USAGE, "rate %d", 3), CB_ERR_USAGE);
	assert_int_equal(err.code, CB_ERR_USAGE);
	assert_int_equal(err.sys_errno, 0);
	assert_string_equal(err.text, "rate 3");
}

static void an_error_holds_errno_of_either_sign(void **state)
{
	struct cb_error err = {0};

	assert_int_equal(cb_error_errno(&err, CB_ERR_HOST, -ENOENT, "open %s", "x"), CB_ERR_HOST);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_string_equal(err.text, "open x: No such file or directory");
	cb_error_errno(&err, CB_ERR_HOST, EPERM, "open");
	assert_int_equal(err.sys_errno, EPERM);
	assert_string_equal(err.text, "open: Operation not permitted");
}

static void context_is_put_before(void **state)
{
	struct cb_error err = {0};

	cb_error_errno(&err, CB_ERR_IMPOSSIBLE, EPERM, "bind");
	assert_int_equal(cb_error_prepend(&err, "host %s", "a"), CB_ERR_IMPOSSIBLE);
	assert_string_equal(err.text, "host a: bind: Operation not permitted");
	assert_int_equal(err.sys_errno, EPERM);
}

static void no_error_struct_is_fine(void **state)
{
	assert_int_equal(cb_error_set(NULL, CB_ERR_USAGE, "x"), CB_ERR_USAGE);
	assert_int_equal(cb_error_errno(NULL, CB_ERR_HOST, EIO, "x"), CB_ERR_HOST);
	assert_int_equal(cb_error_prepend(NULL, "x"), CB_ERR_INTERNAL);
	assert_int_equal(cb_error_memory(NULL, "x"), CB_ERR_INTERNAL);
}

static void an_error_may_be_made_of_itself(void **state)
{
	struct cb_error err = {0};

	cb_error_set(&err, CB_ERR_USAGE, "inner");
	cb_error_set(&err, CB_ERR_HOST, "outer (%s)", err.text);
	assert_string_equal(err.text, "outer (inner)");
}

static void texts_are_cut_and_cleaned(void **state)
{
	struct cb_error err = {0};
	char big[2000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	cb_error_set(&err, CB_ERR_USAGE, "%s", big);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	cb_error_prepend(&err, "%s", "first");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_memory_equal(err.text, "first: x", 8);
	cb_error_set(&err, CB_ERR_USAGE, "a\nb\x1b[31m\x7f");
	assert_string_equal(err.text, "a b [31m ");
}

static void codes_become_exit_statuses(void **state)
{
	struct cb_error err = {0};

	assert_int_equal(cb_error_exit_status(&err), 0);
	cb_error_set(&err, CB_ERR_INCONCLUSIVE, "x");
	assert_int_equal(cb_error_exit_status(&err), 6);
	err = (struct cb_error){.code = CB_ERR_INTERRUPTED, .sys_errno = 15};
	assert_int_equal(cb_error_exit_status(&err), 143);
	assert_int_equal(cb_error_exit_status(NULL), 1);
}

static int hooks;

static void before(void)
{
	hooks = hooks * 10 + 1;
}

static void after(void)
{
	hooks = hooks * 10 + 2;
}

static void the_log_is_on_stderr_line_by_line(void **state)
{
	int ends[2], saved = dup(STDERR_FILENO);
	char text[4096] = "", big[3000];
	ssize_t n;

	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	dup2(ends[1], STDERR_FILENO);
	cb_log_set_hook(before, after);
	cb_warn("slow: %s", "a\nb\x1b[2J");
	cb_debug("not shown");
	cb_log_set_hook(NULL, NULL);
	cb_log_set_name("agent sensor");
	cb_log_set_level(CB_LOG_DEBUG);
	cb_debug("shown");
	cb_info("plain");
	cb_log_set_level(CB_LOG_ERROR);
	cb_warn("not shown");
	cb_error_log("%s", big);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	assert_true(n > 0);
	assert_says(text,
		"capbench: warning: slow: a b [2J\nagent sensor: debug: shown\n"
		"agent sensor: plain\nagent sensor: error: yyy");
	assert_null(strstr(text, "not shown"));
	assert_true(text[n - 1] == '\n');
	assert_int_equal(hooks, 12);
	assert_int_equal(cb_log_get_level(), CB_LOG_ERROR);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_holds_code_and_text),
		cmocka_unit_test(an_error_holds_errno_of_either_sign),
		cmocka_unit_test(context_is_put_before),
		cmocka_unit_test(no_error_struct_is_fine),
		cmocka_unit_test(an_error_may_be_made_of_itself),
		cmocka_unit_test(texts_are_cut_and_cleaned),
		cmocka_unit_test(codes_become_exit_statuses),
		cmocka_unit_test(the_log_is_on_stderr_line_by_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
