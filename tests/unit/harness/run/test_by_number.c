/* External programs read no stamps: what the link's counters make of their counts. */
#include "harness/run/validity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

/* 1000 offered, 100 refused, 850 received, 50 dropped by the tap, nothing unread. */
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
	struct cb_view_book *v;

	cb_trial_record_init(&f->record);
	f->record.generator.book = (struct cb_generator_book){
		.intended = 1000, .offered = 1000, .refused = 100, .window_offered = 800};
	f->record.generator.unoffered = 0;
	f->record.views = calloc(1, sizeof(*f->record.views));
	f->record.n_views = 1;
	cb_view_record_init(&f->record.views[0]);
	v = &f->record.views[0].book;
	v->received = 850;
	v->tap_dropped = 50;
	v->unread = 0;
	f->record.evidence.steal_share = 0;
	f->link.veth = true;
	set_counters(&f->link.sender_before, 7, 3, 2);
	set_counters(&f->link.sender_after, 907, 103, 2);
	set_counters(&f->link.receiver_before, 2, 0, 11);
	set_counters(&f->link.receiver_after, 2, 0, 911);
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

static const struct cb_view_book *judge(struct fixture *f)
{
	cb_path_settle(&f->record.path, &f->link);
	cb_trial_judge(&f->record, &f->link);
	return &f->record.views[0].book;
}

static void nobody_else_sent(void **state)
{
	struct fixture *f = *state;
	const struct cb_view_book *v = judge(f);

	assert_int_equal(f->record.state, CB_TRIAL_VALID);
	assert_int_equal(json_array_size(f->record.reasons), 0);
	assert_int_equal(v->unique, 850);
	assert_int_equal(v->foreign, 0);
	assert_int_equal(v->duplicate, 0);
	assert_int_equal(v->damaged, 0);
	assert_int_equal(v->unaccounted, 0);
	/* which of them are of the window, and in what order they came, nobody knows */
	assert_int_equal(v->window_unique, CB_UNKNOWN);
	assert_int_equal(v->reordered, CB_UNKNOWN);
	assert_true(v->captured_share == 0.85);
}

/* Books that don't balance are told, not mended. */
static void a_loss_that_nobody_tells(void **state)
{
	struct fixture *f = *state;

	f->record.views[0].book.tap_dropped = 40;
	assert_int_equal(judge(f)->unaccounted, 10);
	assert_int_equal(f->record.state, CB_TRIAL_INVALID);
}

/* dumpcap */
static void what_is_left_unread_is_not_told(void **state)
{
	struct fixture *f = *state;
	const struct cb_view_book *v;

	f->record.views[0].book.unread = CB_UNKNOWN;
	v = judge(f);
	assert_int_equal(v->unique, 850);
	assert_int_equal(v->unaccounted, CB_UNKNOWN);
	assert_true(v->captured_share == 0.85);
	assert_int_equal(f->record.state, CB_TRIAL_VALID);
	assert_int_equal(json_array_size(f->record.reasons), 1);
	assert_non_null(strstr(
		json_string_value(json_array_get(f->record.reasons, 0)), "nobody tells unread"));
}

static void assert_unknown(struct fixture *f)
{
	const struct cb_view_book *v = judge(f);

	assert_int_equal(v->unique, CB_UNKNOWN);
	assert_int_equal(v->foreign, CB_UNKNOWN);
	assert_int_equal(v->unaccounted, CB_UNKNOWN);
	assert_true(isnan(v->captured_share));
}

static void another_sent(void **state)
{
	struct fixture *f = *state;

	f->link.sender_after.tx_packets++;
	f->link.receiver_after.rx_packets++;
	assert_unknown(f);
	assert_int_equal(f->record.state, CB_TRIAL_INVALID);
}

static void the_receiving_end_sent(void **state)
{
	struct fixture *f = *state;

	f->link.receiver_after.tx_packets++;
	assert_unknown(f);
}

static void some_went_astray(void **state)
{
	struct fixture *f = *state;

	f->link.receiver_after.rx_packets--;
	assert_unknown(f);
}

static void it_counts_something_else(void **state)
{
	struct fixture *f = *state;

	f->record.views[0].book.received = 901;
	assert_unknown(f);
}

static void a_counter_is_missing(void **state)
{
	struct fixture *f = *state;

	f->link.receiver_before.tx_packets = CB_UNKNOWN;
	assert_unknown(f);
}

static void another_link_than_a_veth(void **state)
{
	struct fixture *f = *state;

	f->link.veth = false;
	assert_unknown(f);
}

/* Who reads stamps knows better. */
static void stamps_are_not_overruled(void **state)
{
	struct fixture *f = *state;
	struct cb_view_book *v = &f->record.views[0].book;

	v->unique = 840;
	v->duplicate = 10;
	v->damaged = v->foreign = 0;
	v->window_unique = 600;
	assert_int_equal(judge(f)->unique, 840);
	assert_int_equal(v->unaccounted, 10);
	assert_true(v->captured_share == 0.75);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_else_sent),
		TEST(a_loss_that_nobody_tells),
		TEST(what_is_left_unread_is_not_told),
		TEST(another_sent),
		TEST(the_receiving_end_sent),
		TEST(some_went_astray),
		TEST(it_counts_something_else),
		TEST(a_counter_is_missing),
		TEST(another_link_than_a_veth),
		TEST(stamps_are_not_overruled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
