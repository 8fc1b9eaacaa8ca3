#include "harness/record/record.h"

#include "harness/record/field.h"

#include <stdlib.h>

#define GENERATOR(type, name) CB_FIELD(CB_FIELD_##type, cb_generator_record, name)
#define GENERATOR_BOOK(name)  CB_FIELD_NESTED(CB_FIELD_COUNT, cb_generator_record, book.name, #name)
#define GENERATOR_GAPS(i, within)                                                \
	CB_FIELD_NESTED(CB_FIELD_REAL, cb_generator_record, gap_within_share[i], \
		"gap_within_" within "_share")
#define VIEW(type, name)      CB_FIELD(CB_FIELD_##type, cb_view_record, name)
#define VIEW_BOOK(type, name) CB_FIELD_NESTED(CB_FIELD_##type, cb_view_record, book.name, #name)

static const struct cb_field generator_fields[] = {
	CB_FIELD_STRING(cb_generator_record, transmitter),
	GENERATOR(COUNT, frame_size),
	GENERATOR_BOOK(intended),
	GENERATOR_BOOK(offered),
	GENERATOR(COUNT, unoffered),
	GENERATOR_BOOK(refused),
	GENERATOR_BOOK(window_offered),
	GENERATOR(COUNT, elapsed_ns),
	GENERATOR(COUNT, window_elapsed_ns),
	GENERATOR(REAL, offered_pps),
	GENERATOR(REAL, intended_pps),
	GENERATOR(COUNT, syscalls),
	GENERATOR(COUNT, batches),
	GENERATOR(COUNT, rebased),
	GENERATOR(COUNT, lateness_max_ns),
	GENERATOR(COUNT, lateness_p99_ns),
	GENERATOR(COUNT, cpu_ns),
	GENERATOR(COUNT, softirq_ns),
	GENERATOR(COUNT, context_switches),
	GENERATOR(SERIES, series),
	{0},
};

/* Since schema 1 was first written; an older record lacks them. */
static const struct cb_field generator_added[] = {
	CB_FIELD_STRING(cb_generator_record, arrival),
	CB_FIELD_STRING(cb_generator_record, sizes),
	CB_FIELD_STRING(cb_generator_record, payload),
	CB_FIELD_STRING(cb_generator_record, frame),
	GENERATOR(REAL, sizes_chi_square),
	GENERATOR(COUNT, flows),
	GENERATOR_GAPS(0, "64ns"),
	GENERATOR_GAPS(1, "128ns"),
	GENERATOR_GAPS(2, "256ns"),
	GENERATOR_GAPS(3, "512ns"),
	GENERATOR_GAPS(4, "1us"),
	GENERATOR(COUNT, gap_p50_ns),
	GENERATOR(COUNT, gap_p99_ns),
	GENERATOR(COUNT, gap_max_ns),
	GENERATOR(REAL, back_to_back_share),
	GENERATOR(COUNT, longest_train),
	GENERATOR(REAL, drift_ppm),
	CB_FIELD_STRING(cb_generator_record, transmitter_why),
	GENERATOR_BOOK(unstamped),
	GENERATOR(COUNT, started_ns),
	GENERATOR(COUNT, start_skew_ns),
	GENERATOR(COUNT, start_skew_error_ns),
	CB_FIELD_STRING(cb_generator_record, transmitter_note),
	GENERATOR(COUNT, file_truncated),
	GENERATOR(COUNT, file_oversized),
	GENERATOR(COUNT, file_runts),
	GENERATOR(COUNT, connections),
	GENERATOR(COUNT, connections_complete),
	GENERATOR(COUNT, peer_received),
	{0},
};

#define STREAM(type, name) CB_FIELD(CB_FIELD_##type, cb_stream_record, name)
#define STREAM_BOOK(name)  CB_FIELD_NESTED(CB_FIELD_COUNT, cb_stream_record, book.name, #name)

static const struct cb_field stream_fields[] = {
	STREAM(COUNT, stream),
	STREAM(COUNT, cpu),
	STREAM_BOOK(intended),
	STREAM_BOOK(offered),
	STREAM(COUNT, unoffered),
	STREAM_BOOK(refused),
	STREAM_BOOK(window_offered),
	STREAM(REAL, offered_pps),
	STREAM(COUNT, lateness_max_ns),
	STREAM(COUNT, syscalls),
	STREAM(COUNT, cpu_ns),
	{0},
};

static const struct cb_field stream_added[] = {
	CB_FIELD_STRING(cb_stream_record, host),
	{0},
};

static const struct cb_field view_added[] = {
	VIEW(COUNT, group),
	CB_FIELD_STRING(cb_view_record, host),
	VIEW(COUNT, run_delay_ns),
	VIEW(COUNT, interrupted_ns),
	{0},
};

static const struct cb_field view_fields[] = {
	CB_FIELD_STRING(cb_view_record, mechanism),
	CB_FIELD_STRING(cb_view_record, wait),
	CB_FIELD_STRING(cb_view_record, load),
	CB_FIELD_STRING(cb_view_record, version),
	VIEW(COUNT, cpu),
	VIEW_BOOK(COUNT, received),
	VIEW_BOOK(COUNT, unique),
	VIEW_BOOK(COUNT, reordered),
	VIEW_BOOK(COUNT, duplicate),
	VIEW_BOOK(COUNT, damaged),
	VIEW_BOOK(COUNT, foreign),
	VIEW_BOOK(COUNT, tap_dropped),
	VIEW_BOOK(COUNT, unread),
	VIEW_BOOK(COUNT, window_unique),
	VIEW_BOOK(COUNT, unaccounted),
	VIEW_BOOK(REAL, captured_share),
	VIEW(COUNT, sequence_gaps),
	VIEW(COUNT, elapsed_ns),
	VIEW(COUNT, cpu_ns),
	VIEW(COUNT, cpu_user_ns),
	VIEW(COUNT, cpu_system_ns),
	VIEW(COUNT, softirq_ns),
	VIEW(COUNT, wakeups),
	VIEW(COUNT, idle_wakeups),
	VIEW(COUNT, syscalls),
	VIEW(COUNT, wait_syscalls),
	VIEW(COUNT, wait_polls),
	VIEW(COUNT, wait_sleeps),
	VIEW(COUNT, wait_yields),
	VIEW(COUNT, blocked_ns),
	VIEW(COUNT, batches),
	VIEW(COUNT, context_switches_voluntary),
	VIEW(COUNT, context_switches_involuntary),
	VIEW(COUNT, buffer_frames),
	VIEW(COUNT, bytes),
	VIEW(COUNT, truncated),
	VIEW(OPTIONAL, load_result),
	VIEW(SERIES, series),
	{0},
};

static json_t *to_object(
	const struct cb_field *table, const struct cb_field *added, const void *record)
{
	json_t *object = json_object();

	if (object &&
		(cb_record_write_fields(object, table, record) ||
			cb_record_write_fields(object, added, record))) {
		json_decref(object);
		object = NULL;
	}
	return object;
}

static json_t *streams_json(const struct cb_generator_record *r)
{
	json_t *streams = json_array();

	for (size_t i = 0; i < r->n_streams; i++) {
		if (json_array_append_new(
			    streams, to_object(stream_fields, stream_added, &r->streams[i]))) {
			json_decref(streams);
			return NULL;
		}
	}
	return streams;
}

json_t *cb_generator_record_json(const struct cb_generator_record *r)
{
	json_t *object = to_object(generator_fields, generator_added, r);

	if (json_object_set_new(object, "streams", streams_json(r))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

json_t *cb_view_record_json(const struct cb_view_record *r)
{
	return to_object(view_fields, view_added, r);
}

/* An older record has none. */
static int read_streams(struct cb_generator_record *r, const json_t *json, struct cb_error *err)
{
	json_t *streams, *stream;
	size_t i;
	int rc;

	if (!json_object_get(json, "streams"))
		return 0;
	rc = cb_json_array(json, "streams", &streams, err);
	if (rc)
		return rc;
	if (json_array_size(streams) > CB_STREAMS_MAX)
		return cb_error_set(err, CB_ERR_INTERNAL, "\"streams\" has more than %d entries",
			CB_STREAMS_MAX);
	free(r->streams);
	r->n_streams = 0;
	r->streams = calloc(json_array_size(streams) + 1, sizeof(*r->streams));
	if (!r->streams)
		return cb_error_memory(err, "streams");
	json_array_foreach(streams, i, stream)
	{
		cb_stream_record_init(&r->streams[i]);
		rc = cb_record_read_fields(&r->streams[i], stream_fields, stream, err);
		if (!rc)
			rc = cb_record_read_added_fields(&r->streams[i], stream_added, stream, err);
		if (rc)
			return cb_error_prepend(err, "\"streams\"[%zu]", i);
		r->n_streams = i + 1;
	}
	return 0;
}

int cb_generator_record_read(
	struct cb_generator_record *r, const json_t *json, struct cb_error *err)
{
	int rc = cb_record_read_fields(r, generator_fields, json, err);

	if (!rc)
		rc = cb_record_read_added_fields(r, generator_added, json, err);
	return rc ? rc : read_streams(r, json, err);
}

int cb_view_record_read(struct cb_view_record *r, const json_t *json, struct cb_error *err)
{
	int rc = cb_record_read_fields(r, view_fields, json, err);

	return rc ? rc : cb_record_read_added_fields(r, view_added, json, err);
}
