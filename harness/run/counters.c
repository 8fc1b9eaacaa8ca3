#include "harness/run/counters.h"

#include <math.h>
#include <stddef.h>

/* USER_HZ is 100 on every architecture Linux runs on but Alpha: a tick of /proc/stat. */
#define TICK_NS INT64_C(10000000)

struct field {
	const char *name;
	size_t offset;
};

static const struct field host_fields[] = {
	{"time_ns", offsetof(struct cb_counters, time_ns)},
	{"real_ns", offsetof(struct cb_counters, real_ns)},
	{"napi_thread_ns", offsetof(struct cb_counters, napi_thread_ns)},
	{"interrupts", offsetof(struct cb_counters, interrupts)},
};

static const struct field link_fields[] = {
	{"rx_packets", offsetof(struct cb_counters, rx_packets)},
	{"tx_packets", offsetof(struct cb_counters, tx_packets)},
	{"rx_dropped", offsetof(struct cb_counters, rx_dropped)},
	{"tx_dropped", offsetof(struct cb_counters, tx_dropped)},
	{"rx_missed", offsetof(struct cb_counters, rx_missed)},
	{"nic_ring_dropped", offsetof(struct cb_counters, nic_ring_dropped)},
	{"xdp_refused", offsetof(struct cb_counters, xdp_refused)},
};

#define CPU_FIELD(f)                                                                           \
	{                                                                                      \
#f, offsetof(struct cb_counters, cpu[0].f) - offsetof(struct cb_counters, cpu) \
	}
static const struct field cpu_fields[] = {
	CPU_FIELD(processed),
	CPU_FIELD(dropped),
	CPU_FIELD(squeezed),
	CPU_FIELD(rps),
	CPU_FIELD(steal_ns),
};

static int read_fields(const struct field *fields, size_t n, void *base, const json_t *object,
	struct cb_error *err)
{
	for (size_t i = 0; i < n; i++) {
		int64_t *to = (int64_t *)((char *)base + fields[i].offset);

		if (cb_json_count(object, fields[i].name, to, err))
			return cb_error_prepend(err, "counters");
	}
	return 0;
}

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

int cb_counters_read(struct cb_counters *c, const json_t *reply, struct cb_error *err)
{
	json_t *link, *cpus, *cpu;
	size_t i;
	int r;

	*c = (struct cb_counters){0};
	r = read_fields(host_fields, COUNT_OF(host_fields), c, reply, err);
	if (!r)
		r = cb_json_object(reply, "link", &link, err);
	if (!r)
		r = read_fields(link_fields, COUNT_OF(link_fields), c, link, err);
	if (!r)
		r = cb_json_array(reply, "cpus", &cpus, err);
	if (r)
		return r;
	json_array_foreach(cpus, i, cpu)
	{
		int64_t number;

		r = cb_json_count(cpu, "cpu", &number, err);
		if (!r && (number < 0 || number >= CB_COUNTERS_CPUS))
			r = cb_error_set(err, CB_ERR_HOST, "counters: there is no CPU %lld",
				(long long)number);
		if (!r)
			r = read_fields(
				cpu_fields, COUNT_OF(cpu_fields), &c->cpu[number], cpu, err);
		if (r)
			return r;
		c->cpu[number].present = 1;
		if (number >= c->n_cpus)
			c->n_cpus = (int)number + 1;
	}
	return 0;
}

void cb_counters_add_link(struct cb_counters *to, const struct cb_counters *c)
{
	for (size_t i = 0; i < COUNT_OF(link_fields); i++) {
		int64_t *sum = (int64_t *)((char *)to + link_fields[i].offset);

		*sum = cb_count_add(
			*sum, *(const int64_t *)((const char *)c + link_fields[i].offset));
	}
}

/* Softnet's counters are 32 bits wide. */
static int64_t delta32(int64_t after, int64_t before)
{
	return (uint32_t)((uint32_t)after - (uint32_t)before);
}

void cb_counters_evidence(const struct cb_counters *before, const struct cb_counters *after,
	struct cb_evidence_record *evidence)
{
	int64_t worst = 0, steal = 0;

	evidence->elapsed_ns = after->time_ns - before->time_ns;
	evidence->napi_thread_ns = cb_count_subtract(after->napi_thread_ns, before->napi_thread_ns);
	evidence->interrupts = cb_count_subtract(after->interrupts, before->interrupts);
	evidence->softnet_processed = evidence->softnet_dropped = 0;
	evidence->softnet_squeezed = evidence->softnet_rps = 0;
	for (int i = 0; i < after->n_cpus; i++) {
		if (!after->cpu[i].present || !before->cpu[i].present)
			continue;
		evidence->softnet_processed +=
			delta32(after->cpu[i].processed, before->cpu[i].processed);
		evidence->softnet_dropped += delta32(after->cpu[i].dropped, before->cpu[i].dropped);
		evidence->softnet_squeezed +=
			delta32(after->cpu[i].squeezed, before->cpu[i].squeezed);
		evidence->softnet_rps += delta32(after->cpu[i].rps, before->cpu[i].rps);
		int64_t stolen = after->cpu[i].steal_ns - before->cpu[i].steal_ns;
		steal += stolen;
		worst = stolen > worst ? stolen : worst;
	}
	evidence->steal_ns = steal;
	worst = worst > TICK_NS ? worst - TICK_NS : 0;
	evidence->steal_share = evidence->elapsed_ns > 0
		? (double)worst / (double)evidence->elapsed_ns
		: (double)NAN;
}
