/* libpcap loaded at run time, and filters compiled by it. Skipped where there is no libpcap. */
#include "capturers/filter.h"
#include "capturers/pcap_library.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

static struct cb_error err;

static void need_libpcap(void)
{
	struct cb_pcap_library library;

	if (cb_pcap_library_open(&library, NULL, &err))
		skip();
	cb_pcap_library_close(&library);
}

static void loads_the_system_library(void **state)
{
	struct cb_pcap_library library;

	need_libpcap();
	assert_int_equal(cb_pcap_library_open(&library, "", &err), 0);
	assert_non_null(strstr(library.lib_version(), "libpcap"));
	assert_non_null(library.open_live);
	cb_pcap_library_close(&library);
	assert_null(library.handle);
	assert_null(library.lib_version);
	cb_pcap_library_close(&library);
}

static void says_why_a_library_is_refused(void **state)
{
	struct cb_pcap_library library;

	assert_int_equal(
		cb_pcap_library_open(&library, "/nowhere/libpcap.so", &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "/nowhere/libpcap.so"));
	assert_null(library.handle);
	/* a shared object, but another */
	assert_int_equal(cb_pcap_library_open(&library, "libm.so.6", &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "is no libpcap"));
	assert_null(library.handle);
}

/* A UDP datagram over IPv4 to port 9. */
static const uint8_t datagram[42] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 28, 0, 0,
	0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 7, 0, 9, 0, 8, 0, 0};

/* What the program returns for the datagram, by libpcap's interpreter. */
static unsigned verdict(const struct cb_filter *f)
{
	struct cb_pcap_library library;
	struct bpf_insn code[64];
	struct bpf_program program = {.bf_len = f->n, .bf_insns = code};
	struct pcap_pkthdr header = {.caplen = sizeof(datagram), .len = sizeof(datagram)};
	unsigned result;

	assert_in_range(f->n, 1, sizeof(code) / sizeof(*code));
	memcpy(code, f->code, f->n * sizeof(*f->code));
	assert_int_equal(cb_pcap_library_open(&library, NULL, &err), 0);
	assert_non_null(library.offline_filter);
	result = (unsigned)library.offline_filter(&program, &header, datagram);
	cb_pcap_library_close(&library);
	return result;
}

static void a_filter_takes_what_it_says(void **state)
{
	static const struct {
		const char *expression;
		unsigned result;
	} cases[] = {{"udp port 9", 96}, {"udp port 10", 0}, {"", 96}, {"not ip", 0},
		{"src host 10.0.0.1 and dst port 9", 96}};

	need_libpcap();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cb_filter f;

		assert_int_equal(cb_filter_compile(&f, cases[i].expression, 96, &err), 0);
		assert_true(f.n > 0);
		assert_int_equal(verdict(&f), cases[i].result);
		cb_filter_finish(&f);
		assert_null(f.code);
		assert_int_equal(f.n, 0);
	}
}

static void a_wrong_filter_is_explained(void **state)
{
	static const char *const wrong[] = {"udp prot 9", "port 99999999", "((", "ip and"};
	struct cb_filter f;

	need_libpcap();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(cb_filter_compile(&f, wrong[i], 96, &err), CB_ERR_USAGE);
		assert_non_null(strstr(err.text, "filter \""));
		assert_non_null(strstr(err.text, wrong[i]));
		assert_true(strlen(err.text) > strlen("filter \"\": ") + strlen(wrong[i]));
		assert_null(f.code);
		cb_filter_finish(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_the_system_library),
		cmocka_unit_test(says_why_a_library_is_refused),
		cmocka_unit_test(a_filter_takes_what_it_says),
		cmocka_unit_test(a_wrong_filter_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
