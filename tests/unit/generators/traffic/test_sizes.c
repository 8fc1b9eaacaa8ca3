/* Mixes of sizes: the shares that were asked for, exactly where they can be, and always the same.
 */
#include "generators/traffic/sizes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define MTU_SIZE    1518

static struct cb_sizes make(const char *text)
{
	struct cb_error err = {0};
	struct cb_sizes s;

	if (cb_sizes_make(&s, text, 128, MTU_SIZE, &err))
		fail_msg("%s: %s", text, err.text);
	return s;
}

static void refuse(const char *text, const char *says)
{
	struct cb_error err = {0};
	struct cb_sizes s;

	print_message("%s\n", text);
	assert_int_equal(cb_sizes_make(&s, text, 64, MTU_SIZE, &err), CB_ERR_USAGE);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", err.text, says);
	cb_sizes_finish(&s);
}

static void fixed_is_one_size(void **state)
{
	struct cb_sizes s = make("fixed");

	assert_int_equal(cb_sizes_of(&s, 0), 128);
	assert_int_equal(cb_sizes_of(&s, UINT64_MAX), 128);
	assert_true(s.mean == 128 && s.largest == 128);
	assert_true(isnan(cb_sizes_chi_square(&s, 1000)));
	cb_sizes_finish(&s);
}

/* RFC 6985's own notation: the sequence is the letters, over and over. */
static void a_genome_repeats(void **state)
{
	static const uint16_t expected[] = {64, 128, 256, 512, 1024, 1280, 1518, MTU_SIZE, 64};
	struct cb_sizes s = make("genome:abcdefgza");

	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(cb_sizes_of(&s, i), expected[i % COUNT_OF(expected)]);
	assert_true(cb_sizes_chi_square(&s, 900) < 1e-9);
	/* one frame too many of size 64 (2 of 9), of 901 */
	assert_true(cb_sizes_chi_square(&s, 901) > 0);
	assert_true(cb_sizes_chi_square(&s, 901) < 0.02);
	cb_sizes_finish(&s);
}

static void count(const struct cb_sizes *s, uint64_t n, uint64_t *of)
{
	memset(of, 0, CB_SIZES_KINDS_MAX * sizeof(*of));
	for (uint64_t i = 0; i < n; i++)
		of[cb_sizes_of(s, i)]++;
}

static void imix_is_7_4_1(void **state)
{
	static uint64_t of[CB_SIZES_KINDS_MAX];
	struct cb_sizes s = make("imix");

	assert_int_equal(s.n % 12, 0);
	count(&s, s.n, of);
	assert_int_equal(of[64], s.n / 12 * 7);
	assert_int_equal(of[594], s.n / 12 * 4);
	assert_int_equal(of[1518], s.n / 12);
	assert_int_equal(s.largest, 1518);
	assert_true(fabs(s.mean - (64 * 7 + 594 * 4 + 1518) / 12.0) < 1e-9);
	assert_true(cb_sizes_chi_square(&s, s.n) < 1e-9);
	/* chi-square with 2 degrees of freedom: 13.8 is passed once in a thousand */
	assert_true(cb_sizes_chi_square(&s, 1000) < 13.8);
	/* in random order: no long runs of one size, not sorted */
	count(&s, 1200, of);
	assert_in_range(of[64], 600, 800);
	cb_sizes_finish(&s);
}

static void chi_square_is_pearsons(void **state)
{
	static uint64_t of[CB_SIZES_KINDS_MAX];
	struct cb_sizes s = make("list:64x3/128x1,seed=9");
	double asked64, asked128, expected;

	count(&s, 101, of);
	asked64 = 101 * 0.75;
	asked128 = 101 * 0.25;
	expected = pow((double)of[64] - asked64, 2) / asked64 +
		pow((double)of[128] - asked128, 2) / asked128;
	assert_true(fabs(cb_sizes_chi_square(&s, 101) - expected) < 1e-9);
	/* far beyond 2^32 frames what is left over does not count any more */
	assert_true(cb_sizes_chi_square(&s, UINT64_C(1) << 47) < 1);
	cb_sizes_finish(&s);
}

static void uniform_has_every_size(void **state)
{
	static uint64_t of[CB_SIZES_KINDS_MAX];
	struct cb_sizes s = make("uniform:from=64,to=1518");

	count(&s, s.n, of);
	for (int size = 64; size <= 1518; size++)
		assert_int_equal(of[size], s.n / 1455);
	assert_int_equal(of[63] + of[1519], 0);
	cb_sizes_finish(&s);
	s = make("uniform:from=100,to=100");
	assert_int_equal(cb_sizes_of(&s, 77), 100);
	cb_sizes_finish(&s);
}

static void a_seed_decides_on_the_order(void **state)
{
	struct cb_sizes a = make("imix:seed=2"), b = make("imix:2"), c = make("imix:seed=3");
	int differ = 0;

	for (uint64_t i = 0; i < 1000; i++) {
		assert_int_equal(cb_sizes_of(&a, i), cb_sizes_of(&b, i));
		differ += cb_sizes_of(&a, i) != cb_sizes_of(&c, i);
	}
	assert_true(differ > 100);
	cb_sizes_finish(&a);
	cb_sizes_finish(&b);
	cb_sizes_finish(&c);
}

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void a_file_of_sizes(void **state)
{
	static const char *const bad[] = {"64 7\nx\n", "64 -1\n", "63 1\n", "9019 1\n", "64 7 8\n",
		"99999999999999999999 1\n", "", "# nothing\n", "64 0\n",
		"64 9223372036854775807\n128 9223372036854775807\n1500 9223372036854775807\n",
		"64 1\n1518 10000000\n"};
	char path[] = "/tmp/capbench-sizes-XXXXXX", text[128];
	struct cb_sizes s;

	write_file(path, "# size weight\n64 3\n\n  1518\t1 # rare\n1518\n");
	snprintf(text, sizeof(text), "file:%s", path);
	s = make(text);
	assert_true(fabs(s.mean - (3 * 64 + 2 * 1518) / 5.0) < 1e-9);
	cb_sizes_finish(&s);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(bad[i], file);
		fclose(file);
		refuse(text, "sizes");
	}
	unlink(path);
	refuse(text, "No such file");
	refuse("file:/dev/zero", "no size");
}

static void what_is_no_mix(void **state)
{
	refuse("mix", "");
	refuse("genome:letters=", "");
	refuse("genome:aaA", "\"A\"");
	refuse("genome:j", "16000");
	refuse("list", "sizes");
	refuse("list:64x", "64x7");
	refuse("list:64x7/", "64x7");
	refuse("list:64x7/63x1", "63");
	refuse("list:64x0", "no size");
	refuse("list:64x-1", "64x7");
	refuse("uniform:from=100,to=99", "larger");
	refuse("uniform:from=63", "from");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_is_one_size),
		cmocka_unit_test(a_genome_repeats),
		cmocka_unit_test(imix_is_7_4_1),
		cmocka_unit_test(chi_square_is_pearsons),
		cmocka_unit_test(uniform_has_every_size),
		cmocka_unit_test(a_seed_decides_on_the_order),
		cmocka_unit_test(a_file_of_sizes),
		cmocka_unit_test(what_is_no_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
