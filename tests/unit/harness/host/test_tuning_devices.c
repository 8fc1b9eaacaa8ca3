/* Settings of devices: veth and tap in a namespace, interrupts of a fake root. */
#include "harness/net/link.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit/harness/host/pair.h"
#include "tests/unit/harness/host/tuning.h"
#include "tests/unit/harness/net/netns.h"

static bool have_namespace, real_root;

static int make_interrupts(void **state)
{
	int r = make_cpus(state);

	fake_file("/sys/class/net/eth9/device/msi_irqs/40", "msix");
	fake_file("/sys/class/net/eth9/device/msi_irqs/41", "msix");
	fake_file("/sys/class/net/eth9/device/msi_irqs/42", "msix");
	fake_file("/sys/class/net/eth9/device/msi_irqs/43", "msix");
	fake_file("/proc/interrupts",
		"           CPU0       CPU1       \n"
		" 40:          0          0 PCI-MSIX-0000:00:03.0   0-edge      virtio2-config\n"
		" 41:        100          7 PCI-MSIX-0000:00:03.0   1-edge      eth9-rx-0\n"
		" 42:          0        200 PCI-MSIX-0000:00:03.0   2-edge      eth9-rx-1\n"
		"LOC:   11126016   10053977   Local timer interrupts");
	fake_file("/proc/irq/41/smp_affinity_list", "0-3");
	fake_file("/proc/irq/42/smp_affinity_list", "0,2");
	return r;
}

/* The device itself is one of this machine: the interrupts are told by the fake root. */
static void interrupts_go_to_cores_in_turn(void **state)
{
	static const struct cb_veth_spec spec = {
		.name = "eth9", .peer = "eth8", .mac = {2, 1}, .peer_mac = {2, 2}};
	struct cb_tuning *t;
	struct cb_error err = {0};
	json_t *told;

	if (!have_namespace)
		skip();
	assert_int_equal(cb_link_create_veth(&spec, NULL), 0);
	t = start();
	assert_int_equal(
		apply(t, "eth9", "irq_affinity", "9", true, &told, &err), CB_ERR_IMPOSSIBLE);
	assert_says(err.text, "no core 9 online");
	json_decref(told);
	/* lines of a file don't shrink as those of /proc do, so one digit over another only */
	fake_file("/proc/irq/41/smp_affinity_list", "0");
	fake_file("/proc/irq/42/smp_affinity_list", "0");
	set(t, "eth9", "irq_affinity", "3,1");
	assert_string_equal(fake_line("/proc/irq/41/smp_affinity_list"), "3");
	assert_string_equal(fake_line("/proc/irq/42/smp_affinity_list"), "1");
	cb_tuning_close(t);
	assert_string_equal(fake_line("/proc/irq/41/smp_affinity_list"), "0");
	assert_string_equal(fake_line("/proc/irq/42/smp_affinity_list"), "0");
	cb_link_delete("eth9", NULL);
}

static int make_pair(void **state)
{
	if (fake_make(state))
		return -1;
	return have_namespace && (pair_make(2) || pair_run());
}

static int remove_pair(void **state)
{
	if (have_namespace)
		pair_remove();
	return fake_remove(state);
}

static void a_veth_is_set_and_put_back(void **state)
{
	struct cb_tuning *t;
	struct cb_link_info before, now;
	bool tso_before, on;

	if (!have_namespace)
		skip();
	assert_int_equal(cb_link_info("vb", &before, NULL), 0);
	assert_int_equal(cb_link_feature_read("vb", "tx-tcp-segmentation", &tso_before, NULL), 0);
	t = start_real();
	set(t, "vb", "mtu", "9000");
	set(t, "vb", "promiscuous", "on");
	set(t, "vb", "offload.tso", "off");
	set(t, "vb", "offload.gro", "on");
	set(t, "vb", "channels.rx", "2");
	assert_int_equal(cb_link_info("vb", &now, NULL), 0);
	assert_int_equal(now.mtu, 9000);
	assert_true(now.promiscuous);
	assert_int_equal(cb_link_feature_read("vb", "tx-tcp-segmentation", &on, NULL), 0);
	assert_false(on);
	assert_int_equal(cb_link_feature_read("vb", "rx-gro", &on, NULL), 0);
	assert_true(on);
	cb_tuning_close(t);
	assert_int_equal(cb_link_info("vb", &now, NULL), 0);
	assert_int_equal(now.mtu, before.mtu);
	assert_int_equal(now.promiscuous, before.promiscuous);
	assert_int_equal(cb_link_feature_read("vb", "tx-tcp-segmentation", &on, NULL), 0);
	assert_int_equal(on, tso_before);
	assert_int_equal(cb_link_feature_read("vb", "rx-gro", &on, NULL), 0);
	assert_false(on);
	assert_int_equal(undo_files(), 0);
}

static void a_thread_is_made_pinned_and_gone(void **state)
{
	struct cb_tuning *t;
	char line[16];

	if (!have_namespace || !real_root)
		skip();
	t = start_real();
	set(t, "vb", "offload.gro", "on");
	set(t, "vb", "threaded", "on");
	cb_file_read_line("/sys/class/net/vb/threaded", line, sizeof(line), NULL);
	assert_string_equal(line, "1");
	set(t, "vb", "rps", "0");
	cb_tuning_close(t);
	cb_file_read_line("/sys/class/net/vb/threaded", line, sizeof(line), NULL);
	assert_string_equal(line, "0");
}

static void what_a_device_does_not_allow_is_refused(void **state)
{
	static const struct {
		const char *name, *value, *says;
	} rows[] = {
		{"ring.rx", "1024", "ring.rx: "},
		{"coalesce.rx-usecs", "10", "coalesce.rx-usecs: "},
		{"channels.rx", "64", "channels.rx: vb has at most 2"},
		{"threaded", "on", "no NAPI that could have a thread"},
		{"napi_cores", "0", "NAPI threads"},
		{"irq_affinity", "0", "no interrupts of its own"},
		{"offload.rxhash", "on", "keeps rx-hashing off"},
	};
	struct cb_tuning *t;

	if (!have_namespace)
		skip();
	t = start_real();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct cb_error err = {0};
		json_t *told;

		if (apply(t, "vb", rows[i].name, rows[i].value, true, &told, &err) !=
			CB_ERR_IMPOSSIBLE)
			print_message("%s: %d %s\n", rows[i].name, err.code, err.text);
		assert_true(err.code < 0);
		assert_says(err.text, rows[i].says);
		assert_string_equal(state_of(told, 0), "refused");
		json_decref(told);
	}
	cb_tuning_close(t);
	assert_int_equal(undo_files(), 0);
}

static void a_tun_coalesces(void **state)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI, .ifr_name = "tap9"};
	struct cb_tuning *t;
	json_t *told;
	int fd;

	if (!have_namespace)
		skip();
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		skip();
	t = start_real();
	assert_int_equal(apply(t, "tap9", "coalesce.rx-frames", "16", true, &told, NULL), 0);
	assert_string_equal(state_of(told, 0), "set");
	json_decref(told);
	cb_tuning_undo(t, NULL);
	assert_int_equal(apply(t, "tap9", "coalesce.rx-frames", "0", true, &told, NULL), 0);
	assert_string_equal(state_of(told, 0), "as-wanted");
	json_decref(told);
	cb_tuning_close(t);
	close(fd);
}

static void a_device_that_is_gone_is_no_loss(void **state)
{
	struct cb_tuning *t;
	json_t *told = json_array();

	if (!have_namespace)
		skip();
	t = start_real();
	set(t, "vb", "mtu", "2000");
	cb_link_delete("va", NULL);
	cb_tuning_undo(t, told);
	assert_string_equal(state_of(told, 0), "gone");
	assert_int_equal(undo_files(), 0);
	json_decref(told);
	cb_tuning_close(t);
}

static void private_interfaces_need_no_file(void **state)
{
	const struct cb_tuning_options options = {
		.directory = fake_undo, .private_interfaces = true};
	struct cb_tuning *t;
	struct cb_link_info info;

	if (!have_namespace)
		skip();
	assert_int_equal(cb_tuning_open(&t, &options, NULL), 0);
	set(t, "vb", "mtu", "2000");
	assert_int_equal(undo_files(), 0);
	cb_tuning_close(t);
	assert_int_equal(cb_link_info("vb", &info, NULL), 0);
	assert_int_equal(info.mtu, 1500);
}

static void a_kernel_parameter_is_set_and_put_back(void **state)
{
	static const char *const path = "/proc/sys/vm/stat_interval";
	char before[32], now[32];
	struct cb_tuning *t;

	if (cb_file_read_line(path, before, sizeof(before), NULL) || access(path, W_OK) ||
		!real_root)
		skip();
	t = start_real();
	set(t, "", "sysctl.vm.stat_interval", strcmp(before, "2") == 0 ? "3" : "2");
	cb_file_read_line(path, now, sizeof(now), NULL);
	assert_string_not_equal(now, before);
	cb_tuning_close(t);
	cb_file_read_line(path, now, sizeof(now), NULL);
	assert_string_equal(now, before);
}

int main(void)
{
#define PAIR(test) cmocka_unit_test_setup_teardown(test, make_pair, remove_pair)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			interrupts_go_to_cores_in_turn, make_interrupts, fake_remove),
		PAIR(a_veth_is_set_and_put_back),
		PAIR(a_thread_is_made_pinned_and_gone),
		PAIR(what_a_device_does_not_allow_is_refused),
		PAIR(a_tun_coalesces),
		PAIR(a_device_that_is_gone_is_no_loss),
		PAIR(private_interfaces_need_no_file),
		PAIR(a_kernel_parameter_is_set_and_put_back),
	};

	real_root = netns_real_root();
	have_namespace = !netns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
