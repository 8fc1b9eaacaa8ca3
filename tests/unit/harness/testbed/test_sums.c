/* Sums of files, against the examples of FIPS 180-4. */
#include "harness/base/file.h"
#include "harness/testbed/sums.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

static const struct {
	const char *text;
	size_t times;
	const char *sum;
} examples[] = {
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};
#define N (sizeof(examples) / sizeof(*examples))

static void open_examples(int fds[N])
{
	for (size_t i = 0; i < N; i++) {
		fds[i] = memfd_create("example", MFD_CLOEXEC);
		assert_true(fds[i] >= 0);
		for (size_t k = 0; k < examples[i].times; k++)
			assert_int_equal(cb_file_write_all(fds[i], examples[i].text,
						 strlen(examples[i].text), "example", NULL),
				0);
	}
}

static void close_examples(const int fds[N])
{
	for (size_t i = 0; i < N; i++)
		close(fds[i]);
}

static void each_file_has_its_sum(void **state)
{
	struct cb_error err = {0};
	char sums[N][CB_SUM_TEXT];
	int fds[N];

	open_examples(fds);
	if (cb_sums(fds, N, sums, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < N; i++)
		assert_string_equal(sums[i], examples[i].sum);
	close_examples(fds);
}

/* As it is on the user's PATH: missing, failing, or another program of that name. */
static void what_is_wrong_with_the_program_is_said(void **state)
{
	static const struct {
		const char *script, *says;
	} cases[] = {{NULL, "sha256sum"}, {"#!/bin/sh\nexit 1\n", "sha256sum: it failed"},
		{"#!/bin/sh\necho hello\n", "sha256sum: it prints no sums"}};
	char dir[] = "/tmp/cb-sums-XXXXXX", path[64], *before = getenv("PATH");
	char sums[N][CB_SUM_TEXT];
	int fds[N];

	before = strdup(before ? before : "/usr/bin:/bin");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sha256sum", dir);
	setenv("PATH", dir, 1);
	open_examples(fds);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *script = cases[i].script;
		struct cb_error err = {0};

		if (script)
			assert_int_equal(cb_file_replace(path, script, strlen(script), NULL), 0);
		if (script)
			assert_int_equal(chmod(path, 0755), 0);
		assert_int_equal(cb_sums(fds, N, sums, &err), CB_ERR_HOST);
		assert_non_null(strstr(err.text, cases[i].says));
	}
	close_examples(fds);
	setenv("PATH", before, 1);
	unlink(path);
	rmdir(dir);
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_has_its_sum),
		cmocka_unit_test(what_is_wrong_with_the_program_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
