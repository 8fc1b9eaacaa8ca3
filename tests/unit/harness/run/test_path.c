/* The path's book on a remote link: what is known, and what is not. */
#include "harness/run/validity.h"

#include <stddef.h>
#include <string.h>

#include "tests/unit/cmocka.h"

struct numbers {
	bool veth, napi, threaded, wired;
	int64_t sent, refused, arrived, missed, dropped, softnet;
	int64_t link, nic, backlog; /* what comes out */
	int64_t given, turned;      /* if wired, by the link's last port: sent, dropped */
};

#define NA CB_UNKNOWN

static const struct numbers rows[] = {
	/* a NIC: nothing is missing, so nothing was lost */
	{.sent = 1000, .arrived = 1000},
	/* what the NIC missed it counted, so the rest was lost before it */
	{.sent = 1000, .arrived = 900, .missed = 100, .nic = 100},
	{.sent = 1000, .arrived = 890, .missed = 100, .link = 10, .nic = 100},
	/* it counted nothing, and may be one that does not count */
	{.sent = 1000, .arrived = 900, .link = NA, .nic = NA},
	/* refused frames never arrived */
	{.sent = 900, .refused = 100, .arrived = 900, .link = NA, .nic = NA},
	/* rx_dropped is the backlog's if softnet says the same, else it may be anything */
	{.sent = 1000, .arrived = 1000, .dropped = 50, .softnet = 50, .backlog = 50},
	{.sent = 1000, .arrived = 1000, .dropped = 50, .softnet = 49, .backlog = NA},
	{.sent = 1000, .arrived = 1000, .softnet = 7, .backlog = 0},
	/* a switch speaks, too */
	{.sent = 1000, .arrived = 1003},
	/* a veth counts as received what its backlog took */
	{.veth = true, .sent = 1000, .arrived = 950, .dropped = 50, .backlog = 50},
	{.veth = true, .sent = 1000, .arrived = 900, .dropped = 50, .link = 50, .backlog = 50},
	{.veth = true, .sent = 900, .refused = 100, .arrived = 900, .dropped = 100, .backlog = 100},
	{.veth = true, .sent = 1000, .arrived = 1001, .link = -1},
	/* and with a ring nobody counts what that refuses */
	{.veth = true, .napi = true, .sent = 1000, .arrived = 1000, .dropped = 50, .backlog = 50},
	{.veth = true, .threaded = true, .sent = 1000, .arrived = 990, .link = NA, .nic = NA},
	/* where the link's last port counts, both are known: behind it only the NIC loses */
	{.wired = true,
		.sent = 1000,
		.given = 950,
		.turned = 50,
		.arrived = 900,
		.link = 50,
		.nic = 50},
	{.wired = true, .sent = 1000, .given = 1000, .arrived = 900, .missed = 100, .nic = 100},
	{.wired = true,
		.veth = true,
		.sent = 1000,
		.given = 900,
		.turned = 60,
		.arrived = 900,
		.dropped = 60,
		.link = 40,
		.backlog = 60},
	{.wired = true,
		.veth = true,
		.napi = true,
		.sent = 1000,
		.given = 900,
		.turned = 60,
		.arrived = 900,
		.link = 40,
		.nic = 60},
	{.wired = true, .sent = 1000, .given = NA, .arrived = 900, .link = NA, .nic = NA},
};

static void what_is_not_counted_is_not_known(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct numbers *n = &rows[i];
		struct cb_link_readings l = {.remote = true,
			.veth_sender = n->veth,
			.veth_receiver = n->veth,
			.napi = n->napi,
			.threaded = n->threaded};
		struct cb_path_book path;

		l.wired = n->wired;
		l.veth_wire = n->veth;
		l.wire_after.tx_packets = n->given;
		l.wire_after.tx_dropped = n->turned;
		l.sender_after.tx_packets = n->sent;
		l.sender_after.tx_dropped = n->refused;
		l.receiver_after.rx_packets = n->arrived;
		l.receiver_after.rx_missed = n->missed;
		l.receiver_after.rx_dropped = n->dropped;
		l.receiver_after.nic_ring_dropped = l.receiver_before.nic_ring_dropped = NA;
		l.sender_after.xdp_refused = l.sender_before.xdp_refused = NA;
		l.receiver_after.n_cpus = l.receiver_before.n_cpus = 2;
		l.receiver_after.cpu[1].present = l.receiver_before.cpu[1].present = 1;
		/* 32-bit counters that pass their end */
		l.receiver_before.cpu[1].dropped = UINT32_MAX - 3;
		l.receiver_after.cpu[1].dropped = (uint32_t)(UINT32_MAX - 3 + n->softnet);
		cb_path_settle(&path, &l);
		if (path.link_dropped != n->link || path.nic_dropped != n->nic ||
			path.backlog_dropped != n->backlog)
			fail_msg("row %zu: link %lld nic %lld backlog %lld", i,
				(long long)path.link_dropped, (long long)path.nic_dropped,
				(long long)path.backlog_dropped);
	}
}

static void what_is_under_way_is_waited_for(void **state)
{
	static const struct {
		int64_t sent, given, refused, arrived, missed;
		bool waits;
	} cases[] = {
		{1000, 1000, 0, 1000, 0, false},
		{1000, 1000, 0, 990, 10, false},
		{1000, 900, 100, 900, 0, false},
		{1000, 999, 0, 999, 0, true},  /* on the link */
		{1000, 1000, 0, 999, 0, true}, /* before the NIC */
		{1000, CB_UNKNOWN, 0, 0, 0, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cb_link_readings l = {.remote = true, .wired = true};

		l.sender_after.tx_packets = cases[i].sent;
		l.wire_after.tx_packets = cases[i].given;
		l.wire_after.tx_dropped = cases[i].refused;
		l.receiver_after.rx_packets = cases[i].arrived;
		l.receiver_after.rx_missed = cases[i].missed;
		if (cb_path_is_under_way(&l) != cases[i].waits)
			fail_msg("case %zu", i);
		l.wired = false;
		assert_false(cb_path_is_under_way(&l));
	}
}

static void hosts_are_added_up(void **state)
{
	struct cb_counters sum = {.tx_packets = 5, .rx_missed = CB_UNKNOWN};
	struct cb_counters other = {.tx_packets = 7, .tx_dropped = 1, .rx_missed = 2};

	cb_counters_add_link(&sum, &other);
	assert_int_equal(sum.tx_packets, 12);
	assert_int_equal(sum.tx_dropped, 1);
	assert_int_equal(sum.rx_missed, CB_UNKNOWN);
}

static void clocks_that_stood_still_or_were_set(void **state)
{
	static const struct {
		int64_t here, there, real;
		enum cb_trial_state state;
	} times[] = {{1000000000, 1000000000, 1000000000, CB_TRIAL_VALID},
		{1000000000, 1400000000, 1400000000, CB_TRIAL_VALID},
		{31000000000, 1000000000, 1000000000, CB_TRIAL_INVALID},
		{1000000000, 1600000000, 1600000000, CB_TRIAL_INVALID},
		{1000000000, 1000000000, 1090000000, CB_TRIAL_VALID}, /* NTP */
		{1000000000, 1000000000, 3601000000000, CB_TRIAL_INVALID},
		{1000000000, 1000000000, -3599000000000, CB_TRIAL_INVALID}};

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		const struct cb_counters before = {.time_ns = 70, .real_ns = 900};
		struct cb_counters after = {
			.time_ns = 70 + times[i].there, .real_ns = 900 + times[i].real};
		struct cb_trial_record r;

		cb_trial_record_init(&r);
		r.state = CB_TRIAL_VALID;
		cb_trial_judge_clock(&r, "xeon", &before, &after, times[i].here);
		assert_int_equal(r.state, times[i].state);
		assert_int_equal(json_array_size(r.reasons), r.state == CB_TRIAL_INVALID);
		cb_trial_record_finish(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_counted_is_not_known),
		cmocka_unit_test(what_is_under_way_is_waited_for),
		cmocka_unit_test(hosts_are_added_up),
		cmocka_unit_test(clocks_that_stood_still_or_were_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
