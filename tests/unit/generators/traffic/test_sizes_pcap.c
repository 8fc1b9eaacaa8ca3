/* Sizes as a file's packets have them: exact shares, and what does not become a frame is told. */
#include "generators/traffic/sizes.h"

#include "tests/unit/generators/traffic/pcap_bytes.h"

static struct cb_sizes s;
static struct cb_error err;

static int make(const char *path, const char *more)
{
	char text[128];
	int r;

	snprintf(text, sizeof(text), "pcap:%s%s", path, more);
	r = cb_sizes_make(&s, text, 64, 1518, &err);
	if (r == CB_ERR_IMPOSSIBLE)
		skip();
	return r;
}

static uint32_t share_of(uint16_t size)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s.n; i++)
		n += s.sequence[i] == size;
	return n;
}

static void as_the_file_has_them(void **state)
{
	char path[] = PCAP_PATH;
	FILE *file = pcap_create(path);
	uint16_t before[16];

	for (int i = 0; i < 7; i++)
		pcap_add(file, 0, 60, 60, 1);
	for (int i = 0; i < 3; i++)
		pcap_add(file, 0, 42, 42, 1); /* without padding */
	for (int i = 0; i < 5; i++)
		pcap_add(file, 0, 128, 590, 1); /* cut */
	pcap_add(file, 0, 1514, 1514, 1);
	pcap_add(file, 0, 2000, 2000, 1); /* too long for the link */
	fclose(file);
	assert_int_equal(make(path, ""), 0);
	assert_int_equal(s.n % 16, 0);
	assert_int_equal(share_of(64), s.n * 10 / 16);
	assert_int_equal(share_of(594), s.n * 5 / 16);
	assert_int_equal(share_of(1518), s.n / 16);
	assert_int_equal(s.largest, 1518);
	assert_int_equal(s.smallest, 64);
	assert_true(cb_sizes_chi_square(&s, s.n) == 0);
	memcpy(before, s.sequence, sizeof(before));
	cb_sizes_finish(&s);
	assert_int_equal(make(path, ",seed=1"), 0);
	assert_memory_equal(before, s.sequence, sizeof(before));
	cb_sizes_finish(&s);
	assert_int_equal(make(path, ",seed=2"), 0);
	assert_memory_not_equal(before, s.sequence, sizeof(before));
	cb_sizes_finish(&s);
	unlink(path);
}

/* One of 100 000 is less than a frame of a cycle. */
static void rare_sizes_count_as_their_neighbours(void **state)
{
	char path[] = PCAP_PATH;
	FILE *file = pcap_create(path);

	pcap_add(file, 0, 96, 96, 1);
	for (int i = 0; i < 100000; i++)
		pcap_add(file, 0, 14, i % 2 ? 196 : 296, 1);
	pcap_add(file, 0, 396, 396, 1);
	fclose(file);
	assert_int_equal(make(path, ""), 0);
	assert_int_equal(share_of(100) + share_of(400), 0);
	assert_int_equal(share_of(200) + share_of(300), s.n);
	assert_true(s.shares[200] > 0.49999 && s.shares[200] < 0.50001);
	assert_int_equal(s.largest, 300);
	cb_sizes_finish(&s);
	unlink(path);
}

static void files_without_sizes(void **state)
{
	char path[] = PCAP_PATH;
	FILE *file = pcap_create(path);

	fclose(file);
	assert_int_equal(make(path, ""), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "no size"));
	cb_sizes_finish(&s);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(make(path, ""), CB_ERR_USAGE);
	cb_sizes_finish(&s);
	unlink(path);
	assert_int_equal(make(path, ""), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, path));
	cb_sizes_finish(&s);
	assert_int_equal(cb_sizes_make(&s, "pcap", 64, 1518, &err), CB_ERR_USAGE);
	cb_sizes_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_file_has_them),
		cmocka_unit_test(rare_sizes_count_as_their_neighbours),
		cmocka_unit_test(files_without_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
