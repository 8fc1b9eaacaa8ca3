/*
 * `xdp` on a real veth pair: frames made in the kernel are what the others make, each with a stamp
 * of its own, waiting for their times; and what becomes of them is known to the frame.
 */
#include "harness/net/bpf_attach.h"

#include <bpf/bpf.h>
#include <sys/ioctl.h>

#include "tests/unit/generators/transmitters/real_tests.h"

/* For xdp the peer needs NAPI; a test that does without undoes this. */
static int napi_up(void **state)
{
	struct cb_error err = {0};
	int r = links_up(state);

	if (!r && !skip_reason && cb_link_feature("v1", "rx-gro", true, &err))
		fprintf(stderr, "%s\n", err.text);
	return r ? r : err.code;
}

static void need_xdp(void)
{
	struct cb_error err = {0};

	need_namespace();
	if (!cb_axis_find(&cb_transmitter_axis, "xdp")->probe(&err))
		return;
	assert_int_equal(err.code, CB_ERR_IMPOSSIBLE);
	assert_false(netns_real_root());
	print_message("SKIPPED: %s\n", err.text);
	skip();
}

/* An XDP program on v1 that drops every frame: with it the ring of v1 is all there is. */
static struct cb_bpf_attachment drop_all(void)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_DROP},
		{.code = BPF_JMP | BPF_EXIT},
	};
	struct cb_bpf_attachment a = CB_BPF_DETACHED;
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "cb_test_drop", "BSD", code, 2, NULL);

	assert_true(fd >= 0);
	assert_int_equal(
		cb_bpf_attach_xdp(&a, fd, if_nametoindex("v1"), "v1", CB_XDP_NATIVE, "", NULL), 0);
	close(fd);
	return a;
}

/* ---- what is offered arrives ---- */

static void assert_all_but_refused_arrive(struct cb_generate_job job)
{
	struct cb_link_counters before = counters("v0"), after;
	struct witness *w = witness_open(&job);
	struct cb_generator_record r;
	struct cb_error err = {0};
	int64_t missing = 0;

	if (run(&job, &r, &err))
		fail_msg("%s", err.text);
	after = counters("v0");
	witness_read(w);
	assert_true(r.book.window_offered == job.count);
	for (int64_t i = 0; i < r.book.offered; i++)
		missing += !w->seen[i];
	/* A busy machine puts the receiver's poll off, and its ring of 256 may fill up. */
	assert_true(r.book.refused == missing);
	assert_true(after.tx_dropped - before.tx_dropped == missing);
	assert_true(after.tx_packets - before.tx_packets == r.book.offered - missing);
	assert_true(w->own == r.book.offered - missing && w->own > 0);
	if (!missing)
		assert_true(w->own - w->warmup == r.book.window_offered);
	assert_true(w->twice == 0 && w->wrong == 0 && w->foreign == 0);
	assert_true(witness_close(w) == 0);
}

static void every_frame_arrives_once(void **state)
{
	static const char *const transmitters[] = {"xdp", "xdp:batch=1", "xdp:batch=256"};
	static const char *const rates[] = {"1k", "50k", "1M", "max"};

	need_xdp();
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 4; k++) {
			struct cb_generate_job job = job_of(transmitters[i]);

			set_rate(&job, rates[k]);
			job.count = k ? 5000 : 20;
			job.warmup_ns = k == 3 ? 0 : 2000000;
			job.catch_up_ns = INT64_C(10000000000);
			assert_all_but_refused_arrive(job);
		}
}

static void frames_of_every_size(void **state)
{
	static const int64_t sizes[] = {64, 65, 127, 128, 512, 1517, 1518};

	need_xdp();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct cb_generate_job job = job_of("xdp");

		job.frame_size = sizes[i];
		set_rate(&job, "max");
		job.count = 1000;
		assert_all_but_refused_arrive(job);
	}
}

/* ---- time ---- */

/* Frames wait in the kernel: none leaves early, and calls are few. */
static void frames_wait_for_their_time(void **state)
{
	struct cb_generate_job job = job_of("xdp");
	struct witness *w;
	struct cb_generator_record r;
	struct cb_error err = {0};
	uint64_t begin_ns, took_ns;

	need_xdp();
	w = witness_open(&job);
	set_rate(&job, "50k");
	job.count = 10000;
	job.catch_up_ns = INT64_C(10000000000);
	begin_ns = cb_now_ns();
	if (run(&job, &r, &err))
		fail_msg("%s", err.text);
	took_ns = cb_now_ns() - begin_ns;
	witness_read(w);
	/* Slot 9999 is due after 199.98 ms. */
	assert_true(r.elapsed_ns >= 199980000 && took_ns >= 199980000);
	assert_true(r.unoffered == 0 && r.offered_pps <= 50000.5);
	assert_true(r.syscalls < r.book.offered / 10);
	assert_true(r.lateness_max_ns >= 0);
	assert_true(witness_close(w) == 0);
}

/* ---- what is refused ---- */

/* A veth whose peer is down takes nothing. */
static void a_peer_that_is_down_refuses_all(void **state)
{
	struct cb_generate_job job = job_of("xdp");
	struct cb_link_counters before, after;
	struct cb_generator_record r;
	struct cb_error err = {0};

	need_xdp();
	assert_int_equal(cb_link_down("v1", NULL), 0);
	before = counters("v0");
	set_rate(&job, "50k");
	job.count = 1000;
	if (run(&job, &r, &err))
		fail_msg("%s", err.text);
	after = counters("v0");
	assert_true(r.book.offered > 0 && r.book.refused == r.book.offered);
	assert_true(after.tx_packets == before.tx_packets);
	assert_true(after.tx_dropped - before.tx_dropped == r.book.offered);
}

/* How many were refused. */
static int64_t run_against_threaded_napi(const char *rate)
{
	struct cb_generate_job job = job_of("xdp:batch=256");
	struct cb_link_counters before = counters("v0"), after, rx_before = counters("v1"), rx;
	struct cb_generator_record r;
	struct cb_error err = {0};

	set_rate(&job, rate);
	job.duration_ns = 100000000;
	if (run(&job, &r, &err))
		fail_msg("%s", err.text);
	after = counters("v0");
	rx = counters("v1");
	assert_true(r.book.offered > 0 && r.book.refused >= 0);
	assert_true(after.tx_dropped - before.tx_dropped == r.book.refused);
	assert_true(after.tx_packets - before.tx_packets == r.book.offered - r.book.refused);
	assert_true(rx.rx_packets - rx_before.rx_packets == r.book.offered - r.book.refused);
	return r.book.refused;
}

/* The receiver's kernel thread can't keep up with the maximum; what its full ring refuses is known
 * to the frame, and the link's own counters agree. */
static void a_full_ring_refuses_and_it_is_known(void **state)
{
	struct cb_bpf_attachment drop;
	int64_t refused = 0;

	need_xdp();
	drop = drop_all();
	assert_int_equal(netns_write("/sys/class/net/v1/threaded", "1"), 0);
	/* unless a busy host keeps the sender from running */
	for (int i = 0; i < 20 && !refused; i++)
		refused = run_against_threaded_napi("max");
	assert_true(refused > 0);
	run_against_threaded_napi("20k");
	assert_int_equal(netns_write("/sys/class/net/v1/threaded", "0"), 0);
	cb_bpf_detach(&drop);
}

static int64_t passed;

/* What was in the ring when the peer went down is lost and in no counter. */
static void none_is_counted_twice(
	int64_t sent, int64_t dropped, const struct cb_generator_book *book)
{
	assert_true(sent <= book->offered - book->refused);
	passed += sent;
}

static void some_refused_some_not(void **state)
{
	struct cb_bpf_attachment drop;

	need_xdp();
	drop = drop_all();
	passed = 0;
	assert_flapping("xdp", none_is_counted_twice);
	cb_bpf_detach(&drop);
	assert_true(passed > 0);
}

/* ---- what is impossible ---- */

static void a_peer_without_napi(void **state)
{
	struct cb_generate_job job = job_of("xdp");
	struct cb_generator_record r;
	struct cb_error err = {0};

	need_xdp();
	assert_int_equal(cb_link_feature("v1", "rx-gro", false, NULL), 0);
	assert_int_equal(run(&job, &r, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "v0"));
	assert_non_null(strstr(err.text, "gro on"));
}

static void a_link_that_takes_none(void **state)
{
	struct cb_generate_job job = job_of("xdp");
	struct cb_generator_record r;
	struct cb_error err = {0};

	need_xdp();
	assert_true(cb_text_copy(job.interface, sizeof(job.interface), "lo"));
	assert_int_equal(cb_link_up("lo", NULL), 0);
	assert_int_equal(run(&job, &r, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "transmitter packet"));
}

static void set_mtu(int mtu)
{
	static const char *const names[] = {"v0", "v1"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (size_t i = 0; i < 2; i++) {
		struct ifreq ifr = {.ifr_mtu = mtu};

		assert_true(cb_text_copy(ifr.ifr_name, sizeof(ifr.ifr_name), names[i]));
		assert_int_equal(ioctl(fd, SIOCSIFMTU, &ifr), 0);
	}
	close(fd);
}

static void a_frame_larger_than_a_page(void **state)
{
	struct cb_generate_job job = job_of("xdp");
	struct cb_generator_record r;
	struct cb_error err = {0};

	need_xdp();
	set_mtu(9000);
	job.frame_size = 9018;
	assert_int_equal(run(&job, &r, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "smaller frame size"));
	set_rate(&job, "max");
	job.frame_size = 3000;
	job.count = 1000;
	assert_all_but_refused_arrive(job);
	set_mtu(1500);
}

/* The frames that were not even queued have used no sequence number. */
static void an_interface_that_goes_down(void **state)
{
	static const char *const rates[] = {"100", "50k", "max"};

	need_xdp();
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(napi_up(NULL), 0);
		assert_end_of_the_link_is_an_error("xdp", rates[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_frame_arrives_once, napi_up),
		cmocka_unit_test_setup(frames_of_every_size, napi_up),
		cmocka_unit_test_setup(frames_wait_for_their_time, napi_up),
		cmocka_unit_test_setup(a_peer_that_is_down_refuses_all, napi_up),
		cmocka_unit_test_setup(a_full_ring_refuses_and_it_is_known, napi_up),
		cmocka_unit_test_setup(some_refused_some_not, napi_up),
		cmocka_unit_test_setup(a_peer_without_napi, napi_up),
		cmocka_unit_test_setup(a_link_that_takes_none, napi_up),
		cmocka_unit_test_setup(a_frame_larger_than_a_page, napi_up),
		cmocka_unit_test_setup(an_interface_that_goes_down, napi_up),
	};

	return cmocka_run_group_tests(tests, make_namespace, NULL);
}
