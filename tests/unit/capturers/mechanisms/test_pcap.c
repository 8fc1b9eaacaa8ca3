/*
 * pcap: on libpcaps that do as they are told (fake_pcap.c), for what a real one does seldom.
 */
#include "capturers/members.h"
#include "harness/base/log.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/capturers/mechanisms/fake_pcap.h"
#include "tests/unit/capturers/mechanisms/loopback.h"
#include "tests/unit/cmocka.h"

#define PLAIN   CB_FAKE_DIR "/fake_pcap.so"
#define OLD     CB_FAKE_DIR "/fake_pcap_old.so"
#define PF_RING CB_FAKE_DIR "/fake_pcap_pf_ring.so"
#define FRAMES  256

static const struct cb_mechanism *const mechanism = &cb_mechanism_pcap;
static struct cb_error err;
static struct cb_tap_ready ready;
static struct cb_tap_counters counters;
static struct cb_frame frames[FRAMES];
static struct fake_pcap *fake;
static void *library, *state;
static int64_t syscalls;
static bool have_namespace;

/* The stand-in at `path`, as it was built. */
static void take(const char *path)
{
	struct fake_pcap *const *exported;

	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		fail_msg("%s", dlerror());
	exported = dlsym(library, "fake");
	assert_non_null(exported);
	fake = *exported;
	*fake = (struct fake_pcap){.caplen = 60};
	state = calloc(1, mechanism->state_size);
	assert_non_null(state);
	syscalls = 0;
}

static void drop(void)
{
	free(state);
	dlclose(library);
}

static int open_with(const char *path, const char *options, const struct cb_tap *tap)
{
	char text[512], values[512];

	snprintf(text, sizeof(text), "pcap:library=%s%s", path, options);
	assert_int_equal(cb_member_parse(&cb_mechanism_axis, text, NULL, values, &err), 0);
	err = (struct cb_error){0};
	return mechanism->open(state, tap, values, &ready, &err);
}

static const struct cb_tap small = {
	.interface = "lo", .snaplen = 128, .buffer = 1 << 20, .promiscuous = true};

static int receive(void)
{
	return mechanism->receive(state, frames, FRAMES, &syscalls);
}

static unsigned number(const struct cb_frame *frame)
{
	unsigned n;

	memcpy(&n, frame->data, sizeof(n));
	return n;
}

static void asks_for_what_it_was_told(void **unused)
{
	const struct cb_tap tap = {.interface = "lo", .snaplen = 96, .buffer = INT64_C(1) << 40};

	take(PLAIN);
	assert_int_equal(open_with(PLAIN, ",immediate=on,timeout=1500us", &tap), 0);
	assert_int_equal(fake->activated, 1);
	assert_int_equal(fake->immediate, 1);
	assert_int_equal(fake->timeout, 2);
	assert_int_equal(fake->snaplen, 96);
	assert_int_equal(fake->promiscuous, 0);
	assert_int_equal(fake->buffer, INT32_MAX);
	assert_string_equal(ready.version, "libpcap 1.10.1");
	mechanism->close(state);
	assert_int_equal(fake->closed, 1);
	drop();
}

static void gives_copies_that_stay(void **unused)
{
	take(PLAIN);
	fake->queued = 300;
	assert_int_equal(open_with(PLAIN, "", &small), 0);
	assert_int_equal(receive(), FRAMES);
	for (unsigned i = 0; i < FRAMES; i++) {
		assert_int_equal(number(&frames[i]), i);
		assert_int_equal(frames[i].caplen, 60);
		assert_int_equal(frames[i].time_ns, 2 * UINT64_C(1000000000) + 3000);
	}
	assert_int_equal(receive(), 300 - FRAMES);
	assert_int_equal(number(&frames[0]), FRAMES);
	assert_int_equal(receive(), 0);
	assert_true(syscalls == CB_UNKNOWN);
	mechanism->close(state);
	drop();
}

static void long_frames_are_cut_and_fit(void **unused)
{
	const struct cb_tap tap = {.interface = "lo", .snaplen = 60000, .buffer = 1 << 20};
	int n, total = 0;

	take(PLAIN);
	fake->caplen = 65535;
	fake->queued = 100;
	assert_int_equal(open_with(PLAIN, "", &tap), 0);
	while ((n = receive()) > 0) {
		assert_int_equal(frames[n - 1].caplen, 60000);
		assert_int_equal(number(&frames[n - 1]), total + n - 1);
		total += n;
	}
	assert_int_equal(total, 100);
	mechanism->close(state);
	drop();
}

static void more_than_asked_for_is_not_written(void **unused)
{
	take(PLAIN);
	fake->queued = 1000;
	fake->excess = 50;
	assert_int_equal(open_with(PLAIN, "", &small), 0);
	assert_int_equal(receive(), FRAMES);
	mechanism->close(state);
	drop();
}

static void counters_pass_32_bits(void **unused)
{
	take(PLAIN);
	assert_int_equal(open_with(PLAIN, "", &small), 0);
	fake->stats = (struct pcap_stat){.ps_recv = UINT32_MAX, .ps_drop = UINT32_MAX - 9};
	assert_int_equal(mechanism->account(state), 0);
	fake->stats = (struct pcap_stat){.ps_recv = 9, .ps_drop = 0};
	assert_int_equal(mechanism->detach(state, &err), 0);
	assert_int_equal(mechanism->settle(state, &counters, &err), 0);
	assert_int_equal(counters.matched, (INT64_C(1) << 32) + 9);
	assert_int_equal(counters.dropped, INT64_C(1) << 32);
	mechanism->close(state);
	drop();
}

/* Without a ring of Linux's the tap can't be closed: the counters say which frames are in the
 * books. */
static void books_close_at_the_counters(void **unused)
{
	take(PLAIN);
	fake->queued = 100;
	assert_int_equal(open_with(PLAIN, "", &small), 0);
	assert_int_equal(receive(), 100);
	fake->queued = 70;
	fake->stats = (struct pcap_stat){.ps_recv = 160, .ps_drop = 20};
	assert_int_equal(mechanism->detach(state, &err), 0);
	assert_int_equal(mechanism->receive(state, frames, 30, &syscalls), 30);
	fake->stats = (struct pcap_stat){.ps_recv = 260, .ps_drop = 50};
	assert_int_equal(mechanism->settle(state, &counters, &err), 0);
	assert_int_equal(counters.matched, 160);
	assert_int_equal(counters.dropped, 20);
	assert_int_equal(counters.unread, 10);
	assert_int_equal(receive(), 0);
	mechanism->close(state);
	drop();
}

static void counters_that_fail_are_an_error(void **unused)
{
	take(PLAIN);
	assert_int_equal(open_with(PLAIN, "", &small), 0);
	fake->stats_fail = true;
	assert_int_equal(mechanism->account(state), -EIO);
	assert_int_equal(mechanism->detach(state, &err), CB_ERR_HOST);
	mechanism->close(state);
	drop();
}

static void a_failed_dispatch_is_explained(void **unused)
{
	const struct cb_tap gone = {.interface = "none", .snaplen = 128, .buffer = 4096};

	take(PLAIN);
	fake->dispatch = -1;
	assert_int_equal(open_with(PLAIN, "", &gone), 0);
	assert_int_equal(receive(), -ENETDOWN);
	mechanism->close(state);
	if (have_namespace) {
		memset(state, 0, mechanism->state_size);
		assert_int_equal(open_with(PLAIN, "", &small), 0);
		assert_int_equal(receive(), -EIO);
		fake->queued = 5; /* those before the failure are not lost */
		assert_int_equal(receive(), 5);
		mechanism->close(state);
	}
	drop();
}

static void refusals_say_what_to_do(void **unused)
{
	static const struct {
		int activate, code;
		const char *words;
	} cases[] = {
		{PCAP_ERROR_PERM_DENIED, CB_ERR_IMPOSSIBLE, "CAP_NET_RAW"},
		{PCAP_ERROR_IFACE_NOT_UP, CB_ERR_IMPOSSIBLE, "up first"},
		{PCAP_ERROR_NO_SUCH_DEVICE, CB_ERR_USAGE, "no such interface"},
		{PCAP_ERROR, CB_ERR_HOST, "the stand-in's words"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		take(PLAIN);
		fake->activate = cases[i].activate;
		assert_int_equal(open_with(PLAIN, "", &small), cases[i].code);
		assert_non_null(strstr(err.text, cases[i].words));
		assert_non_null(strstr(err.text, "\"lo\""));
		assert_int_equal(fake->closed, 1);
		drop();
	}
}

static void wrong_filters_are_refused(void **unused)
{
	struct cb_tap tap = small;

	take(PLAIN);
	tap.filter = "wrong";
	assert_int_equal(open_with(PLAIN, "", &tap), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "the stand-in's words"));
	tap.filter = "udp";
	memset(state, 0, mechanism->state_size);
	assert_int_equal(open_with(PLAIN, "", &tap), 0);
	assert_int_equal(fake->filters, 1);
	mechanism->close(state);
	drop();
}

static void old_libraries_do(void **unused)
{
	take(OLD);
	fake->queued = 3;
	assert_int_equal(open_with(OLD, ",timeout=20ms", &small), 0);
	assert_int_equal(fake->opened_live, 1);
	assert_int_equal(fake->timeout, 20);
	assert_int_equal(fake->snaplen, 128);
	assert_int_equal(fake->promiscuous, 1);
	assert_string_equal(ready.version, "libpcap 0.9.8");
	assert_int_equal(receive(), 3);
	mechanism->close(state);
	memset(state, 0, mechanism->state_size);
	assert_int_equal(open_with(OLD, ",immediate=on", &small), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "0.9.8"));
	memset(state, 0, mechanism->state_size);
	fake->activate = -1;
	assert_int_equal(open_with(OLD, "", &small), CB_ERR_HOST);
	assert_non_null(strstr(err.text, "the stand-in's reason"));
	drop();
}

/* No module is loaded, so its totals are not there: nothing is made up for them. */
static void pf_ring_is_known_by_its_name(void **unused)
{
	take(PF_RING);
	fake->stats = (struct pcap_stat){.ps_recv = 10, .ps_drop = 5};
	assert_int_equal(open_with(PF_RING, "", &small), 0);
	assert_int_equal(strncmp(ready.version, "libpcap 1.10.1, PF_RING", 23), 0);
	assert_int_equal(mechanism->detach(state, &err), 0);
	assert_int_equal(mechanism->settle(state, &counters, &err), 0);
	assert_true(counters.matched == CB_UNKNOWN);
	assert_true(counters.dropped == CB_UNKNOWN);
	assert_true(counters.unread == CB_UNKNOWN);
	mechanism->close(state);
	drop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_what_it_was_told),
		cmocka_unit_test(gives_copies_that_stay),
		cmocka_unit_test(long_frames_are_cut_and_fit),
		cmocka_unit_test(more_than_asked_for_is_not_written),
		cmocka_unit_test(counters_pass_32_bits),
		cmocka_unit_test(books_close_at_the_counters),
		cmocka_unit_test(counters_that_fail_are_an_error),
		cmocka_unit_test(a_failed_dispatch_is_explained),
		cmocka_unit_test(refusals_say_what_to_do),
		cmocka_unit_test(wrong_filters_are_refused),
		cmocka_unit_test(old_libraries_do),
		cmocka_unit_test(pf_ring_is_known_by_its_name),
	};

	cb_log_set_level(CB_LOG_ERROR);
	have_namespace = enter_namespace();
	if (have_namespace)
		set_loopback(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
