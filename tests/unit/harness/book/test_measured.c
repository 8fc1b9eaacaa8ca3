#include "harness/book/measured.h"

#include <math.h>

#include "tests/unit/harness/base/check.h"

static void a_series_grows(void **state)
{
	struct cb_series s = {0};

	for (int64_t i = 0; i < 1000; i++)
		assert_int_equal(cb_series_add(&s, i * i), 0);
	assert_int_equal(s.n, 1000);
	for (int64_t i = 0; i < 1000; i++)
		assert_int_equal(s.frames[i], i * i);
	cb_series_finish(&s);
	assert_int_equal(s.n, 0);
	assert_int_equal(cb_series_add(&s, 7), 0);
	assert_int_equal(s.frames[0], 7);
	cb_series_finish(&s);
	cb_series_finish(&s);
}

/* Counts of a struct from `first` to before `end`, all 8 bytes: unknown, or NaN where a real is. */
static void check_unknown(const void *record, size_t first, size_t end, const size_t *reals)
{
	for (size_t at = first; at < end; at += sizeof(int64_t)) {
		int64_t count;
		double real;

		memcpy(&count, (const char *)record + at, sizeof(count));
		memcpy(&real, (const char *)record + at, sizeof(real));
		if (at == *reals) {
			assert_true(isnan(real));
			reals++;
		} else {
			if (count != CB_UNKNOWN)
				fail_msg("the field at offset %zu is not unknown", at);
		}
	}
}

static void nothing_is_known_at_first(void **state)
{
	struct cb_generator_record g;
	struct cb_view_record v;
	struct cb_evidence_record e;
	const size_t generator_reals[] = {offsetof(struct cb_generator_record, offered_pps),
		offsetof(struct cb_generator_record, intended_pps),
		offsetof(struct cb_generator_record, sizes_chi_square),
		offsetof(struct cb_generator_record, gap_within_share[0]),
		offsetof(struct cb_generator_record, gap_within_share[1]),
		offsetof(struct cb_generator_record, gap_within_share[2]),
		offsetof(struct cb_generator_record, gap_within_share[3]),
		offsetof(struct cb_generator_record, gap_within_share[4]),
		offsetof(struct cb_generator_record, back_to_back_share),
		offsetof(struct cb_generator_record, drift_ppm), SIZE_MAX};
	const size_t view_reals[] = {
		offsetof(struct cb_view_record, book.captured_share), SIZE_MAX};
	const size_t evidence_reals[] = {
		offsetof(struct cb_evidence_record, steal_share), SIZE_MAX};

	memset(&g, 0x5a, sizeof(g));
	memset(&v, 0x5a, sizeof(v));
	memset(&e, 0x5a, sizeof(e));
	cb_generator_record_init(&g);
	cb_view_record_init(&v);
	cb_evidence_record_init(&e);
	check_unknown(&g, 0, offsetof(struct cb_generator_record, transmitter), generator_reals);
	check_unknown(&v, 0, offsetof(struct cb_view_record, mechanism), view_reals);
	check_unknown(&e, 0, sizeof(e), evidence_reals);
	assert_string_equal(g.transmitter, "");
	assert_string_equal(v.mechanism, "");
	assert_string_equal(v.wait, "");
	assert_string_equal(v.load, "");
	assert_string_equal(v.version, "");
	assert_null(v.load_result);
	assert_null(v.series.frames);
	assert_int_equal(g.series.n, 0);
	cb_generator_record_finish(&g);
	cb_view_record_finish(&v);
}

static void finishing_frees_what_is_owned(void **state)
{
	struct cb_view_record v;
	json_t *result = json_object();

	cb_view_record_init(&v);
	v.load_result = json_incref(result);
	assert_int_equal(cb_series_add(&v.series, 1), 0);
	cb_view_record_finish(&v);
	assert_int_equal(result->refcount, 1);
	assert_null(v.load_result);
	assert_null(v.series.frames);
	cb_view_record_finish(&v);
	json_decref(result);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_series_grows),
		cmocka_unit_test(nothing_is_known_at_first),
		cmocka_unit_test(finishing_frees_what_is_owned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
