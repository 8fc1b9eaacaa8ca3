#include "harness/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/harness/base/check.h"

static char dir[] = "/tmp/capbench-test-file-XXXXXX";

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "%s/sub/a/b", dir);
	rmdir(command);
	snprintf(command, sizeof(command), "%s/sub/a", dir);
	rmdir(command);
	snprintf(command, sizeof(command), "%s/sub", dir);
	rmdir(command);
	snprintf(command, sizeof(command), "%s/file", dir);
	unlink(command);
	/* fails when a test left something */
	return rmdir(dir);
}

static const char *in_dir(const char *name)
{
	static char path[PATH_MAX];

	assert_int_equal(cb_file_join(path, sizeof(path), dir, name, NULL), 0);
	return path;
}

static size_t entries(void)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void check_content(const char *path, const void *data, size_t size)
{
	char *got = NULL;
	size_t n = 0;

	assert_int_equal(cb_file_read(path, 1 << 20, &got, &n, NULL), 0);
	assert_int_equal(n, size);
	assert_memory_equal(got, data, size);
	assert_int_equal(got[size], '\0');
	free(got);
}

static void a_file_is_replaced_as_a_whole(void **state)
{
	char big[100000];

	memset(big, 'x', sizeof(big));
	assert_int_equal(cb_file_replace(in_dir("file"), big, sizeof(big), NULL), 0);
	check_content(in_dir("file"), big, sizeof(big));
	assert_int_equal(cb_file_replace(in_dir("file"), "a\0b", 3, NULL), 0);
	check_content(in_dir("file"), "a\0b", 3);
	assert_int_equal(cb_file_replace(in_dir("file"), "", 0, NULL), 0);
	check_content(in_dir("file"), "", 0);
	assert_int_equal(entries(), 1);
	assert_int_equal(unlink(in_dir("file")), 0);
}

static void a_replace_that_fails_leaves_no_trace(void **state)
{
	struct cb_error err = {0};

	assert_int_equal(cb_file_replace(in_dir("missing/file"), "x", 1, &err), CB_ERR_INTERNAL);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_says(err.text, "missing/file.tmp");
	assert_int_equal(mkdir(in_dir("sub"), 0700), 0);
	assert_int_equal(cb_file_replace(in_dir("sub"), "x", 1, &err), CB_ERR_INTERNAL);
	assert_says(err.text, "sub: cannot be replaced");
	assert_int_equal(entries(), 1);
	assert_int_equal(rmdir(in_dir("sub")), 0);
}

static void reading_has_a_limit(void **state)
{
	struct cb_error err = {0};
	char *data = NULL;

	assert_int_equal(cb_file_replace(in_dir("file"), "12345", 5, NULL), 0);
	assert_int_equal(cb_file_read(in_dir("file"), 5, &data, NULL, NULL), 0);
	assert_string_equal(data, "12345");
	free(data);
	assert_int_equal(cb_file_read(in_dir("file"), 4, &data, NULL, &err), CB_ERR_USAGE);
	assert_says(err.text, "larger than the 4 bytes");
	assert_int_equal(unlink(in_dir("file")), 0);
	assert_int_equal(cb_file_read(in_dir("file"), 4, &data, NULL, &err), CB_ERR_USAGE);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_int_equal(cb_file_read(dir, 4, &data, NULL, &err), CB_ERR_USAGE);
	assert_int_equal(err.sys_errno, EISDIR);
	/* endless, and without a size */
	assert_int_equal(cb_file_read("/dev/zero", 10000, &data, NULL, &err), CB_ERR_USAGE);
	assert_says(err.text, "larger than the 10000 bytes");
	assert_int_equal(cb_file_read("/proc/self/status", 1 << 20, &data, NULL, NULL), 0);
	assert_says(data, "Name:");
	free(data);
}

static void a_full_disk_says_so(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct cb_error err = {0};

	assert_true(fd >= 0);
	assert_int_equal(cb_file_write_all(fd, "x", 1, "journal", &err), CB_ERR_INTERNAL);
	assert_int_equal(err.sys_errno, ENOSPC);
	assert_string_equal(err.text, "journal: cannot be written: No space left on device");
	close(fd);
}

static void directories_are_made_with_their_parents(void **state)
{
	struct cb_error err = {0};
	struct stat st;

	assert_int_equal(cb_file_make_dirs(in_dir("sub//a/b/"), NULL), 0);
	assert_int_equal(stat(in_dir("sub/a/b"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(cb_file_make_dirs(in_dir("sub/a/b"), NULL), 0);
	assert_int_equal(cb_file_make_dirs("/", NULL), 0);
	assert_int_equal(cb_file_make_dirs(".", NULL), 0);
	assert_int_equal(cb_file_replace(in_dir("file"), "", 0, NULL), 0);
	assert_int_equal(cb_file_make_dirs(in_dir("file/x"), &err), CB_ERR_INTERNAL);
	assert_says(err.text, "/file cannot be made: File exists");
	assert_int_equal(cb_file_make_dirs(in_dir("file"), &err), CB_ERR_INTERNAL);
	assert_int_equal(unlink(in_dir("file")), 0);
}

static void paths_are_joined(void **state)
{
	struct cb_error err = {0};
	char out[8];

	assert_int_equal(cb_file_join(out, sizeof(out), "a", "b", NULL), 0);
	assert_string_equal(out, "a/b");
	assert_int_equal(cb_file_join(out, sizeof(out), "a/", "b", NULL), 0);
	assert_string_equal(out, "a/b");
	assert_int_equal(cb_file_join(out, sizeof(out), "/", "b", NULL), 0);
	assert_string_equal(out, "/b");
	assert_int_equal(cb_file_join(out, sizeof(out), "", "b", NULL), 0);
	assert_string_equal(out, "b");
	assert_int_equal(cb_file_join(out, sizeof(out), "abc", "def", NULL), 0);
	assert_int_equal(cb_file_join(out, sizeof(out), "abc", "defg", &err), CB_ERR_INTERNAL);
	assert_says(err.text, "abc/defg: File name too long");
}

static void lines_are_read_and_written(void **state)
{
	struct cb_error err = {0};
	char line[8];

	assert_int_equal(cb_file_replace(in_dir("file"), "1234567\nrest\n", 13, NULL), 0);
	assert_int_equal(cb_file_read_line(in_dir("file"), line, sizeof(line), NULL), 0);
	assert_string_equal(line, "1234567");
	assert_int_equal(cb_file_read_line(in_dir("file"), line, 7, &err), CB_ERR_HOST);
	assert_says(err.text, "longer than 6 bytes");
	assert_int_equal(cb_file_replace(in_dir("file"), "abc", 3, NULL), 0);
	assert_int_equal(cb_file_read_line(in_dir("file"), line, sizeof(line), NULL), 0);
	assert_string_equal(line, "abc");
	assert_int_equal(cb_file_replace(in_dir("file"), "", 0, NULL), 0);
	assert_int_equal(cb_file_read_line(in_dir("file"), line, sizeof(line), NULL), 0);
	assert_string_equal(line, "");
	assert_int_equal(cb_file_write_line(in_dir("file"), "on", NULL), 0);
	check_content(in_dir("file"), "on", 2);
	assert_int_equal(unlink(in_dir("file")), 0);
	/* a setting that is not there is not made */
	assert_int_equal(cb_file_write_line(in_dir("file"), "on", &err), CB_ERR_IMPOSSIBLE);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_int_equal(cb_file_read_line(in_dir("file"), line, 8, &err), CB_ERR_HOST);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_int_equal(cb_file_write_line("/dev/full", "on", &err), CB_ERR_IMPOSSIBLE);
	assert_int_equal(err.sys_errno, ENOSPC);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_replaced_as_a_whole),
		cmocka_unit_test(a_replace_that_fails_leaves_no_trace),
		cmocka_unit_test(reading_has_a_limit),
		cmocka_unit_test(a_full_disk_says_so),
		cmocka_unit_test(directories_are_made_with_their_parents),
		cmocka_unit_test(paths_are_joined),
		cmocka_unit_test(lines_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
