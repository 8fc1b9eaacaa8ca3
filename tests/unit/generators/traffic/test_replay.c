/* A file's packets in memory: what is left out is counted, what is cut is treated as asked. */
#include "generators/traffic/replay.h"

#include "tests/unit/generators/traffic/pcap_bytes.h"

static struct cb_replay r;
static struct cb_error err;

static int load(const char *path, enum cb_replay_truncated truncated, size_t memory)
{
	const struct cb_replay_spec spec = {
		.path = path, .length_max = 1514, .truncated = truncated, .memory_bytes = memory};
	int rc = cb_replay_load(&r, &spec, &err);

	if (rc == CB_ERR_IMPOSSIBLE)
		skip();
	return rc;
}

static void every_kind_of_packet(void **state)
{
	static const struct {
		enum cb_replay_truncated truncated;
		size_t n, oversized;
		uint32_t second; /* length of the second packet that is sent */
	} cases[] = {{CB_REPLAY_PAD, 3, 2, 1000}, {CB_REPLAY_SEND, 4, 1, 100},
		{CB_REPLAY_SKIP, 2, 1, 200}};
	char path[] = PCAP_PATH;
	FILE *file = pcap_create(path);

	pcap_add(file, 5000000100, 60, 60, 1);
	pcap_add(file, 5000000300, 100, 1000, 2);
	pcap_add(file, 5000000400, 1515, 1515, 3);
	pcap_add(file, 5000000450, 13, 13, 4);
	pcap_add(file, 5000000500, 64, 0xffffffff, 5);
	pcap_add(file, 5000000200, 200, 200, 6); /* its clock went back */
	fclose(file);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(load(path, cases[i].truncated, 1 << 20), 0);
		assert_int_equal(r.n, cases[i].n);
		assert_int_equal(r.truncated, 2);
		assert_int_equal(r.oversized, cases[i].oversized);
		assert_int_equal(r.runts, 1);
		assert_false(r.damaged);
		assert_int_equal(r.packets[1].length, cases[i].second);
		assert_int_equal(r.bytes[r.packets[0].offset], 1);
		assert_int_equal(r.bytes[r.packets[r.n - 1].offset], 6);
		assert_true(r.times_ns[0] == 0);
		for (size_t p = 1; p < r.n; p++)
			assert_true(r.times_ns[p] >= r.times_ns[p - 1]);
		assert_true(r.period_ns > r.times_ns[r.n - 1]);
		cb_replay_finish(&r);
	}
	unlink(path);
}

/* What is behind a truncated packet's bytes is zeros, not what stood in memory. */
static void padding_is_zeros(void **state)
{
	char path[] = PCAP_PATH;
	FILE *file = pcap_create(path);

	pcap_add(file, 0, 14, 1514, 0xff);
	fclose(file);
	assert_int_equal(load(path, CB_REPLAY_PAD, 1 << 20), 0);
	for (uint32_t i = 0; i < 1514; i++)
		assert_int_equal(r.bytes[i], i < 14 ? 0xff : 0);
	cb_replay_finish(&r);
	unlink(path);
}

static void a_file_that_ends_early(void **state)
{
	char path[] = PCAP_PATH;
	FILE *file = pcap_create(path);

	pcap_add(file, 0, 60, 60, 1);
	pcap_add(file, 1, 60, 60, 2);
	fclose(file);
	assert_int_equal(truncate(path, 24 + 2 * 76 - 1), 0);
	assert_int_equal(load(path, CB_REPLAY_PAD, 1 << 20), 0);
	assert_int_equal(r.n, 1);
	assert_true(r.damaged);
	assert_non_null(strstr(r.why, path));
	cb_replay_finish(&r);
	assert_int_equal(truncate(path, 30), 0);
	assert_int_equal(load(path, CB_REPLAY_PAD, 1 << 20), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "no packet"));
	cb_replay_finish(&r);
	unlink(path);
}

static void memory_is_limited(void **state)
{
	char path[] = PCAP_PATH;
	FILE *file = pcap_create(path);

	for (int i = 0; i < 3000; i++)
		pcap_add(file, (uint64_t)i, 100, 100, 1);
	fclose(file);
	assert_int_equal(load(path, CB_REPLAY_PAD, 299999), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "memory="));
	cb_replay_finish(&r);
	assert_int_equal(load(path, CB_REPLAY_PAD, 300000), 0);
	assert_int_equal(r.n, 3000);
	cb_replay_finish(&r);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_packet),
		cmocka_unit_test(padding_is_zeros),
		cmocka_unit_test(a_file_that_ends_early),
		cmocka_unit_test(memory_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
