/* The totals of PF_RING's module, from files as version 8.9.0 writes them. */
#include "capturers/mechanisms/pf_ring_totals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

static char directory[] = "/tmp/pf_ring_totals_XXXXXX";

static const char good[] = "Bound Device(s)        : eth1\n"
			   "Active                 : 1\n"
			   "Poll Pkt Watermark     : 128\n"
			   "Tot Memory             : 1048576\n"
			   "Tot Packets            : 4294977296\n"
			   "Tot Pkt Lost           : 5578\n"
			   "Tot Insert             : 4294971718\n"
			   "Tot Read               : 4294971000\n";

static void path_of(char path[256], long pid, const char *rest)
{
	snprintf(path, 256, "%s/%ld-%s", directory, pid, rest);
}

static void put(long pid, const char *rest, const char *text)
{
	char path[256];
	FILE *f;

	path_of(path, pid, rest);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void take_away(long pid, const char *rest)
{
	char path[256];

	path_of(path, pid, rest);
	unlink(path);
}

static void reads_its_own_ring(void **state)
{
	struct cb_pf_ring_totals totals;
	long pid = getpid();

	put(pid, "eth1.7", good);
	put(pid, "eth10.9", "");
	put(pid + 1, "eth1.8", "");
	assert_int_equal(cb_pf_ring_totals_read(&totals, directory, "eth1"), 0);
	assert_int_equal(totals.lost, 5578);
	assert_int_equal(totals.inserted, 4294971718);
	take_away(pid, "eth1.7");
	take_away(pid, "eth10.9");
	take_away(pid + 1, "eth1.8");
}

static void the_newest_ring_counts(void **state)
{
	struct cb_pf_ring_totals totals;
	long pid = getpid();

	put(pid, "eth1.9", "Tot Insert : 1\nTot Pkt Lost : 0\n");
	put(pid, "eth1.10", "Tot Insert : 2\nTot Pkt Lost : 1\n");
	put(pid, "eth1.x", "");
	assert_int_equal(cb_pf_ring_totals_read(&totals, directory, "eth1"), 0);
	assert_int_equal(totals.inserted, 2);
	take_away(pid, "eth1.9");
	take_away(pid, "eth1.10");
	take_away(pid, "eth1.x");
}

static void what_is_not_there_is_said(void **state)
{
	struct cb_pf_ring_totals totals;

	assert_int_equal(cb_pf_ring_totals_read(&totals, "/nonexistent", "eth1"), -ENOENT);
	assert_int_equal(cb_pf_ring_totals_read(&totals, directory, "eth1"), -ENOENT);
}

static void wrong_files_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"Tot Pkt Lost : 0\n",
		"Tot Insert : x\nTot Pkt Lost : 0\n",
		"Tot Insert : -1\nTot Pkt Lost : 0\n",
		"Tot Insert : 99999999999999999999\nTot Pkt Lost : 0\n",
		"Tot Insert\nTot Pkt Lost : 0\n",
		"Tot Insert of all : 1\nTot Pkt Lost : 0\n",
	};
	struct cb_pf_ring_totals totals;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		put(getpid(), "eth1.1", texts[i]);
		assert_int_equal(cb_pf_ring_totals_read(&totals, directory, "eth1"), -EPROTO);
	}
	take_away(getpid(), "eth1.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_its_own_ring),
		cmocka_unit_test(the_newest_ring_counts),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(wrong_files_are_refused),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
