#include "harness/base/json.h"
#include "harness/host/procfs.h"

#include <math.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define TICK 10000000 /* ns; USER_HZ 100 */

static struct cb_host_counters c;
static struct cb_error err;

static int clear(void **state)
{
	memset(&c, 0, sizeof(c));
	memset(&err, 0, sizeof(err));
	return 0;
}

static void stat_gives_stolen_time_by_cpu(void **state)
{
	/* CPU 1 is offline: it has no line. */
	static const char text[] = "cpu  2393 0 1537 301915 1095 0 57 3664 0 0\n"
				   "cpu0 868 0 630 151951 49 0 25 1757 0 0\n"
				   "cpu2 1525 0 907 149963 1046 0 32 1907 0 0\n"
				   "intr 188623 0 1 2\n"
				   "cpu9 is not a CPU down here 1 2 3 4 5 6 7 8\n";

	assert_int_equal(cb_proc_stat(text, TICK, &c, &err), 0);
	assert_int_equal(c.n_cpus, 3);
	assert_true(c.cpu[0].online && !c.cpu[1].online && c.cpu[2].online);
	assert_true(c.cpu[0].steal_ns == INT64_C(17570000000));
	assert_true(c.cpu[2].steal_ns == INT64_C(19070000000));
	/* lines 0, 1 and 2, not the sum, which has timers and calls among CPUs, too */
	assert_true(c.interrupts == 3);
}

static void stat_without_interrupts_tells_none(void **state)
{
	assert_int_equal(cb_proc_stat("cpu0 1 2 3 4 5 6 7 8\nctxt 5\n", TICK, &c, &err), 0);
	assert_true(c.interrupts == CB_UNKNOWN);
	assert_int_equal(cb_proc_stat("cpu0 1 2 3 4 5 6 7 8\nintr 5\n9 9\n", TICK, &c, &err), 0);
	assert_true(c.interrupts == 0);
}

static void stat_that_says_too_little_is_refused(void **state)
{
	assert_int_equal(cb_proc_stat("", TICK, &c, &err), CB_ERR_IMPOSSIBLE);
	assert_int_equal(cb_proc_stat("cpu 1 2\n", TICK, &c, &err), CB_ERR_IMPOSSIBLE);
	/* Seven numbers: a kernel without stolen time. The next line does not stand in for it. */
	assert_int_equal(
		cb_proc_stat("cpu0 1 2 3 4 5 6 7\n8 9 10\n", TICK, &c, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "CPU 0"));
	assert_int_equal(
		cb_proc_stat("cpu256 1 2 3 4 5 6 7 8\n", TICK, &c, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "CPU 256"));
}

static void softnet_goes_by_cpu_number(void **state)
{
	/* Linux 6.12, CPU 1 offline; all sixteen columns differ where they matter. */
	static const char text[] =
		"00000015 00000001 00000002 00000000 00000000 00000000 00000000 00000000 00000000 "
		"00000003 00000000 00000004 00000000 00000004 00000000\n"
		"ffffffff 0000000a 0000000b 00000000 00000000 00000000 00000000 00000000 00000000 "
		"0000000c 00000000 0000000d 00000002 00000000 0000000d\n";

	c.cpu[0].online = c.cpu[2].online = true;
	c.n_cpus = 3;
	assert_int_equal(cb_proc_softnet(text, &c, &err), 0);
	assert_true(c.backlog_known);
	assert_int_equal(c.cpu[0].processed, 0x15);
	assert_int_equal(c.cpu[0].dropped, 1);
	assert_int_equal(c.cpu[0].squeezed, 2);
	assert_int_equal(c.cpu[0].rps, 3);
	assert_int_equal(c.cpu[0].backlog, 4);
	assert_int_equal(c.cpu[1].processed, 0);
	assert_true(c.cpu[2].processed == UINT32_MAX);
	assert_int_equal(c.cpu[2].dropped, 10);
	assert_int_equal(c.cpu[2].squeezed, 11);
	assert_int_equal(c.cpu[2].rps, 12);
	assert_int_equal(c.cpu[2].backlog, 13);
}

static void old_softnet_goes_by_line(void **state)
{
	/* Linux 5.4: eleven columns, CPU 1 offline. */
	static const char text[] =
		"00000001 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
		"00000000 00000000\n"
		"00000002 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
		"00000000 00000000\n";

	c.cpu[0].online = c.cpu[2].online = true;
	c.n_cpus = 3;
	assert_int_equal(cb_proc_softnet(text, &c, &err), 0);
	assert_false(c.backlog_known);
	assert_int_equal(c.cpu[0].processed, 1);
	assert_int_equal(c.cpu[1].processed, 0);
	assert_int_equal(c.cpu[2].processed, 2);
}

static void softnet_that_makes_no_sense_is_refused(void **state)
{
	assert_int_equal(cb_proc_softnet("1 2 3\n", &c, &err), CB_ERR_IMPOSSIBLE);
	assert_int_equal(cb_proc_softnet("hello\n", &c, &err), CB_ERR_IMPOSSIBLE);
	/* CPU ffff */
	assert_int_equal(
		cb_proc_softnet("1 2 3 0 0 0 0 0 0 1 0 0 ffff\n", &c, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "65535"));
}

static void cpuinfo_of_a_pc(void **state)
{
	/* Two packages, two cores each, two threads a core; core numbers repeat in each package. */
	static const char text[] =
		"processor\t: 0\nmodel name\t: Some CPU @ 2.50GHz\ncpu MHz\t\t: 2500.008\n"
		"physical id\t: 0\ncore id\t\t: 0\ncpu cores\t: 2\nflags\t\t: fpu hypervisor lm\n\n"
		"processor\t: 1\nmodel name\t: Another\ncpu MHz\t\t: 800.000\nphysical id\t: 0\n"
		"core id\t\t: 1\n\nprocessor\t: 2\nphysical id\t: 0\ncore id\t\t: 0\n\n"
		"processor\t: 3\nphysical id\t: 1\ncore id\t\t: 0\n\nprocessor\t: 4\n"
		"physical id\t: 1\ncore id\t\t: 1\n";
	struct cb_cpu_facts f;

	cb_proc_cpuinfo(text, &f);
	assert_string_equal(f.model, "Some CPU @ 2.50GHz");
	assert_true(fabs(f.mhz - 2500.008) < 1e-6);
	assert_int_equal(f.cores, 4);
	assert_int_equal(f.hypervisor, 1);
}

static void flags_are_whole_words(void **state)
{
	struct cb_cpu_facts f;

	cb_proc_cpuinfo("flags\t\t: fpu hypervisors nohypervisor\nvmx flags\t: hypervisor\n", &f);
	assert_int_equal(f.hypervisor, 0);
}

static void cpuinfo_of_another_machine_leaves_things_open(void **state)
{
	struct cb_cpu_facts f;

	/* arm64 */
	cb_proc_cpuinfo("processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\n", &f);
	assert_string_equal(f.model, "");
	assert_true(isnan(f.mhz));
	assert_int_equal(f.cores, 0);
	assert_int_equal(f.hypervisor, -1);
	cb_proc_cpuinfo("", &f);
	assert_int_equal(f.hypervisor, -1);
}

static void memory_is_in_bytes(void **state)
{
	assert_true(cb_proc_meminfo("MemTotal:       24684096 kB\nMemFree: 1 kB\n") ==
		INT64_C(25276514304));
	assert_true(cb_proc_meminfo("MemFree: 1 kB\n") == CB_UNKNOWN);
}

static void config_tells_unset_from_unsaid(void **state)
{
	static const char text[] = "# Linux\nCONFIG_HZ_250=y\n# CONFIG_HZ_100 is not set\n"
				   "CONFIG_HZ=250\nCONFIG_CC_VERSION_TEXT=\"gcc 12\"\n";
	char value[16];

	assert_true(cb_proc_config(text, "CONFIG_HZ", value, sizeof(value)));
	assert_string_equal(value, "250");
	assert_true(cb_proc_config(text, "CONFIG_HZ_100", value, sizeof(value)));
	assert_string_equal(value, "n");
	assert_false(cb_proc_config(text, "CONFIG_H", value, sizeof(value)));
	assert_false(cb_proc_config(text, "CONFIG_HZ_1000", value, sizeof(value)));
	assert_false(cb_proc_config("", "CONFIG_HZ", value, sizeof(value)));
}

static void the_last_boot_parameter_counts(void **state)
{
	static const char text[] =
		"quiet mitigations=auto,nosmt xmitigations=no isolcpus= mitigations=off\n";
	char value[32];

	assert_true(cb_proc_cmdline(text, "mitigations", value, sizeof(value)));
	assert_string_equal(value, "off");
	assert_true(cb_proc_cmdline(text, "isolcpus", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_false(cb_proc_cmdline(text, "quiet", value, sizeof(value)));
	assert_false(cb_proc_cmdline(text, "nohz_full", value, sizeof(value)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(stat_gives_stolen_time_by_cpu, clear),
		cmocka_unit_test_setup(stat_without_interrupts_tells_none, clear),
		cmocka_unit_test_setup(stat_that_says_too_little_is_refused, clear),
		cmocka_unit_test_setup(softnet_goes_by_cpu_number, clear),
		cmocka_unit_test_setup(old_softnet_goes_by_line, clear),
		cmocka_unit_test_setup(softnet_that_makes_no_sense_is_refused, clear),
		cmocka_unit_test(cpuinfo_of_a_pc),
		cmocka_unit_test(flags_are_whole_words),
		cmocka_unit_test(cpuinfo_of_another_machine_leaves_things_open),
		cmocka_unit_test(memory_is_in_bytes),
		cmocka_unit_test(config_tells_unset_from_unsaid),
		cmocka_unit_test(the_last_boot_parameter_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
