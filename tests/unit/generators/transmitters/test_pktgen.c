/* What the pktgen transmitter sets up, and what the kernel refuses. */
#include "tests/unit/generators/transmitters/pktgen_rig.h"

static void fails(int code, const char *words)
{
	assert_int_equal(set_up(), code);
	if (!strstr(error.text, words))
		print_error("%s\n", error.text);
	assert_non_null(strstr(error.text, words));
	cb_pktgen_take_down(&driver);
	assert_int_equal(kernel.n, 0);
}

static void plain_frames(void **state)
{
	set_up_well();
	assert_int_equal(kernel.n, 1);
	assert_string_equal(kernel.devices[0].name, "v0@0");
	param(0, "dst_mac", "02:00:00:00:00:02");
	param(0, "src_mac", "02:00:00:00:00:01");
	param(0, "dst_min", "198.18.0.2");
	param(0, "dst_max", "198.18.0.2");
	param(0, "src_min", "198.18.0.1");
	param(0, "src_max", "198.18.0.1");
	param(0, "min_pkt_size", "60");
	param(0, "max_pkt_size", "60");
	param(0, "udp_src_min", "1000");
	param(0, "udp_src_max", "1000");
	param(0, "udp_dst_min", "9");
	param(0, "udp_dst_max", "9");
	param(0, "clone_skb", "0");
	assert_null(fake_param(&kernel.devices[0], "burst"));
	assert_null(fake_param(&kernel.devices[0], "xmit_mode"));
	cb_pktgen_take_down(&driver);
	assert_int_equal(kernel.n, 0);
	assert_int_equal(kernel.resets, 1);
	cb_pktgen_take_down(&driver); /* nothing left to be taken down */
	assert_int_equal(kernel.resets, 1);
}

/* Each thread a device, a port, a queue and flows of its own. */
static void threads(void **state)
{
	options.threads = 2;
	options.queue = 2;
	options.queues = 4;
	options.mode = CB_PKTGEN_QUEUE_XMIT;
	link_to.stream = 3;
	shape.flows.n = 7;
	link_to.shape = &shape;
	set_up_well();
	assert_int_equal(kernel.n, 2);
	assert_string_equal(kernel.devices[1].name, "v0@1");
	assert_int_not_equal(kernel.devices[0].thread, kernel.devices[1].thread);
	param(0, "udp_dst_min", "15");
	param(1, "udp_dst_min", "16");
	param(1, "udp_dst_max", "16");
	param(0, "queue_map_min", "2");
	param(0, "queue_map_max", "3");
	param(1, "queue_map_min", "4");
	param(1, "queue_map_max", "5");
	param(1, "xmit_mode", "queue_xmit");
	/* flows 0 to 2 and 3 to 6, the range's end left out */
	param(0, "udp_src_min", "1000");
	param(0, "udp_src_max", "1003");
	param(1, "udp_src_min", "1003");
	param(1, "udp_src_max", "1007");
}

/* The cores that were named, in turn. */
static void cores(void **state)
{
	static const int cpus[] = {1, 0};

	options.threads = 3;
	link_to.cpus = cpus;
	link_to.n_cpus = 2;
	set_up_well();
	assert_int_equal(kernel.devices[0].thread, 1);
	assert_int_equal(kernel.devices[1].thread, 0);
	assert_int_equal(kernel.devices[2].thread, 1);
}

static void flows(void **state)
{
	shape.flows = (struct cb_flows){.n = 300, .order = CB_FLOW_RANDOM};
	link_to.shape = &shape;
	set_up_well();
	param(0, "udp_src_max", "1300");
	param(0, "flag", "UDPSRC_RND");
	cb_pktgen_take_down(&driver);
	shape.flows.field = CB_FLOW_SOURCE_IP;
	set_up_well();
	param(0, "src_min", "198.18.0.1");
	param(0, "src_max", "198.18.1.45"); /* the last one is left out */
	param(0, "flag", "IPSRC_RND");
	param(0, "udp_src_max", "1000");
	cb_pktgen_take_down(&driver);
	shape.flows.order = CB_FLOW_ROUND_ROBIN;
	set_up_well();
	param(0, "src_max", "198.18.1.44");
	assert_null(fake_param(&kernel.devices[0], "flag"));
	cb_pktgen_take_down(&driver);
	shape.flows.field = CB_FLOW_BOTH;
	fails(CB_ERR_USAGE, "flow-field");
	shape.flows = (struct cb_flows){.n = 64536};
	fails(CB_ERR_USAGE, "flows");
	shape.flows.n = 64535;
	set_up_well();
	param(0, "udp_src_max", "65535");
}

static void sizes(void **state)
{
	make_sizes("imix");
	set_up_well();
	param(0, "imix_weights", "60,59 590,33 1514,8");
	param(0, "min_pkt_size", "1514");
	param(0, "max_pkt_size", "1514");
	cb_pktgen_take_down(&driver);
	make_sizes("list:64x1/128x1/1024x1");
	set_up_well();
	param(0, "imix_weights", "60,34 124,33 1020,33");
	cb_pktgen_take_down(&driver);
	/* a range is gone through */
	make_sizes("uniform:from=100,to=199");
	set_up_well();
	param(0, "min_pkt_size", "96");
	param(0, "max_pkt_size", "195");
	assert_null(fake_param(&kernel.devices[0], "imix_weights"));
	cb_pktgen_take_down(&driver);
	/* what pktgen can't */
	make_sizes("list:64x1000/1518x1");
	fails(CB_ERR_USAGE, "1 %");
	make_sizes("genome:aaaaaaaddddg");
	fails(CB_ERR_USAGE, "genome");
	make_sizes(
		"list:64x1/66x1/68x1/70x1/72x1/74x1/76x1/78x1/80x1/82x1/84x1/86x1/88x1/90x1/92x1/"
		"94x1/96x1/98x1/100x1/102x1/104x1");
	fails(CB_ERR_USAGE, "more than 20");
	make_sizes("imix");
	options.clone = 5;
	fails(CB_ERR_USAGE, "cloned");
	options.clone = 0;
	kernel.no_imix = true;
	fails(CB_ERR_IMPOSSIBLE, "5.15");
	cb_sizes_finish(&shape.sizes);
}

static void other_frames(void **state)
{
	uint8_t pool[4] = {0};

	shape.payload.pool = pool;
	link_to.shape = &shape;
	fails(CB_ERR_USAGE, "payload");
	link_to.shape = NULL;
	frame.stamp_offset += 4;
	fails(CB_ERR_USAGE, "frame");
	frame.stamp_offset -= 4;
	frame.checksum = true;
	fails(CB_ERR_USAGE, "frame");
	frame.checksum = false;
	frame.goes_on = true;
	fails(CB_ERR_USAGE, "frame");
	frame.goes_on = false;
	set_up_well();
}

static void refusals(void **state)
{
	static const struct {
		int code;
		const char *words;
	} cases[] = {
		{-ENODEV, "no such interface"},
		{-ENETDOWN, "bring the interface up"},
		{-EINVAL, "Ethernet"},
		{-EBUSY, "another"},
		{-ENOMEM, "memory"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		kernel.add_error = cases[i].code;
		fails(CB_ERR_HOST, cases[i].words);
	}
	kernel.add_error = 0;
	options.threads = 3; /* the fake has two */
	fails(CB_ERR_USAGE, "threads");
}

/* 524, which the C library has no words for, and a result that still says OK. */
static void no_copies_on_veth(void **state)
{
	kernel.no_sharing = true;
	options.burst = 8;
	fails(CB_ERR_IMPOSSIBLE, "burst at 1");
	assert_null(strstr(error.text, "Unknown"));
	options.burst = 1;
	options.clone = 3;
	fails(CB_ERR_IMPOSSIBLE, "clone at 0");
	options.clone = 0;
	set_up_well();
}

/* The write succeeds, and the command failed. */
static void quiet_failures(void **state)
{
	kernel.fails_quietly = "flag";
	shape.flows = (struct cb_flows){.n = 3, .order = CB_FLOW_RANDOM};
	link_to.shape = &shape;
	fails(CB_ERR_HOST, "Flag -:UDPSRC_RND:- unknown");
	kernel.fails_quietly = NULL;
	kernel.ignores = "min_pkt_size";
	fails(CB_ERR_HOST, "min_pkt_size");
}

static void others(void **state)
{
	assert_int_equal(fake_add(&kernel, 1, "eth9"), 0);
	set_up_well(); /* what does not run is taken away */
	assert_int_equal(kernel.resets, 1);
	assert_int_equal(kernel.n, 1);
	cb_pktgen_take_down(&driver);
	assert_int_equal(fake_add(&kernel, 1, "eth9"), 0);
	kernel.devices[0].running = true;
	assert_int_equal(set_up(), CB_ERR_HOST);
	assert_non_null(strstr(error.text, "already"));
	cb_pktgen_take_down(&driver);
	assert_int_equal(kernel.n, 1); /* not ours */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_frames),
		TEST(threads),
		TEST(cores),
		TEST(flows),
		TEST(sizes),
		TEST(other_frames),
		TEST(refusals),
		TEST(no_copies_on_veth),
		TEST(quiet_failures),
		TEST(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
