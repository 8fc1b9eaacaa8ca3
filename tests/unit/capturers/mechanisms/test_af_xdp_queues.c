/* af-xdp: what it refuses, several RX queues, and processes that share them. */
#include "capturers/share.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "tests/unit/capturers/mechanisms/af_xdp_links.h"

static void refuses_zero_copy_on_veth(void **state)
{
	struct cb_capture_job job = make_job(&native);

	strcpy(job.mechanism, "af-xdp:mode=zero-copy");
	assert_int_equal(run(&job), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "zero-copy"));
	assert_clean(RECEIVER);
}

static void refuses_queues_that_are_not_there(void **state)
{
	struct cb_capture_job job = make_job(&native);

	strcpy(job.mechanism, "af-xdp:queues=2");
	assert_int_equal(run(&job), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "has 1 RX queue"));
	assert_clean(RECEIVER);
}

static void says_what_works_on_any_device(void **state)
{
	struct cb_capture_job job = make_job(&lo);

	strcpy(job.mechanism, "af-xdp:mode=driver");
	assert_int_equal(run(&job), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "\"lo\" has no native XDP: af-xdp:mode=skb works on any"));
	strcpy(job.mechanism, "bpf-ring:tap=xdp-take,xdp=native");
	assert_int_equal(run(&job), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "\"lo\" has no native XDP: xdp=generic works on any"));
}

static int try_another(void)
{
	struct cb_capture_job job = {0};
	struct cb_view_record other;
	struct cb_error why;
	int rc;

	cb_option_defaults(cb_capture_options, &job);
	cb_text_copy(job.interface, sizeof(job.interface), RECEIVER);
	strcpy(job.mechanism, "af-xdp");
	cb_view_record_init(&other);
	rc = cb_capture_run(&job, &stop, NULL, NULL, &other, &why);
	cb_view_record_finish(&other);
	assert_int_equal(rc, CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(why.text, "has an XDP program already"));
	stop = SIGINT;
	return 0;
}

static void an_interface_has_one_program(void **state)
{
	struct cb_capture_job job = make_job(&native);

	traffic.also = try_another;
	run_well(&job);
	assert_int_equal(record.book.unique, 1000);
}

static void a_wrong_filter_leaves_nothing(void **state)
{
	struct cb_capture_job job = make_job(&native);

	strcpy(job.filter, "udp and and");
	assert_int_equal(run(&job), CB_ERR_USAGE);
	assert_clean(RECEIVER);
}

/* ---- several queues ---- */

/* False when the machine has only one. A queue that had a socket can't go before the kernel has
 * cleared up behind that. */
static bool set_queues(const char *interface, unsigned n)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = {.ifr_data = (char *)&channels};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done;

	cb_text_copy(request.ifr_name, sizeof(request.ifr_name), interface);
	done = !ioctl(fd, SIOCETHTOOL, &request) && channels.max_rx >= n && channels.max_tx >= n;
	channels.cmd = ETHTOOL_SCHANNELS;
	channels.rx_count = channels.tx_count = n;
	for (int tries = 0; done && ioctl(fd, SIOCETHTOOL, &request); tries++) {
		usleep(10000);
		done = tries < 200;
	}
	close(fd);
	return done;
}

static void one_process_takes_all_queues(void **state)
{
	struct cb_capture_job job = make_job(&native);

	if (!set_queues(RECEIVER, 2) || !set_queues(SENDER, 2))
		skip();
	/* one queue is read after the other, so frames are reordered, which only this load tells
	 * from duplicates */
	strcpy(job.load, "count");
	traffic.flows = 32;
	run_well(&job);
	assert_int_equal(record.book.unique, 1000);
	assert_int_equal(record.book.duplicate, 0);
	assert_int_equal(record.book.tap_dropped, 0);
	assert_true(record.book.reordered > 0);
	/* two halves of the buffer, and one wait for both */
	assert_int_equal(record.buffer_frames, 4096);
	job.duration_ns = 50 * (int64_t)CB_NS_PER_MS;
	traffic.keep_on = true;
	run_well(&job);
	assert_int_equal(record.book.unique, 1000);
	set_queues(SENDER, 1);
	set_queues(RECEIVER, 1);
}

/* An open mechanism, by hand. */
struct process {
	struct cb_tap tap;
	struct cb_tap_share share;
	struct cb_tap_ready ready;
	struct cb_tap_counters counters;
	void *state;
	int64_t received;
};

static void open_process(struct process *p, const struct cb_mechanism *mechanism,
	const void *options, const struct cb_shared_tap *shared, unsigned index)
{
	*p = (struct process){.tap = {.interface = RECEIVER,
				      .ifindex = if_nametoindex(RECEIVER),
				      .snaplen = 128,
				      .buffer = 4 << 20},
		.share = {.index = index, .processes = shared->processes, .n_fds = shared->n_fds}};
	memcpy(p->share.fds, shared->fds[index], sizeof(p->share.fds));
	p->tap.share = &p->share;
	p->state = calloc(1, mechanism->state_size);
	assert_non_null(p->state);
	if (mechanism->open(p->state, &p->tap, options, &p->ready, &err))
		fail_msg("%s", err.text);
}

static void read_process(struct process *p, const struct cb_mechanism *mechanism)
{
	struct cb_frame frames[64];
	int64_t syscalls = 0;
	int n;

	assert_int_equal(mechanism->detach(p->state, &err), 0);
	while ((n = mechanism->receive(p->state, frames, 64, &syscalls)) > 0) {
		p->received += n;
		mechanism->release(p->state);
	}
	assert_int_equal(n, 0);
	assert_int_equal(mechanism->settle(p->state, &p->counters, &err), 0);
	mechanism->close(p->state);
	free(p->state);
}

static void processes_share_queues(void **state)
{
	struct cb_capture_job job = make_job(&native);
	struct cb_shared_tap *shared = NULL;
	const struct cb_mechanism *mechanism;
	const struct cb_member *member;
	uint64_t options[8] = {0};
	struct process p[2];

	assert_int_equal(cb_share_open(&job, 1, &shared, &err), 0);
	assert_null(shared); /* alone, it needs nobody */
	assert_int_equal(cb_share_open(&job, 2, &shared, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "2 processes need as many queues"));
	assert_non_null(strstr(err.text, "ethtool -L " RECEIVER));
	if (!set_queues(RECEIVER, 2) || !set_queues(SENDER, 2))
		skip();
	assert_int_equal(cb_share_open(&job, 2, &shared, &err), 0);
	assert_non_null(shared);
	assert_int_equal(
		cb_member_parse(&cb_mechanism_axis, job.mechanism, &member, options, &err), 0);
	mechanism = (const struct cb_mechanism *)member;
	for (unsigned i = 0; i < 2; i++) {
		open_process(&p[i], mechanism, options, shared, i);
		assert_int_equal(p[i].ready.fanout, 1);
	}
	traffic.flows = 32;
	send_all();
	for (unsigned i = 0; i < 2; i++) {
		read_process(&p[i], mechanism);
		assert_true(p[i].received > 0);
		assert_int_equal(p[i].counters.dropped + p[i].counters.unread, 0);
	}
	assert_int_equal(p[0].received + p[1].received, 1000);
	cb_share_close(shared);
	assert_clean(RECEIVER);
	set_queues(SENDER, 1);
	set_queues(RECEIVER, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_zero_copy_on_veth),
		cmocka_unit_test(refuses_queues_that_are_not_there),
		cmocka_unit_test(says_what_works_on_any_device),
		cmocka_unit_test(an_interface_has_one_program),
		cmocka_unit_test(a_wrong_filter_leaves_nothing),
		cmocka_unit_test(one_process_takes_all_queues),
		cmocka_unit_test(processes_share_queues),
	};

	return run_on_links(tests, sizeof(tests) / sizeof(*tests));
}
