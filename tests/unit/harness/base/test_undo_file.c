/* Undo files: what is noted is on the disk, found by others, and gone with its boot. */
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/undo_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/harness/base/check.h"
#include "tests/unit/harness/base/tree.h"

static char dir[64];

static int make_dir(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/cb-undo-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	return tree_remove(dir);
}

struct count {
	size_t files, entries, alive, own;
};

static int count_one(const struct cb_undo_found *found, void *arg, struct cb_error *err)
{
	struct count *c = arg;

	c->files++;
	c->entries += json_array_size(found->entries);
	c->alive += found->alive;
	c->own += found->own;
	return 0;
}

static struct count count(void)
{
	struct count c = {0};

	assert_int_equal(cb_undo_files(dir, count_one, &c, NULL), 0);
	return c;
}

static void entries_are_found_and_go(void **state)
{
	struct cb_undo_file f;

	assert_int_equal(cb_undo_file_open(&f, dir, NULL), 0);
	assert_int_equal(count().files, 0);
	assert_int_equal(cb_undo_file_add(&f, json_pack("{s:s}", "kind", "a"), NULL), 0);
	assert_int_equal(cb_undo_file_add(&f, json_pack("{s:s}", "kind", "b"), NULL), 0);
	assert_int_equal(count().files, 1);
	assert_int_equal(count().entries, 2);
	assert_int_equal(count().alive, 1);
	assert_int_equal(count().own, 1);
	cb_undo_file_remove(&f);
	assert_int_equal(count().files, 0);
	cb_undo_file_remove(&f);
}

/* What was begun last must be undone first. */
static int note_serial(const struct cb_undo_found *found, void *arg, struct cb_error *err)
{
	char *serials = arg;

	snprintf(serials + strlen(serials), 16, "%s ", strrchr(found->path, '-') + 1);
	return 0;
}

static void the_file_begun_last_comes_first(void **state)
{
	struct cb_undo_file files[12];
	char serials[128] = "", wanted[128] = "";

	for (size_t i = 0; i < 12; i++) {
		assert_int_equal(cb_undo_file_open(&files[i], dir, NULL), 0);
		assert_int_equal(
			cb_undo_file_add(&files[i], json_pack("{s:s}", "kind", "a"), NULL), 0);
	}
	for (size_t i = 12; i-- > 0;)
		snprintf(wanted + strlen(wanted), 16, "%s ", strrchr(files[i].path, '-') + 1);
	assert_int_equal(cb_undo_files(dir, note_serial, serials, NULL), 0);
	assert_string_equal(serials, wanted);
	for (size_t i = 0; i < 12; i++)
		cb_undo_file_remove(&files[i]);
}

static void entries_may_be_changed_and_read_by_path(void **state)
{
	json_t *entry = json_pack("{s:s}", "kind", "a"), *entries;
	struct cb_undo_file f;
	char path[PATH_MAX];

	assert_int_equal(cb_undo_file_open(&f, dir, NULL), 0);
	snprintf(path, sizeof(path), "%s", f.path);
	entries = cb_undo_file_entries(path);
	assert_int_equal(json_array_size(entries), 0);
	json_decref(entries);
	assert_int_equal(cb_undo_file_add(&f, entry, NULL), 0);
	json_object_set_new(entry, "now", json_string("b"));
	assert_int_equal(cb_undo_file_update(&f, NULL), 0);
	entries = cb_undo_file_entries(path);
	assert_int_equal(json_array_size(entries), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(entries, 0), "now")), "b");
	json_decref(entries);
	cb_undo_file_remove(&f);
}

static void a_killed_process_is_not_alive(void **state)
{
	pid_t child = fork();

	if (!child) {
		struct cb_undo_file f;

		if (cb_undo_file_open(&f, dir, NULL) ||
			cb_undo_file_add(&f, json_pack("{s:s}", "kind", "a"), NULL))
			_exit(1);
		raise(SIGKILL);
	}
	while (!count().files)
		usleep(1000);
	/* not waited for yet: a zombie has ended, too */
	while (count().alive)
		usleep(1000);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(count().alive, 0);
	assert_int_equal(count().entries, 1);
}

static void write_as(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(cb_file_replace(path, text, strlen(text), NULL), 0);
}

static void files_of_an_earlier_boot_go(void **state)
{
	char path[128];

	write_as("1-5-0.undo", "{\"boot\": \"another\", \"net\": \"1\", \"entries\": [{}]}");
	write_as("1-5-1.undo", "not JSON");
	write_as("99999999-5-1.undo.tmp", "{\"boot");
	write_as("other.json", "{}");
	assert_int_equal(count().files, 0);
	snprintf(path, sizeof(path), "%s/1-5-0.undo", dir);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/1-5-1.undo", dir);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/99999999-5-1.undo.tmp", dir);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/other.json", dir);
	assert_int_equal(access(path, F_OK), 0);
}

static void what_cannot_be_noted_is_an_error(void **state)
{
	struct cb_error err = {0};
	struct cb_undo_file f;

	assert_int_equal(cb_undo_file_open(&f, "/proc/self", NULL), 0);
	assert_int_equal(
		cb_undo_file_add(&f, json_pack("{s:s}", "kind", "a"), &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "can't be noted"));
	cb_undo_file_leave(&f);
}

static void one_at_a_time_has_the_lock(void **state)
{
	struct cb_error err = {0};
	int first, second;

	assert_int_equal(cb_undo_lock(dir, cb_deadline_in(CB_NS_PER_SEC), &first, NULL), 0);
	assert_int_equal(
		cb_undo_lock(dir, cb_deadline_in(20 * CB_NS_PER_MS), &second, &err), CB_ERR_HOST);
	assert_non_null(strstr(err.text, "another capbench"));
	close(first);
	assert_int_equal(cb_undo_lock(dir, cb_deadline_in(CB_NS_PER_SEC), &second, NULL), 0);
	close(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(entries_are_found_and_go, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			the_file_begun_last_comes_first, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			entries_may_be_changed_and_read_by_path, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_killed_process_is_not_alive, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(files_of_an_earlier_boot_go, make_dir, remove_dir),
		cmocka_unit_test(what_cannot_be_noted_is_an_error),
		cmocka_unit_test_setup_teardown(one_at_a_time_has_the_lock, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
