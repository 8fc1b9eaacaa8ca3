/* Capture filter and fan-out, which all mechanisms on packet sockets have, on real frames. */
#include "capturers/mechanisms/packet_socket.h"
#include "capturers/pcap_library.h"

#include "tests/unit/capturers/mechanisms/taps.h"

#define MEMBERS 3

static void need_libpcap(void)
{
	struct cb_pcap_library library;

	if (cb_pcap_library_open(&library, NULL, &err))
		skip();
	cb_pcap_library_close(&library);
}

/* Frames of protocol 0x88b5 are sent, and nothing else. */
static void a_filter_lets_pass_what_it_says(void **state)
{
	static const struct {
		const char *filter;
		int64_t passes;
	} cases[] = {{"ether proto 0x88b5", 1000}, {"not ether proto 0x88b5", 0}, {"", 1000}};
	struct cb_capture_job job = make_job(*state);

	need(*state);
	need_libpcap();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_true(cb_text_copy(job.filter, sizeof(job.filter), cases[i].filter));
		run_well(&job);
		assert_int_equal(record.book.unique, cases[i].passes);
		/* what it refuses is in none of the tap's counters */
		assert_int_equal(record.book.tap_dropped, 0);
		assert_int_equal(record.book.unread, 0);
	}
}

/* A filter does not change what is kept of a frame, nor the length that is told. */
static void a_filter_leaves_the_snaplen(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(*state);
	need_libpcap();
	strcpy(job.filter, "ether proto 0x88b5");
	job.snaplen = 61;
	traffic.length = 200;
	run_well(&job);
	assert_int_equal(record.book.unique, 1000);
	assert_int_equal(record.truncated, 1000);
	assert_int_equal(record.bytes, 1000 * 61);
}

static void a_wrong_filter_is_explained(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(*state);
	need_libpcap();
	strcpy(job.filter, "ether prto 5");
	assert_int_equal(run(&job), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "filter \"ether prto 5\": "));
}

struct member {
	const struct cb_mechanism *mechanism;
	void *state;
	struct cb_tap_ready ready;
	struct cb_tap_counters counters;
};

static int open_member(struct member *m, const char *text)
{
	static struct cb_tap tap = {.interface = "lo", .snaplen = 128, .buffer = 4 << 20};
	const struct cb_member *member;
	uint64_t options[8] = {0};

	tap.ifindex = if_nametoindex("lo");
	assert_int_equal(cb_member_parse(&cb_mechanism_axis, text, &member, options, &err), 0);
	*m = (struct member){.mechanism = (const struct cb_mechanism *)member};
	m->state = calloc(1, m->mechanism->state_size);
	assert_non_null(m->state);
	return m->mechanism->open(m->state, &tap, options, &m->ready, &err);
}

static void close_member(struct member *m)
{
	assert_int_equal(m->mechanism->detach(m->state, &err), 0);
	assert_int_equal(m->mechanism->settle(m->state, &m->counters, &err), 0);
	m->mechanism->close(m->state);
	free(m->state);
}

/* What the members of a group were brought while `text`s of them listened. */
static int64_t shared(const char *text, struct member members[MEMBERS])
{
	int64_t sum = 0;

	for (int i = 0; i < MEMBERS; i++)
		assert_int_equal(open_member(&members[i], text), 0);
	traffic = (struct traffic){.count = 999, .length = 60};
	send_all(0);
	for (int i = 0; i < MEMBERS; i++) {
		close_member(&members[i]);
		sum += members[i].counters.matched;
		assert_int_equal(members[i].counters.matched,
			members[i].counters.unread + members[i].counters.dropped);
	}
	return sum;
}

static void with_fanout(char *text, size_t size, const char *mechanism, const char *fanout)
{
	snprintf(text, size, "%s:fanout=%s,group=77", mechanism, fanout);
}

/* Every frame goes to one member, whatever the rule; in turn means each gets a third. */
static void fanout_shares_the_frames(void **state)
{
	struct member members[MEMBERS];
	char text[64];

	need(*state);
	for (size_t i = 1; cb_packet_fanout_names[i]; i++) {
		with_fanout(text, sizeof(text), *state, cb_packet_fanout_names[i]);
		assert_int_equal(shared(text, members), 999);
		assert_int_equal(members[0].ready.fanout, 77);
	}
	with_fanout(text, sizeof(text), *state, "lb");
	shared(text, members);
	for (int i = 0; i < MEMBERS; i++)
		assert_int_equal(members[i].counters.matched, 333);
	/* and without, each gets all */
	assert_int_equal(shared(*state, members), MEMBERS * 999);
	assert_int_equal(members[0].ready.fanout, 0);
}

static void a_group_is_of_one_kind(void **state)
{
	struct member first, second;

	need(*state);
	assert_int_equal(open_member(&first, "recv:fanout=lb"), 0);
	assert_int_equal(open_member(&second, "recv:fanout=cpu"), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "fan-out group 1 "));
	free(second.state);
	close_member(&first);
}

static void the_record_names_the_group(void **state)
{
	struct cb_capture_job alone = make_job("recv"), job = make_job("recv:fanout=hash,group=9");

	need("recv");
	run_well(&job);
	assert_int_equal(record.group, 9);
	assert_int_equal(record.book.unique, 1000);
	run_well(&alone);
	assert_int_equal(record.group, CB_UNKNOWN);
}

static void fanout_changes_what_processes_get(void **state)
{
	const struct cb_member *member;
	uint64_t options[8];
	char text[64];
	unsigned provides;

	with_fanout(text, sizeof(text), *state, "cpu");
	assert_int_equal(cb_member_parse(&cb_mechanism_axis, text, &member, options, &err), 0);
	provides = cb_member_provides(member, options);
	assert_true(provides & CB_TRAIT_FANOUT);
	assert_false(provides & CB_TRAIT_COPIES);
	assert_int_equal(cb_member_parse(&cb_mechanism_axis, *state, &member, options, &err), 0);
	provides = cb_member_provides(member, options);
	assert_false(provides & CB_TRAIT_FANOUT);
	assert_true(provides & CB_TRAIT_COPIES);
}

static char queue[] = "recv", slots[] = "tpacket2", old_slots[] = "tpacket1", blocks[] = "tpacket3",
	    ring[] = "io-uring";
#define EACH(test) \
	ON(test, queue), ON(test, old_slots), ON(test, slots), ON(test, blocks), ON(test, ring)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_filter_lets_pass_what_it_says),
		EACH(a_filter_leaves_the_snaplen),
		EACH(a_wrong_filter_is_explained),
		EACH(fanout_shares_the_frames),
		ON(a_group_is_of_one_kind, queue),
		cmocka_unit_test(the_record_names_the_group),
		EACH(fanout_changes_what_processes_get),
	};

	return run_taps(tests, sizeof(tests) / sizeof(*tests));
}
