#include "generators/traffic/replay.h"

#include "harness/base/text.h"
#include "harness/net/pcap_file.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_MIN 14U /* the kernel refuses less than an Ethernet header */

static int grow_packets(
	struct cb_replay *r, const struct cb_replay_spec *spec, struct cb_error *err)
{
	size_t capacity = r->capacity ? 2 * r->capacity : 1024;
	void *packets, *times;

	if (r->n < r->capacity)
		return 0;
	packets = spec->times_only ? NULL : reallocarray(r->packets, capacity, sizeof(*r->packets));
	if (packets)
		r->packets = packets;
	times = packets || spec->times_only
		? reallocarray(r->times_ns, capacity, sizeof(*r->times_ns))
		: NULL;
	if (!times)
		return cb_error_memory(err, "the packets of a file");
	r->times_ns = times;
	r->capacity = capacity;
	return 0;
}

static int grow_bytes(
	struct cb_replay *r, const struct cb_replay_spec *spec, size_t more, struct cb_error *err)
{
	size_t capacity = r->bytes_capacity ? r->bytes_capacity : 1 << 20;
	void *bytes;

	if (r->bytes_used + more > spec->memory_bytes) {
		r->too_large = true;
		return cb_error_set(err, CB_ERR_USAGE,
			"%s: its packets take more than %zu bytes of memory; allow more with "
			"memory=, or cut the file",
			spec->path, spec->memory_bytes);
	}
	while (capacity < r->bytes_used + more)
		capacity *= 2;
	if (capacity == r->bytes_capacity)
		return 0;
	bytes = realloc(r->bytes, capacity);
	if (!bytes)
		return cb_error_memory(err, "the packets of a file");
	r->bytes = bytes;
	r->bytes_capacity = capacity;
	return 0;
}

uint32_t cb_replay_length(
	struct cb_replay *r, const struct cb_replay_spec *spec, const struct cb_pcap_packet *p)
{
	uint32_t length = p->captured;

	if (p->captured < p->length) {
		r->truncated++;
		if (spec->truncated == CB_REPLAY_SKIP)
			return 0;
		if (spec->truncated == CB_REPLAY_PAD)
			length = p->length;
	}
	if (length > spec->length_max) {
		r->oversized++;
		return 0;
	}
	if (p->captured < LENGTH_MIN) {
		r->runts++;
		return 0;
	}
	return length;
}

static int add_packet(struct cb_replay *r, const struct cb_replay_spec *spec,
	const struct cb_pcap_packet *p, uint32_t length, uint64_t first_ns, struct cb_error *err)
{
	uint64_t time_ns = p->time_ns > first_ns ? p->time_ns - first_ns : 0;
	int rc = grow_packets(r, spec, err);

	if (!rc && !spec->times_only)
		rc = grow_bytes(r, spec, length, err);
	if (rc)
		return rc;
	/* the order of the file is kept, whatever its clock did */
	if (r->n && time_ns < r->times_ns[r->n - 1])
		time_ns = r->times_ns[r->n - 1];
	r->times_ns[r->n] = time_ns;
	r->total_bytes += length;
	if (spec->times_only) {
		r->n++;
		return 0;
	}
	r->packets[r->n++] = (struct cb_replay_packet){r->bytes_used, length};
	memcpy(r->bytes + r->bytes_used, p->bytes, p->captured);
	memset(r->bytes + r->bytes_used + p->captured, 0, length - p->captured);
	r->bytes_used += length;
	if (length > r->longest)
		r->longest = length;
	return 0;
}

static int read_all(struct cb_replay *r, const struct cb_replay_spec *spec,
	struct cb_pcap_file *file, struct cb_error *err)
{
	struct cb_error damage = {0};
	struct cb_pcap_packet p;
	uint64_t first_ns = 0;
	int rc, more;

	while ((more = cb_pcap_file_next(file, &p, &damage)) > 0) {
		uint32_t length = cb_replay_length(r, spec, &p);

		if (!length)
			continue;
		if (!r->n)
			first_ns = p.time_ns;
		rc = add_packet(r, spec, &p, length, first_ns, err);
		if (rc)
			return rc;
	}
	if (more < 0) {
		r->damaged = true;
		snprintf(r->why, sizeof(r->why), "%s", damage.text);
	}
	return 0;
}

int cb_replay_nothing(const struct cb_replay *r, const char *path, struct cb_error *err)
{
	return cb_error_set(err, CB_ERR_USAGE,
		"%s: no packet in it can be sent (truncated %llu, too long %llu, too short "
		"%llu)%s%s",
		path, (unsigned long long)r->truncated, (unsigned long long)r->oversized,
		(unsigned long long)r->runts, r->damaged ? "; " : "", r->why);
}

int cb_replay_load(struct cb_replay *r, const struct cb_replay_spec *spec, struct cb_error *err)
{
	struct cb_pcap_file *file;
	uint64_t last_ns;
	int rc;

	*r = (struct cb_replay){0};
	rc = cb_pcap_file_open(&file, spec->path, err);
	if (rc)
		return rc;
	rc = read_all(r, spec, file, err);
	cb_pcap_file_close(file);
	if (rc)
		return rc;
	if (!r->n)
		return cb_replay_nothing(r, spec->path, err);
	last_ns = r->times_ns[r->n - 1];
	r->period_ns = last_ns + (r->n > 1 ? last_ns / (r->n - 1) : 0) + 1;
	return 0;
}

void cb_replay_finish(struct cb_replay *r)
{
	free(r->bytes);
	free(r->packets);
	free(r->times_ns);
	*r = (struct cb_replay){0};
}
