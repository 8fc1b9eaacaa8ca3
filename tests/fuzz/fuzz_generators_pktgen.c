/* pktgen's files: whatever the text is, each reader ends, and what it took for a run's totals reads
 * the same when it is written out as the kernel does. */
#include "generators/transmitters/pktgen_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_totals(const char *text)
{
	struct cb_pktgen_totals t, again;
	char line[512];

	if (cb_pktgen_read_totals(text, &t))
		return;
	snprintf(line, sizeof(line),
		"OK: %" PRIu64 "(c%" PRIu64 "+d%" PRIu64 ") usec, %" PRIu64 " (%" PRIu64
		"byte,0frags)\n  %" PRIu64 "pps %" PRIu64 "Mb/sec (%" PRIu64
		"bps) errors: %" PRIu64,
		t.elapsed_us, t.busy_us, t.idle_us, t.packets, t.bytes, t.pps, t.mbit, t.bps,
		t.errors);
	if (cb_pktgen_read_totals(line, &again) || memcmp(&t, &again, sizeof(t)) != 0)
		abort();
}

static void check_fields(const char *text)
{
	static const char *const keys[] = {"count", "delay", "dst_min", "queue_map_max", "Result"};
	char word[24];

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (cb_pktgen_field(text, keys[i], word, sizeof(word)) &&
			(!word[0] || strlen(word) >= sizeof(word)))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct cb_pktgen_device device;
	unsigned running, devices;
	uint64_t frames;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_totals(text);
	check_fields(text);
	if (!cb_pktgen_read_device(text, &device) && strlen(device.text) >= sizeof(device.text))
		abort();
	if (!cb_pktgen_read_thread(text, &running, &devices) && running > devices)
		abort();
	cb_pktgen_size_count(text, 60, &frames);
	free(text);
	return 0;
}
