/* What processes that share a tap are told, and that only this crosses exec. */
#include "capturers/share.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

static struct cb_error err;

static void a_part_is_read_as_it_was_printed(void **state)
{
	struct cb_shared_tap shared = {.processes = 3, .n_fds = 2};
	struct cb_tap_share share;
	char text[CB_SHARED_TEXT];

	shared.fds[1][0] = dup(0);
	shared.fds[1][1] = dup(0);
	assert_true(cb_share_print(&shared, 1, text, sizeof(text)));
	assert_int_equal(cb_share_read(&share, text, &err), 0);
	assert_int_equal(share.index, 1);
	assert_int_equal(share.processes, 3);
	assert_int_equal(share.n_fds, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(share.fds[i], shared.fds[1][i]);
		/* the process's own children shall not have them */
		assert_int_equal(fcntl(share.fds[i], F_GETFD), FD_CLOEXEC);
	}
	assert_false(cb_share_print(&shared, 1, text, 4));
	close(shared.fds[1][0]);
	close(shared.fds[1][1]);
}

/* The longest part there can be fits the job's option. */
static void the_longest_part_fits(void **state)
{
	struct cb_shared_tap shared = {
		.processes = CB_SHARED_PROCESSES_MAX, .n_fds = CB_SHARED_FDS_MAX};
	char text[CB_SHARED_TEXT];

	for (unsigned i = 0; i < CB_SHARED_FDS_MAX; i++)
		shared.fds[CB_SHARED_PROCESSES_MAX - 1][i] = 1 << 20;
	assert_true(cb_share_print(&shared, CB_SHARED_PROCESSES_MAX - 1, text, sizeof(text)));
}

static void wrong_parts_are_refused(void **state)
{
	const char *const wrong[] = {"", "0", "0/1", "0/1:", "1/1:0", "2/1:0", "-1/2:0", "0/65:0",
		"0/1:0,", "0/1:0;0", "0/1:x", "0/1:99999", "0/1:0,0,0,0,0,0,0,0,0", "0/1,0",
		"0/1:18446744073709551616", " 0/1:0", "0/1:0 "};
	struct cb_tap_share share;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		err = (struct cb_error){0};
		if (cb_share_read(&share, wrong[i], &err) != CB_ERR_USAGE)
			fail_msg("\"%s\" was taken", wrong[i]);
		assert_non_null(strstr(err.text, "shared-tap"));
	}
}

static void an_heir_keeps_its_part_only(void **state)
{
	struct cb_shared_tap shared = {.processes = 2, .n_fds = 1};
	struct cb_share_heir heir = {&shared, 1};

	for (int i = 0; i < 2; i++)
		shared.fds[i][0] = fcntl(0, F_DUPFD_CLOEXEC, 10);
	assert_int_equal(cb_share_inherit(&heir), 0);
	assert_int_equal(fcntl(shared.fds[0][0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(shared.fds[1][0], F_GETFD), 0);
	close(shared.fds[1][0]);
	assert_int_not_equal(cb_share_inherit(&heir), 0);
	close(shared.fds[0][0]);
}

static void most_mechanisms_share_nothing(void **state)
{
	struct cb_capture_job job = {.interface = "lo", .mechanism = "null"};
	struct cb_shared_tap *shared = (struct cb_shared_tap *)&job;

	assert_int_equal(cb_share_open(&job, 3, &shared, &err), 0);
	assert_null(shared);
	cb_share_close(shared);
	strcpy(job.mechanism, "no-such-one");
	assert_int_equal(cb_share_open(&job, 3, &shared, &err), 0);
	assert_null(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_is_read_as_it_was_printed),
		cmocka_unit_test(the_longest_part_fits),
		cmocka_unit_test(wrong_parts_are_refused),
		cmocka_unit_test(an_heir_keeps_its_part_only),
		cmocka_unit_test(most_mechanisms_share_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
