/* The doctor: its checks on a machine that is made up, and that none says nothing. */
#include "harness/host/doctor.h"
#include "harness/host/interrupts.h"
#include "harness/host/tuning.h"
#include "harness/net/link.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/harness/host/fake_root.h"
#include "tests/unit/harness/net/netns.h"

static bool have_namespace;

static json_t *examine(const char *port, uint64_t window_ns)
{
	struct cb_doctor_options options = {.root = fake_root, .window_ns = window_ns};
	struct cb_error err = {0};
	json_t *json;

	if (port)
		options.interfaces[options.n_interfaces++] = port;
	json = cb_doctor(&options, &err);
	if (!json)
		fail_msg("%s", err.text);
	return json;
}

static const json_t *find(const json_t *doctor, const char *check)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(doctor, "findings"), i,
		finding) if (strcmp(json_string_value(json_object_get(finding, "check")), check) ==
		0) return finding;
	fail_msg("there is no check %s", check);
	return NULL;
}

static void assert_found(const json_t *doctor, const char *check, const char *verdict,
	const char *read, const char *setting, const char *value)
{
	const json_t *f = find(doctor, check);

	assert_string_equal(json_string_value(json_object_get(f, "verdict")), verdict);
	assert_says(json_string_value(json_object_get(f, "read")), read);
	if (setting) {
		assert_string_equal(json_string_value(json_object_get(f, "setting")), setting);
		assert_string_equal(json_string_value(json_object_get(f, "value")), value);
		assert_true(json_is_string(json_object_get(f, "todo")));
	} else {
		assert_true(json_is_null(json_object_get(f, "setting")));
	}
}

#define CPU "/sys/devices/system/cpu"

static void a_bad_machine_is_told(void **state)
{
	json_t *d;

	fake_file(CPU "/cpufreq/policy0/scaling_governor", "powersave");
	fake_file(CPU "/cpufreq/policy1/scaling_governor", "performance");
	fake_file(CPU "/intel_pstate/no_turbo", "0");
	fake_file(CPU "/cpu0/cpuidle/state0/latency", "0");
	fake_file(CPU "/cpu0/cpuidle/state1/latency", "2");
	fake_file(CPU "/cpu0/cpuidle/state2/latency", "133");
	fake_file(CPU "/cpu0/cpuidle/state2/name", "C6");
	fake_file(CPU "/smt/active", "1");
	fake_file(CPU "/cpu0/topology/thread_siblings_list", "0,4");
	fake_file("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet");
	fake_file("/sys/fs/cgroup/cpu.stat", "usage_usec 5\nnr_throttled 7");
	fake_file("/proc/sys/net/core/bpf_jit_enable", "0");
	fake_file("/proc/sys/net/core/rps_sock_flow_entries", "32768");
	fake_file("/proc/sys/kernel/io_uring_disabled", "2");
	fake_file("/proc/77/comm", "irqbalance");
	fake_file("/proc/loadavg", "3.20 1.00 0.50 2/300 4711");
	fake_file("/proc/sys/net/netfilter/nf_conntrack_count", "12");
	fake_file("/proc/net/packet",
		"sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"
		"0000000000000000 3      3    0003   2     1 0      0      999999999\n"
		"0000000000000000 3      3    88cc   2     1 0      0      5");
	d = examine(NULL, 0);
	assert_found(d, "governor", "warn", "powersave on 1 of 2", "governor", "performance");
	assert_found(d, "turbo", "warn", "on", NULL, NULL);
	assert_found(
		d, "c-states", "warn", "down to C6, which takes 133 us", "cstate_latency", "2us");
	assert_found(d, "smt", "warn", "threads are CPUs 0,4", NULL, NULL);
	assert_found(d, "clocksource", "bad", "hpet", NULL, NULL);
	assert_found(d, "quota", "bad", "throttled 7 times", NULL, NULL);
	assert_found(d, "bpf jit", "bad", "= 0", "sysctl.net.core.bpf_jit_enable", "1");
	assert_found(d, "rfs", "warn", "32768", "sysctl.net.core.rps_sock_flow_entries", "0");
	assert_found(d, "io_uring", "warn", "= 2", "sysctl.kernel.io_uring_disabled", "0");
	assert_found(d, "irqbalance", "warn", "process 77", NULL, NULL);
	assert_found(d, "load", "warn", "3.20", NULL, NULL);
	assert_found(d, "netfilter", "warn", "connections are tracked", NULL, NULL);
	assert_found(d, "taps", "warn", "1", NULL, NULL);
	/* nothing was measured */
	assert_found(d, "interrupts", "unknown", "not told", NULL, NULL);
	json_decref(d);
}

static void a_good_machine_is_told_too(void **state)
{
	json_t *d;

	fake_file(CPU "/cpufreq/policy0/scaling_governor", "performance");
	fake_file(CPU "/cpufreq/boost", "0");
	fake_file(CPU "/cpu0/cpuidle/state0/latency", "0");
	fake_file(CPU "/cpu0/cpuidle/state1/latency", "133");
	fake_file(CPU "/cpu0/cpuidle/state1/disable", "1");
	fake_file(CPU "/smt/active", "0");
	fake_file(CPU "/isolated", "2-3");
	fake_file("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc");
	fake_file("/sys/fs/cgroup/cpu.stat", "nr_throttled 0");
	fake_file("/proc/sys/net/core/bpf_jit_enable", "1");
	fake_file("/proc/loadavg", "0.02 1.00 0.50 2/300 4711");
	fake_file("/proc/net/packet", "sk RefCnt Type Proto Iface R Rmem User Inode");
	d = examine(NULL, 0);
	assert_found(d, "governor", "good", "performance on 1 of 1", NULL, NULL);
	assert_found(d, "turbo", "good", "off", NULL, NULL);
	assert_found(d, "c-states", "good", "takes 0 us", NULL, NULL);
	assert_found(d, "smt", "good", "off", NULL, NULL);
	assert_found(d, "isolation", "good", "2-3", NULL, NULL);
	assert_found(d, "clocksource", "good", "tsc", NULL, NULL);
	assert_found(d, "quota", "good", "never", NULL, NULL);
	assert_found(d, "irqbalance", "good", "isn't seen", NULL, NULL);
	assert_found(d, "load", "good", "0.02", NULL, NULL);
	assert_found(d, "taps", "good", "0", NULL, NULL);
	json_decref(d);
}

/* No machine at all: unknown is not good, and nothing is made up. */
static void what_is_not_told_is_unknown(void **state)
{
	static const char *const checks[] = {"governor", "turbo", "c-states", "smt", "caches",
		"isolation", "quota", "clocksource", "bpf jit", "io_uring", "taps", "load",
		"mitigations"};
	json_t *d = examine(NULL, 0);

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		assert_string_equal(
			json_string_value(json_object_get(find(d, checks[i]), "verdict")),
			"unknown");
	json_decref(d);
}

static void each_finding_is_whole(void **state)
{
	json_t *d = examine(have_namespace ? "lo" : NULL, 20000000);
	const json_t *finding;
	char canonical[CB_TUNING_VALUE_MAX];
	size_t i;

	assert_true(json_array_size(json_object_get(d, "findings")) >= 30);
	json_array_foreach(json_object_get(d, "findings"), i, finding)
	{
		const char *setting = json_string_value(json_object_get(finding, "setting"));

		assert_true(*json_string_value(json_object_get(finding, "why")));
		assert_true(*json_string_value(json_object_get(finding, "read")));
		if (setting)
			assert_int_equal(
				cb_tuning_check(setting,
					json_string_value(json_object_get(finding, "value")),
					canonical, NULL),
				0);
	}
	json_decref(d);
}

/* The counts of /proc/interrupts, 50 ms apart: the file is rewritten meanwhile by a child. */
static void a_storm_is_measured(void **state)
{
	static const char *const before =
		"           CPU0       CPU1\n"
		" 40:       1000          0 PCI-MSIX-0000:00:03.0   1-edge      eth9-rx-0\n"
		" 41:          5          5 PCI-MSIX-0000:00:04.0   1-edge      disk\n"
		"LOC:   11126016   10053977   Local timer interrupts";
	static const char *const after =
		"           CPU0       CPU1\n"
		" 40:     101000       5000 PCI-MSIX-0000:00:03.0   1-edge      eth9-rx-0\n"
		" 41:          6          5 PCI-MSIX-0000:00:04.0   1-edge      disk\n"
		"LOC:  911126016  910053977   Local timer interrupts";
	pid_t child;
	json_t *d;

	fake_file("/proc/interrupts", before);
	child = fork();
	if (!child) {
		usleep(100000);
		fake_file("/proc/interrupts", after);
		_exit(0);
	}
	d = examine(NULL, 400000000);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_found(d, "interrupts", "bad", "of interrupt 40 (eth9-rx-0)", NULL, NULL);
	json_decref(d);
	d = examine(NULL, 20000000);
	assert_found(d, "interrupts", "good", "0/s", NULL, NULL);
	json_decref(d);
}

static void lines_of_interrupts(void **state)
{
	static const char *const text =
		"           CPU0       CPU1       \n"
		" 24:          1          0  IO-APIC   5-edge      ACPI:Ged\n"
		" 41:      11611          3 PCI-MSIX-0000:00:04.0   1-edge      virtio3-rx\n"
		"LOC:   11126016   10053977   Local timer interrupts\n"
		"ERR:          7\n";
	struct cb_interrupt list[8];

	assert_int_equal(cb_interrupts_parse(text, list, 8), 4);
	assert_string_equal(list[1].name, "41");
	assert_int_equal(list[1].count, 11614);
	assert_string_equal(cb_interrupt_action(&list[1]), "virtio3-rx");
	assert_string_equal(list[2].name, "LOC");
	assert_int_equal(list[2].count, 21179993);
	assert_string_equal(list[3].name, "ERR");
	assert_int_equal(list[3].count, 7);
	assert_string_equal(list[3].what, "");
	assert_int_equal(cb_interrupts_parse(text, list, 2), 2);
	assert_int_equal(cb_interrupts_parse("", list, 2), 0);
}

static void a_port_of_this_machine_is_told(void **state)
{
	static const struct cb_veth_spec spec = {
		.name = "dv", .peer = "dw", .mac = {2, 1}, .peer_mac = {2, 2}, .queues = 2};
	struct cb_doctor_options options = {.interfaces = {"dv"}, .n_interfaces = 1};
	json_t *d;

	if (!have_namespace)
		skip();
	assert_int_equal(cb_link_create_veth(&spec, NULL), 0);
	assert_int_equal(cb_link_feature("dv", "rx-gro", true, NULL), 0);
	d = cb_doctor(&options, NULL);
	assert_non_null(d);
	assert_found(d, "link", "bad", "no carrier", NULL, NULL);
	assert_found(d, "gro", "warn", "on", "offload.gro", "off");
	assert_found(d, "queues", "warn", "2 of 2", "channels.rx", "1");
	assert_found(d, "tso", "note", "on", NULL, NULL);
	assert_found(d, "rps", "good", "0 of 2 queues", NULL, NULL);
	/* what a veth has not */
	assert_found(d, "rss", "unknown", "doesn't tell", NULL, NULL);
	assert_found(d, "eee", "good", "the driver has none", NULL, NULL);
	json_decref(d);
	cb_link_delete("dv", NULL);
}

#define QUEUES "/sys/class/net/dv/queues"

/* The port is there, its queues are made up. */
static void who_sends_by_which_queue(void **state)
{
	static const struct cb_veth_spec spec = {
		.name = "dv", .peer = "dw", .mac = {2, 1}, .peer_mac = {2, 2}};
	json_t *d;

	if (!have_namespace)
		skip();
	assert_int_equal(cb_link_create_veth(&spec, NULL), 0);
	d = examine("dv", 0);
	assert_found(d, "xps", "good", "one queue", NULL, NULL);
	json_decref(d);
	fake_file(QUEUES "/tx-0/xps_cpus", "00000000,00000000");
	fake_file(QUEUES "/tx-1/xps_cpus", "00000000,00000000");
	fake_file(QUEUES "/rx-0/rps_cpus", "3");
	d = examine("dv", 0);
	assert_found(d, "xps", "note", "off: the hash of a flow chooses among 2", NULL, NULL);
	assert_found(d, "rps", "warn", "1 of 1 queues (rx-0: mask 3)", "rps", "off");
	json_decref(d);
	fake_file(QUEUES "/tx-1/xps_cpus", "00000000,00000002");
	d = examine("dv", 0);
	assert_found(d, "xps", "note", "1 of 2 queues", NULL, NULL);
	json_decref(d);
	cb_link_delete("dv", NULL);
}

static void a_port_that_is_not_there_is_an_error(void **state)
{
	struct cb_doctor_options options = {.interfaces = {"nope9"}, .n_interfaces = 1};
	struct cb_error err = {0};

	assert_null(cb_doctor(&options, &err));
	assert_int_equal(err.code, CB_ERR_USAGE);
	assert_says(err.text, "nope9");
}

int main(void)
{
#define FAKE(test) cmocka_unit_test_setup_teardown(test, fake_make, fake_remove)
	const struct CMUnitTest tests[] = {
		FAKE(a_bad_machine_is_told),
		FAKE(a_good_machine_is_told_too),
		FAKE(what_is_not_told_is_unknown),
		FAKE(each_finding_is_whole),
		FAKE(a_storm_is_measured),
		cmocka_unit_test(lines_of_interrupts),
		cmocka_unit_test(a_port_of_this_machine_is_told),
		FAKE(who_sends_by_which_queue),
		cmocka_unit_test(a_port_that_is_not_there_is_an_error),
	};

	have_namespace = !netns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
