/* pfring, on a libpfring that does as it is told (fake_pfring.c). */
#include "capturers/members.h"
#include "harness/base/clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/unit/capturers/mechanisms/fake_pfring.h"
#include "tests/unit/cmocka.h"

#define LIBRARY CB_FAKE_DIR "/fake_pfring.so"
#define FRAMES  256
#define V8      0x080900

static const struct cb_mechanism *const mechanism = &cb_mechanism_pfring;
static struct cb_error err;
static struct cb_tap_ready ready;
static struct cb_tap_counters counters;
static struct cb_frame frames[FRAMES];
static struct fake_pfring *fake;
static void *library, *state;
static int64_t syscalls;

static const struct cb_tap tap = {
	.interface = "lo", .snaplen = 128, .buffer = 1 << 20, .promiscuous = true};

static int set_up(void **unused)
{
	struct fake_pfring *const *exported;

	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		fail_msg("%s", dlerror());
	exported = dlsym(library, "fake");
	assert_non_null(exported);
	fake = *exported;
	*fake = (struct fake_pfring){
		.version = V8, .module = V8, .caplen = 60, .fd = eventfd(0, EFD_CLOEXEC)};
	state = calloc(1, mechanism->state_size);
	syscalls = 0;
	return state && fake->fd >= 0 ? 0 : -1;
}

static int tear_down(void **unused)
{
	close(fake->fd);
	free(state);
	dlclose(library);
	return 0;
}

static int open_with(const char *options, const struct cb_tap *where)
{
	char text[512], values[512];

	snprintf(text, sizeof(text), "pfring:library=" LIBRARY "%s", options);
	assert_int_equal(cb_member_parse(&cb_mechanism_axis, text, NULL, values, &err), 0);
	err = (struct cb_error){0};
	return mechanism->open(state, where, values, &ready, &err);
}

static int receive(void)
{
	return mechanism->receive(state, frames, FRAMES, &syscalls);
}

static uint32_t number(const struct cb_frame *frame)
{
	uint32_t n;

	memcpy(&n, frame->data, sizeof(n));
	return n;
}

static void asks_for_what_it_was_told(void **unused)
{
	struct cb_tap filtered = tap;

	filtered.filter = "udp";
	assert_int_equal(open_with(",watermark=7,timeout=1500us,flags=512", &filtered), 0);
	assert_int_equal(fake->flags, 512 | 1 << 3);
	assert_int_equal(fake->snaplen, 128);
	assert_int_equal(fake->direction, 1);
	assert_int_equal(fake->mode, 2);
	assert_int_equal(fake->watermark, 7);
	assert_int_equal(fake->timeout, 2);
	assert_int_equal(fake->filters, 1);
	assert_int_equal(fake->enabled, 1);
	assert_int_equal(ready.fd, fake->fd);
	assert_string_equal(ready.version, "PF_RING 8.9.0");
	mechanism->close(state);
	assert_int_equal(fake->closed, 1);
}

static void defaults_are_pf_rings_own(void **unused)
{
	struct cb_tap quiet = tap;

	quiet.promiscuous = false;
	assert_int_equal(open_with("", &quiet), 0);
	assert_int_equal(fake->flags, 0);
	assert_int_equal(fake->watermark, 128);
	assert_int_equal(fake->timeout, 0);
	assert_int_equal(fake->filters, 0);
	mechanism->close(state);
}

static void gives_copies_that_stay(void **unused)
{
	fake->queued = 300;
	assert_int_equal(open_with("", &tap), 0);
	assert_int_equal(receive(), FRAMES);
	for (unsigned i = 0; i < FRAMES; i++) {
		assert_int_equal(number(&frames[i]), i);
		assert_int_equal(frames[i].caplen, 60);
		assert_int_equal(frames[i].time_ns, 2 * CB_NS_PER_SEC + 3000);
	}
	assert_int_equal(receive(), 300 - FRAMES);
	assert_int_equal(receive(), 0);
	assert_int_equal(syscalls, 0);
	fake->recv = -1;
	assert_int_equal(receive(), -EIO);
	mechanism->close(state);
}

static void long_frames_are_cut_and_fit(void **unused)
{
	const struct cb_tap wide = {.interface = "lo", .snaplen = 60000};
	int n, total = 0;

	fake->caplen = 65535;
	fake->queued = 100;
	assert_int_equal(open_with("", &wide), 0);
	while ((n = receive()) > 0) {
		assert_int_equal(frames[n - 1].caplen, 60000);
		assert_int_equal(frames[n - 1].len, 65535);
		assert_int_equal(number(&frames[n - 1]), total + n - 1);
		total += n;
	}
	assert_int_equal(total, 100);
	mechanism->close(state);
}

static void books_close_at_the_counters(void **unused)
{
	fake->queued = 100;
	assert_int_equal(open_with("", &tap), 0);
	assert_int_equal(receive(), 100);
	fake->queued = 60;
	fake->dropped = INT64_C(1) << 33;
	assert_int_equal(mechanism->detach(state, &err), 0);
	fake->queued += 500; /* the traffic goes on */
	fake->dropped += 500;
	assert_int_equal(mechanism->receive(state, frames, 40, &syscalls), 40);
	assert_int_equal(mechanism->settle(state, &counters, &err), 0);
	assert_int_equal(counters.unread, 20);
	assert_int_equal(counters.dropped, INT64_C(1) << 33);
	assert_true(counters.matched == CB_UNKNOWN);
	assert_int_equal(receive(), 0);
	mechanism->close(state);
}

static void counters_that_fail_are_an_error(void **unused)
{
	assert_int_equal(open_with("", &tap), 0);
	fake->fails = -1;
	assert_int_equal(mechanism->detach(state, &err), CB_ERR_HOST);
	mechanism->close(state);
}

static void waits_for_n_or_m(void **unused)
{
	struct cb_wait_counts counts = {0};
	uint64_t start, one = 1;
	int fd = 0;

	assert_int_equal(open_with("", &tap), 0);
	assert_int_equal(mechanism->extra->batch(state, 512, 20 * CB_NS_PER_MS, &fd, &err), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(fake->watermark, 512);
	start = cb_now_ns();
	assert_int_equal(mechanism->extra->wait_batch(state, CB_FOREVER, &counts), 0);
	assert_true(cb_now_ns() - start >= 20 * CB_NS_PER_MS);
	start = cb_now_ns();
	assert_int_equal(mechanism->extra->wait_batch(state, start, &counts), 0);
	assert_int_equal(write(fake->fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(mechanism->extra->batch(state, 1 << 20, CB_NS_PER_SEC, &fd, &err), 0);
	assert_int_equal(fake->watermark, UINT16_MAX);
	assert_int_equal(mechanism->extra->wait_batch(state, CB_FOREVER, &counts), 0);
	assert_true(cb_now_ns() - start < CB_NS_PER_SEC);
	assert_int_equal(counts.syscalls, 3);
	assert_int_equal(counts.blocks, 3);
	fake->fails = -1;
	assert_int_equal(mechanism->extra->batch(state, 5, 5, &fd, &err), CB_ERR_HOST);
	mechanism->close(state);
}

static void other_versions_are_refused(void **unused)
{
	static const uint32_t versions[] = {0x050603, 0x0a0000, 0};

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		fake->version = versions[i];
		memset(state, 0, mechanism->state_size);
		assert_int_equal(open_with("", &tap), CB_ERR_IMPOSSIBLE);
		assert_non_null(strstr(err.text, "6 to 9"));
		assert_int_equal(fake->closed, i + 1);
	}
	fake->module = 0x0b0000; /* told before a ring is opened */
	memset(state, 0, mechanism->state_size);
	assert_int_equal(open_with("", &tap), CB_ERR_IMPOSSIBLE);
	assert_int_equal(fake->closed, 3);
}

static void refusals_say_what_to_do(void **unused)
{
	static const struct {
		uint32_t module;
		int open_errno, fails, code;
		const char *words;
	} cases[] = {
		{0, 0, 0, CB_ERR_IMPOSSIBLE, "modprobe pf_ring"},
		{V8, EAFNOSUPPORT, 0, CB_ERR_IMPOSSIBLE, "modprobe pf_ring"},
		{V8, EPERM, 0, CB_ERR_IMPOSSIBLE, "root"},
		{V8, EINVAL, 0, CB_ERR_HOST, "\"lo\""},
		{V8, 0, -1, CB_ERR_HOST, "the watermark"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fake->module = cases[i].module;
		fake->open_errno = cases[i].open_errno;
		fake->fails = cases[i].fails;
		memset(state, 0, mechanism->state_size);
		assert_int_equal(open_with("", &tap), cases[i].code);
		assert_non_null(strstr(err.text, cases[i].words));
	}
}

static void wrong_filters_are_refused(void **unused)
{
	struct cb_tap filtered = tap;

	filtered.filter = "wrong";
	assert_int_equal(open_with("", &filtered), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "\"wrong\""));
	assert_int_equal(fake->closed, 1);
}

static int open_library(const char *path)
{
	char text[512], values[512];

	snprintf(text, sizeof(text), "pfring:library=%s", path);
	assert_int_equal(cb_member_parse(&cb_mechanism_axis, text, NULL, values, &err), 0);
	return mechanism->open(state, &tap, values, &ready, &err);
}

static void other_libraries_are_refused(void **unused)
{
	assert_int_equal(open_library(CB_FAKE_DIR "/fake_pcap.so"), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "pfring_"));
	assert_int_equal(open_library("/nonexistent.so"), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "/nonexistent.so"));
}

/* Where it is not installed, as nearly everywhere, the probe says where it is to be had. */
static void probe_says_what_is_missing(void **unused)
{
	err = (struct cb_error){0};
	if (!mechanism->member.probe(&err))
		skip();
	assert_int_equal(err.code, CB_ERR_IMPOSSIBLE);
	assert_true(strstr(err.text, "ntop") || strstr(err.text, "modprobe"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(asks_for_what_it_was_told),
		TEST(defaults_are_pf_rings_own),
		TEST(gives_copies_that_stay),
		TEST(long_frames_are_cut_and_fit),
		TEST(books_close_at_the_counters),
		TEST(counters_that_fail_are_an_error),
		TEST(waits_for_n_or_m),
		TEST(other_versions_are_refused),
		TEST(refusals_say_what_to_do),
		TEST(wrong_filters_are_refused),
		TEST(other_libraries_are_refused),
		cmocka_unit_test(probe_says_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
