/* A tally that is fed made-up frames. One at a time. */
#ifndef CB_TESTS_CAPTURERS_FED_TALLY_H
#define CB_TESTS_CAPTURERS_FED_TALLY_H

#include "capturers/tally.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define KEY    0x1234u
#define OFFSET 42u
#define LENGTH 60u
#define BATCH  64u

static struct cb_tally *tally;
static uint8_t bytes[BATCH][LENGTH];

static void start(bool exact)
{
	tally = malloc(sizeof(*tally));
	assert_non_null(tally);
	cb_tally_init(tally, KEY, OFFSET, exact);
}

static struct cb_view_record finish(void)
{
	struct cb_view_record record;

	cb_view_record_init(&record);
	cb_tally_report(tally, &record);
	cb_tally_finish(tally);
	free(tally);
	return record;
}

static struct cb_frame stamped(
	uint8_t *at, uint32_t key, uint8_t stream, uint64_t sequence, uint8_t phase)
{
	struct cb_stamp stamp = {.stream = stream, .phase = phase, .sequence = sequence};

	memset(at, 0, LENGTH);
	cb_stamp_write(at + OFFSET, key, &stamp);
	return (struct cb_frame){.data = at, .caplen = LENGTH, .len = LENGTH};
}

#endif
