#include "generators/generate_checks.h"

#include "generators/pacing/arrival.h"
#include "generators/traffic/headers.h"
#include "generators/traffic/payload.h"
#include "generators/traffic/sizes.h"
#include "harness/base/process.h"
#include "harness/base/units.h"

#include <string.h>

int cb_generate_bounds(const struct cb_generate_job *job, struct cb_error *err)
{
	for (const struct cb_option *o = cb_generate_options; o->name; o++) {
		int64_t value;

		if (o->type == CB_OPT_TEXT || o->type == CB_OPT_MEMBER || o->type == CB_OPT_ENUM)
			continue;
		memcpy(&value, (const char *)job + o->offset, sizeof(value));
		if (value < o->min || (o->max && value > o->max))
			return cb_error_set(err, CB_ERR_USAGE, "%s: %lld is out of range", o->name,
				(long long)value);
	}
	return 0;
}

int cb_generate_cores(const char *text, int *cores, unsigned max, unsigned *n, struct cb_error *err)
{
	struct cb_text_split split = {.rest = text, .separator = ','};
	char part[16];
	int64_t core;
	int more;

	*n = 0;
	if (!strcmp(text, "-1"))
		return 0;
	while ((more = cb_text_split_next(&split, part, sizeof(part))) != 0) {
		if (more < 0 || cb_unit_parse(CB_UNIT_COUNT, part, &core, NULL) || core < 0 ||
			core >= CB_CPUS_MAX)
			break;
		if (*n == max)
			return cb_error_set(err, CB_ERR_USAGE, "cpu: more than %u cores", max);
		cores[(*n)++] = (int)core;
	}
	if (!more && *n)
		return 0;
	return cb_error_set(err, CB_ERR_USAGE,
		"cpu: \"%s\" is no core or list of cores, as in 0 or 0,1; -1: where the scheduler "
		"wants",
		text);
}

int cb_generate_streams(
	const struct cb_generate_job *job, const char *stampless, struct cb_error *err)
{
	int64_t parts = job->parts > 1 ? job->parts : 1, streams = job->threads * parts;

	if (job->part >= parts)
		return cb_error_set(err, CB_ERR_USAGE, "part: %lld of %lld: the first is 0",
			(long long)job->part, (long long)parts);
	if (streams > CB_STREAMS_MAX || job->stream + job->threads > CB_STREAMS_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"threads: %lld streams from %lld on are more than there are: %d, from 0",
			(long long)streams, (long long)job->stream, CB_STREAMS_MAX);
	if (streams > 1 && stampless)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s: transmitter %s stamps no frames, so the streams of several senders "
			"could not be told apart; use one",
			parts > 1 ? "parts" : "threads", stampless);
	return 0;
}

int cb_generate_names(
	const struct cb_generate_job *job, struct cb_generator_record *record, struct cb_error *err)
{
	const struct {
		const struct cb_axis *axis;
		const char *text;
		char *canonical; /* CB_RECORD_TEXT */
	} members[] = {
		{&cb_transmitter_axis, job->transmitter, record->transmitter},
		{&cb_arrival_axis, job->arrival, record->arrival},
		{&cb_sizes_axis, job->sizes, record->sizes},
		{&cb_payload_axis, job->payload, record->payload},
		{&cb_headers_axis, job->frame, record->frame},
	};
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(members) / sizeof(members[0]); i++)
		r = cb_member_canonical(members[i].axis, members[i].text, members[i].canonical,
			CB_RECORD_TEXT, err);
	return r;
}
