#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/net/link.h"
#include "harness/net/xsk.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/net/netns.h"

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 1}, mac_b[6] = {2, 0, 0, 0, 0, 2};
static bool have_namespace;

/* Both ends in the test's own namespace. */
static void make_pair(const char *name, const char *peer, uint32_t mtu)
{
	struct cb_veth_spec spec = {.name = name, .peer = peer, .mtu = mtu};
	struct cb_error err = {0};

	memcpy(spec.mac, mac_a, 6);
	memcpy(spec.peer_mac, mac_b, 6);
	if (cb_link_create_veth(&spec, &err))
		fail_msg("%s", err.text);
}

static void remove_pair(const char *name)
{
	assert_int_equal(cb_link_delete(name, NULL), 0);
}

static int need_namespace(void **state)
{
	if (!have_namespace)
		skip();
	return 0;
}

static void a_pair_is_made_as_asked(void **state)
{
	struct cb_link_info info;

	make_pair("va", "vb", 1400);
	assert_int_equal(cb_link_info("va", &info, NULL), 0);
	assert_memory_equal(info.mac, mac_a, 6);
	assert_int_equal(info.mtu, 1400);
	assert_false(info.up);
	assert_false(info.running);
	assert_string_equal(info.driver, "veth");
	assert_int_equal(info.ifindex, if_nametoindex("va"));
	assert_int_equal(cb_link_info("vb", &info, NULL), 0);
	assert_memory_equal(info.mac, mac_b, 6);
	assert_int_equal(info.mtu, 1400);
	remove_pair("va");
	assert_int_equal(if_nametoindex("vb"), 0);
}

static void the_peer_goes_to_another_namespace(void **state)
{
	struct cb_veth_spec spec = {.name = "va", .peer = "vb"};
	struct cb_error err = {0};
	pid_t child = netns_child();

	assert_true(child > 0);
	memcpy(spec.mac, mac_a, 6);
	memcpy(spec.peer_mac, mac_b, 6);
	spec.peer_pid = child;
	if (cb_link_create_veth(&spec, &err))
		fail_msg("%s", err.text);
	assert_int_not_equal(if_nametoindex("va"), 0);
	assert_int_equal(if_nametoindex("vb"), 0);
	remove_pair("va");
	netns_end_child(child);
}

/* Frames come to the RX queue that the sender's TX queue has the number of; more can be had than
 * there are cores. */
static void a_pair_with_several_queues(void **state)
{
	struct cb_veth_spec spec = {.name = "va", .peer = "vb", .queues = 5};
	uint64_t deadline = cb_deadline_in(CB_NS_PER_SEC);
	struct cb_error err = {0};
	uint32_t n = 0;

	memcpy(spec.mac, mac_a, 6);
	memcpy(spec.peer_mac, mac_b, 6);
	if (cb_link_create_veth(&spec, &err))
		fail_msg("%s", err.text);
	for (uint32_t queues = 5; queues <= 5; queues -= 2) {
		assert_int_equal(cb_link_queues("vb", queues, deadline, &err), 0);
		assert_int_equal(cb_link_queues("va", queues, deadline, &err), 0);
		assert_int_equal(cb_xsk_queues("vb", &n, &err), 0);
		assert_int_equal(n, queues);
	}
	assert_int_equal(cb_link_queues("vb", 6, deadline, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "vb can have 1 to 5 RX and 1 to 5 TX queues, not 6"));
	assert_int_equal(cb_link_queues("vb", 0, deadline, &err), CB_ERR_IMPOSSIBLE);
	assert_int_equal(cb_link_queues("vz", 1, deadline, &err), CB_ERR_USAGE);
	remove_pair("va");
}

static void a_pair_that_cannot_be_is_refused(void **state)
{
	static const struct {
		uint32_t mtu;
		pid_t peer_pid;
		int code;
		const char *says;
	} cases[] = {
		{67, 0, CB_ERR_USAGE, "MTU 67"},
		{65536, 0, CB_ERR_USAGE, "MTU 65536"},
		{0, 0x7fffffff, CB_ERR_HOST, "veth pair va, vb"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cb_veth_spec spec = {.name = "va",
			.peer = "vb",
			.mtu = cases[i].mtu,
			.peer_pid = cases[i].peer_pid};
		struct cb_error err = {0};

		memcpy(spec.mac, mac_a, 6);
		memcpy(spec.peer_mac, mac_b, 6);
		assert_int_equal(cb_link_create_veth(&spec, &err), cases[i].code);
		assert_non_null(strstr(err.text, cases[i].says));
		assert_int_equal(if_nametoindex("va"), 0);
	}
}

static void a_name_in_use_is_refused(void **state)
{
	struct cb_veth_spec spec = {.name = "va", .peer = "vc"};
	struct cb_error err = {0};

	make_pair("va", "vb", 0);
	memcpy(spec.mac, mac_a, 6);
	memcpy(spec.peer_mac, mac_b, 6);
	assert_int_equal(cb_link_create_veth(&spec, &err), CB_ERR_HOST);
	assert_int_equal(err.sys_errno, EEXIST);
	assert_int_equal(if_nametoindex("vc"), 0);
	remove_pair("va");
}

static void bad_names_do_not_reach_the_kernel(void **state)
{
	static const char *const names[] = {"", "sixteencharslong", "a b", "a/b", ".", ".."};
	struct cb_link_info info;
	struct cb_error err;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		memset(&err, 0, sizeof(err));
		assert_int_equal(cb_link_info(names[i], &info, &err), CB_ERR_USAGE);
		assert_non_null(strstr(err.text, "can't be the name"));
	}
}

static void no_such_device_is_the_users_mistake(void **state)
{
	struct cb_link_counters c;
	struct cb_link_info info;
	struct cb_error err = {0};

	assert_int_equal(cb_link_info("nosuchdevice0", &info, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "nosuchdevice0"));
	assert_int_equal(cb_link_counters("nosuchdevice0", &c, NULL), CB_ERR_USAGE);
	assert_int_equal(cb_link_up("nosuchdevice0", NULL), CB_ERR_USAGE);
	assert_int_equal(cb_link_feature("nosuchdevice0", "rx-gro", true, NULL), CB_ERR_USAGE);
	assert_int_equal(cb_link_delete("nosuchdevice0", NULL), CB_ERR_USAGE);
}

static void running_needs_both_ends(void **state)
{
	struct cb_error err = {0};
	struct cb_link_info info;
	uint64_t begun;

	make_pair("va", "vb", 0);
	assert_int_equal(cb_link_up("va", NULL), 0);
	begun = cb_now_ns();
	assert_int_equal(
		cb_link_wait_running("va", cb_deadline_in(20 * CB_NS_PER_MS), &err), CB_ERR_HOST);
	assert_true(cb_now_ns() - begun >= 20 * CB_NS_PER_MS);
	assert_non_null(strstr(err.text, "no carrier"));
	assert_int_equal(cb_link_up("vb", NULL), 0);
	assert_int_equal(cb_link_wait_running("va", cb_deadline_in(5 * CB_NS_PER_SEC), &err), 0);
	assert_int_equal(cb_link_wait_running("vb", cb_deadline_in(5 * CB_NS_PER_SEC), &err), 0);
	assert_int_equal(cb_link_info("va", &info, NULL), 0);
	assert_true(info.up && info.running);
	assert_int_equal(cb_link_down("vb", NULL), 0);
	assert_int_equal(cb_link_info("vb", &info, NULL), 0);
	assert_false(info.up || info.running);
	remove_pair("va");
}

/* A word in /proc/net/if_inet6 would be an address; the flags are in sysfs. */
static void an_end_that_is_up_keeps_silent(void **state)
{
	char line[256] = "";
	unsigned flags = 0;
	bool address = false;
	FILE *f;

	make_pair("va", "vb", 0);
	assert_int_equal(cb_link_up("va", NULL), 0);
	assert_int_equal(cb_link_up("vb", NULL), 0);
	assert_int_equal(cb_link_wait_running("va", cb_deadline_in(5 * CB_NS_PER_SEC), NULL), 0);
	f = fopen("/sys/class/net/va/flags", "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%x", &flags), 1);
	fclose(f);
	assert_true(flags & IFF_NOARP);
	f = fopen("/proc/self/net/if_inet6", "re");
	while (f && fgets(line, sizeof(line), f))
		address = address || strstr(line, " va") || strstr(line, " vb");
	if (f)
		fclose(f);
	assert_false(address);
	remove_pair("va");
}

static void send_frames(const char *name, unsigned n)
{
	uint8_t frame[60] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	to.sll_ifindex = (int)if_nametoindex(name);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(
			sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)),
			sizeof(frame));
	close(fd);
}

static void frames_are_counted_on_both_ends(void **state)
{
	struct cb_link_counters a, b;

	make_pair("va", "vb", 0);
	assert_int_equal(cb_link_up("va", NULL), 0);
	assert_int_equal(cb_link_up("vb", NULL), 0);
	assert_int_equal(cb_link_wait_running("va", cb_deadline_in(5 * CB_NS_PER_SEC), NULL), 0);
	send_frames("va", 37);
	assert_int_equal(cb_link_counters("va", &a, NULL), 0);
	assert_int_equal(cb_link_counters("vb", &b, NULL), 0);
	assert_int_equal(a.tx_packets, 37);
	assert_int_equal(a.tx_dropped, 0);
	assert_int_equal(b.rx_packets, 37);
	assert_int_equal(b.nic_ring_dropped, 0);
	assert_int_equal(a.xdp_refused, 0);
	assert_int_equal(cb_link_counters("lo", &a, NULL), 0);
	assert_int_equal(a.nic_ring_dropped, CB_UNKNOWN);
	assert_int_equal(a.xdp_refused, CB_UNKNOWN);
	remove_pair("va");
}

static void a_veth_takes_xdp_when_its_peer_has_napi(void **state)
{
	struct cb_error err = {0};
	bool takes = true;

	make_pair("va", "vb", 0);
	assert_int_equal(cb_link_up("va", NULL), 0);
	assert_int_equal(cb_link_up("vb", NULL), 0);
	if (cb_link_takes_xdp("va", &takes, &err)) {
		assert_int_equal(err.code, CB_ERR_IMPOSSIBLE); /* before Linux 6.3 */
		remove_pair("va");
		return;
	}
	assert_false(takes);
	assert_int_equal(cb_link_feature("vb", "rx-gro", true, NULL), 0);
	assert_int_equal(cb_link_takes_xdp("va", &takes, NULL), 0);
	assert_true(takes);
	assert_int_equal(cb_link_feature("vb", "rx-gro", false, NULL), 0);
	assert_int_equal(cb_link_takes_xdp("va", &takes, NULL), 0);
	assert_false(takes);
	assert_int_equal(cb_link_takes_xdp("nosuchdev", &takes, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "nosuchdev"));
	remove_pair("va");
}

static void features_are_switched_and_read_back(void **state)
{
	bool on = true;

	make_pair("va", "vb", 0);
	assert_int_equal(cb_link_feature_read("va", "rx-gro", &on, NULL), 0);
	assert_false(on); /* veth's default */
	assert_int_equal(cb_link_feature("va", "rx-gro", true, NULL), 0);
	assert_int_equal(cb_link_feature_read("va", "rx-gro", &on, NULL), 0);
	assert_true(on);
	assert_int_equal(cb_link_feature("va", "rx-gro", false, NULL), 0);
	assert_int_equal(cb_link_feature_read("va", "rx-gro", &on, NULL), 0);
	assert_false(on);
	assert_int_equal(cb_link_feature_read("va", "tx-tcp-segmentation", &on, NULL), 0);
	assert_true(on);
	assert_int_equal(cb_link_tso("va", false, NULL), 0);
	assert_int_equal(cb_link_feature_read("va", "tx-tcp6-segmentation", &on, NULL), 0);
	assert_false(on);
	assert_int_equal(cb_link_feature_read("va", "tx-tcp-segmentation", &on, NULL), 0);
	assert_false(on);
	remove_pair("va");
}

static void features_that_cannot_be_switched_are_named(void **state)
{
	struct cb_error err = {0};

	make_pair("va", "vb", 0);
	assert_int_equal(cb_link_feature("va", "rx-ntuple-filter", true, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "rx-ntuple-filter"));
	memset(&err, 0, sizeof(err));
	assert_int_not_equal(cb_link_feature("va", "no-such-feature", true, &err), 0);
	assert_non_null(strstr(err.text, "no-such-feature"));
	assert_non_null(strstr(err.text, "(bit name not found)")); /* the kernel's own words */
	remove_pair("va");
}

static void napi_appears_with_gro(void **state)
{
	struct cb_napi napi[4];
	struct cb_error err = {0};
	size_t n = 99;
	int r;

	make_pair("va", "vb", 0);
	assert_int_equal(cb_link_up("va", NULL), 0);
	assert_int_equal(cb_link_up("vb", NULL), 0);
	r = cb_link_napis("vb", napi, 4, &n, &err);
	if (r == CB_ERR_IMPOSSIBLE) {
		remove_pair("va");
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(n, 0);
	assert_int_equal(cb_link_feature("vb", "rx-gro", true, NULL), 0);
	assert_int_equal(cb_link_napis("vb", napi, 4, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_not_equal(napi[0].id, 0);
	assert_int_equal(napi[0].thread, 0);
	remove_pair("va");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_names_do_not_reach_the_kernel),
		cmocka_unit_test(no_such_device_is_the_users_mistake),
		cmocka_unit_test_setup(a_pair_is_made_as_asked, need_namespace),
		cmocka_unit_test_setup(the_peer_goes_to_another_namespace, need_namespace),
		cmocka_unit_test_setup(a_pair_with_several_queues, need_namespace),
		cmocka_unit_test_setup(a_pair_that_cannot_be_is_refused, need_namespace),
		cmocka_unit_test_setup(a_name_in_use_is_refused, need_namespace),
		cmocka_unit_test_setup(running_needs_both_ends, need_namespace),
		cmocka_unit_test_setup(an_end_that_is_up_keeps_silent, need_namespace),
		cmocka_unit_test_setup(frames_are_counted_on_both_ends, need_namespace),
		cmocka_unit_test_setup(a_veth_takes_xdp_when_its_peer_has_napi, need_namespace),
		cmocka_unit_test_setup(features_are_switched_and_read_back, need_namespace),
		cmocka_unit_test_setup(features_that_cannot_be_switched_are_named, need_namespace),
		cmocka_unit_test_setup(napi_appears_with_gro, need_namespace),
	};
	int r = netns_enter();

	have_namespace = !r;
	if (r)
		print_message(
			"no network namespace here (%s): most tests are skipped\n", strerror(-r));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
