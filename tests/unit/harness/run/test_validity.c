#include "harness/run/validity.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

/* A trial whose books balance: 1000 offered, 100 refused, 50 dropped by the tap, 850 captured. */
struct fixture {
	struct cb_trial_record record;
	struct cb_link_readings link;
};

static void set_counters(struct cb_counters *c, int64_t sent, int64_t refused, int64_t arrived)
{
	*c = (struct cb_counters){.tx_packets = sent,
		.tx_dropped = refused,
		.rx_packets = arrived,
		.napi_thread_ns = CB_UNKNOWN,
		.n_cpus = 2};
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct cb_generator_book *g = &f->record.generator.book;

	cb_trial_record_init(&f->record);
	*g = (struct cb_generator_book){
		.intended = 1000, .offered = 1000, .refused = 100, .window_offered = 800};
	f->record.generator.unoffered = 0;
	f->record.views = calloc(1, sizeof(*f->record.views));
	f->record.n_views = 1;
	cb_view_record_init(&f->record.views[0]);
	f->record.views[0].book = (struct cb_view_book){
		.received = 850, .unique = 850, .tap_dropped = 50, .window_unique = 680};
	f->record.evidence.steal_share = 0;
	set_counters(&f->link.sender_before, 7, 3, 0);
	set_counters(&f->link.sender_after, 907, 103, 0);
	set_counters(&f->link.receiver_before, 0, 0, 11);
	set_counters(&f->link.receiver_after, 0, 0, 911);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	cb_trial_record_finish(&f->record);
	free(f);
	return 0;
}

static void judge(struct fixture *f)
{
	cb_path_settle(&f->record.path, &f->link);
	cb_trial_judge(&f->record, &f->link);
}

static const char *first_reason(const struct fixture *f)
{
	return json_string_value(json_array_get(f->record.reasons, 0));
}

static void balanced_books_are_valid(void **state)
{
	struct fixture *f = *state;

	judge(f);
	assert_int_equal(f->record.state, CB_TRIAL_VALID);
	assert_int_equal(json_array_size(f->record.reasons), 0);
	assert_int_equal(f->record.path.backlog_dropped, 100);
	assert_int_equal(f->record.path.nic_dropped, 0);
	assert_int_equal(f->record.path.link_dropped, 0);
	assert_int_equal(f->record.views[0].book.unaccounted, 0);
	assert_true(fabs(f->record.views[0].book.captured_share - 0.85) < 1e-12);
}

static void one_lost_frame_is_invalid(void **state)
{
	struct fixture *f = *state;

	f->record.views[0].book.unique = 849;
	judge(f);
	assert_int_equal(f->record.views[0].book.unaccounted, 1);
	assert_int_equal(f->record.state, CB_TRIAL_INVALID);
	assert_non_null(strstr(first_reason(f), "don't balance"));
}

static void a_load_that_gave_up_is_invalid(void **state)
{
	struct fixture *f = *state;

	f->record.views[0].load_result = json_pack("{s:n}", "error");
	judge(f);
	assert_int_equal(f->record.state, CB_TRIAL_VALID);
	json_decref(f->record.views[0].load_result);
	f->record.views[0].load_result = json_pack("{s:s}", "error", "No space left on device");
	judge(f);
	assert_int_equal(f->record.state, CB_TRIAL_INVALID);
	assert_non_null(strstr(first_reason(f), "No space left"));
}

static void foreign_frames_allow_as_many(void **state)
{
	struct fixture *f = *state;

	f->record.views[0].book.unique = 849;
	f->record.views[0].book.foreign = 1;
	judge(f);
	assert_int_equal(f->record.state, CB_TRIAL_VALID);
}

static void unknown_is_not_unbalanced(void **state)
{
	struct fixture *f = *state;

	f->record.views[0].book.tap_dropped = CB_UNKNOWN;
	judge(f);
	assert_true(f->record.views[0].book.unaccounted == CB_UNKNOWN);
	assert_int_equal(f->record.state, CB_TRIAL_VALID);
}

static void threaded_receive_books_the_nic(void **state)
{
	struct fixture *f = *state;

	f->link.threaded = true;
	f->record.evidence.napi_thread_ns = 5000;
	judge(f);
	assert_int_equal(f->record.path.nic_dropped, 100);
	assert_int_equal(f->record.path.backlog_dropped, 0);
	assert_int_equal(f->record.state, CB_TRIAL_VALID);
}

static void with_napi_the_backlog_is_behind_the_ring(void **state)
{
	struct fixture *f = *state;

	/* 100 at the ring; behind it RPS loses 30, and a socket of XDP 20 that are the tap's. */
	f->link.napi = true;
	f->link.receiver_before.rx_dropped = 5;
	f->link.receiver_after.rx_dropped = 55;
	f->link.receiver_before.nic_ring_dropped = 2;
	f->link.receiver_after.nic_ring_dropped = 22;
	f->record.views[0].book.tap_dropped = 20;
	judge(f);
	assert_int_equal(f->record.path.nic_dropped, 100);
	assert_int_equal(f->record.path.backlog_dropped, 30);
	assert_int_equal(f->record.state, CB_TRIAL_VALID);
}

static void frames_from_xdp_are_refused_once(void **state)
{
	struct fixture *f = *state;

	/* The 100 that met a full ring are in the receiver's rx_dropped as well. */
	f->link.napi = true;
	f->link.receiver_before.rx_dropped = 5;
	f->link.receiver_after.rx_dropped = 105;
	f->link.sender_before.xdp_refused = 1;
	f->link.sender_after.xdp_refused = 101;
	judge(f);
	assert_int_equal(f->record.path.nic_dropped, 100);
	assert_int_equal(f->record.path.backlog_dropped, 0);
	assert_int_equal(f->record.views[0].book.unaccounted, 0);
	assert_int_equal(f->record.state, CB_TRIAL_VALID);
}

static void idle_napi_thread_is_invalid(void **state)
{
	struct fixture *f = *state;

	f->link.threaded = true;
	f->record.evidence.napi_thread_ns = 0;
	judge(f);
	assert_int_equal(f->record.state, CB_TRIAL_INVALID);
	assert_non_null(strstr(first_reason(f), "NAPI thread"));
}

static void strangers_on_the_link_are_invalid(void **state)
{
	struct fixture *f = *state;

	f->link.sender_after.tx_packets++;
	f->link.receiver_after.rx_packets++;
	judge(f);
	assert_int_equal(f->record.state, CB_TRIAL_INVALID);
	assert_non_null(strstr(first_reason(f), "the generator offered 1000"));
}

static void unoffered_slots_limit_the_generator(void **state)
{
	struct fixture *f = *state;

	f->record.generator.book.intended = 1005;
	f->record.generator.unoffered = 5;
	judge(f);
	assert_int_equal(f->record.state, CB_TRIAL_VALID); /* 0.4975 % */
	f->record.generator.book.intended = 1006;
	f->record.generator.unoffered = 6;
	judge(f);
	assert_int_equal(f->record.state, CB_TRIAL_GENERATOR_LIMITED);
}

static void stolen_time_outranks_a_limit(void **state)
{
	struct fixture *f = *state;

	f->record.generator.book.intended = 2000;
	f->record.generator.unoffered = 1000;
	f->record.evidence.steal_share = 0.011;
	judge(f);
	assert_int_equal(f->record.state, CB_TRIAL_INVALID);
	assert_int_equal(json_array_size(f->record.reasons), 2);
	/* where there is room for one reason, it is that of the state */
	assert_non_null(strstr(first_reason(f), "stolen"));
}

/* Frames from elsewhere: what came is the interface's to tell, and a view's share is of what
 * reached its tap and of what is known to be lost before. */
static void without_a_generator_the_share_is_the_view_s_own(void **state)
{
	struct fixture *f = *state;
	struct cb_view_book *v = &f->record.views[0].book;

	f->link = (struct cb_link_readings){.remote = true, .alone = true};
	set_counters(&f->link.receiver_before, 0, 0, 11);
	set_counters(&f->link.receiver_after, 0, 0, 911);
	f->link.receiver_after.rx_missed = 20;
	f->link.receiver_before.nic_ring_dropped = f->link.receiver_after.nic_ring_dropped =
		CB_UNKNOWN;
	/* nobody wanted 7 frames; no backlog refused one */
	f->link.receiver_after.rx_dropped = 7;
	assert_int_equal(cb_path_came(&f->link), 920);
	f->record.generator.book =
		(struct cb_generator_book){CB_UNKNOWN, 920, CB_UNKNOWN, CB_UNKNOWN, 920};
	f->record.generator.unoffered = CB_UNKNOWN;
	*v = (struct cb_view_book){
		.received = 800, .foreign = 800, .tap_dropped = 60, .unread = 10};
	judge(f);
	assert_int_equal(f->record.state, CB_TRIAL_VALID);
	assert_int_equal(json_array_size(f->record.reasons), 0);
	assert_int_equal(f->record.path.nic_dropped, 20);
	assert_int_equal(f->record.path.backlog_dropped, 0);
	assert_int_equal(v->unaccounted, CB_UNKNOWN);
	assert_true(fabs(v->captured_share - 800.0 / 890) < 1e-12);
	f->record.generator.book.offered = 0;
	judge(f);
	assert_int_equal(f->record.state, CB_TRIAL_INVALID);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(without_a_generator_the_share_is_the_view_s_own),
		TEST(balanced_books_are_valid),
		TEST(one_lost_frame_is_invalid),
		TEST(a_load_that_gave_up_is_invalid),
		TEST(foreign_frames_allow_as_many),
		TEST(unknown_is_not_unbalanced),
		TEST(threaded_receive_books_the_nic),
		TEST(with_napi_the_backlog_is_behind_the_ring),
		TEST(frames_from_xdp_are_refused_once),
		TEST(idle_napi_thread_is_invalid),
		TEST(strangers_on_the_link_are_invalid),
		TEST(unoffered_slots_limit_the_generator),
		TEST(stolen_time_outranks_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
