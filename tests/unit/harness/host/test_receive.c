#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/host/host.h"
#include "harness/host/napi_threads.h"
#include "harness/net/link.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/host/pair.h"
#include "tests/unit/harness/net/netns.h"

static bool have_namespace, real_root;

static int make_pair(void **state)
{
	if (!have_namespace)
		return 0;
	return pair_make(0) || cb_link_tso("va", false, NULL) || pair_run();
}

static int remove_pair(void **state)
{
	return have_namespace ? pair_remove() : 0;
}

static void need_namespace(void)
{
	if (!have_namespace)
		skip();
}

static void need_root(void)
{
	if (!have_namespace || !real_root)
		skip();
}

static int last_cpu(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
}

static void set(enum cb_receive_mode mode, int cpu, bool napi)
{
	struct cb_receive want = {.mode = mode, .cpu = cpu, .napi = napi};
	struct cb_error err = {0};

	if (cb_receive_set("vb", &want, &err))
		fail_msg("%s", err.text);
}

static int refused(enum cb_receive_mode mode, int cpu, struct cb_error *err)
{
	struct cb_receive want = {.mode = mode, .cpu = cpu};

	memset(err, 0, sizeof(*err));
	return cb_receive_set("vb", &want, err);
}

static void sys_is(const char *file, const char *text)
{
	char path[128], line[256];

	snprintf(path, sizeof(path), "/sys/class/net/vb/%s", file);
	assert_int_equal(cb_file_read_line(path, line, sizeof(line), NULL), 0);
	assert_string_equal(line, text);
}

static void gro_is(bool want)
{
	bool on = !want;

	assert_int_equal(cb_link_feature_read("vb", "rx-gro", &on, NULL), 0);
	assert_int_equal(on, want);
}

static void send_frames(unsigned n)
{
	uint8_t frame[60] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	to.sll_ifindex = (int)if_nametoindex("va");
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	for (unsigned i = 0; i < n; i++)
		(void)!send(fd, frame, sizeof(frame), 0);
	close(fd);
}

static void softirq_leaves_veth_without_napi(void **state)
{
	need_namespace();
	set(CB_RECEIVE_SOFTIRQ, -1, false);
	gro_is(false);
	sys_is("threaded", "0");
	assert_true(cb_receive_thread_ns("vb") == CB_UNKNOWN);
	set(CB_RECEIVE_SOFTIRQ, -1, true);
	gro_is(true);
	assert_true(cb_receive_thread_ns("vb") == CB_UNKNOWN);
	set(CB_RECEIVE_SOFTIRQ, -1, false);
	gro_is(false);
}

static void rps_steers_and_goes_away(void **state)
{
	char mask[32];

	need_root();
	snprintf(mask, sizeof(mask), "%x", 1U << last_cpu());
	set(CB_RECEIVE_RPS, last_cpu(), false);
	sys_is("queues/rx-0/rps_cpus", mask);
	set(CB_RECEIVE_RPS, last_cpu(), false);
	sys_is("queues/rx-0/rps_cpus", mask);
	set(CB_RECEIVE_RPS, -1, false);
	sys_is("queues/rx-0/rps_cpus", "0");
	set(CB_RECEIVE_RPS, 0, true);
	sys_is("queues/rx-0/rps_cpus", "1");
	gro_is(true);
	set(CB_RECEIVE_SOFTIRQ, -1, false);
	sys_is("queues/rx-0/rps_cpus", "0");
	gro_is(false);
}

static void rps_without_root_says_so(void **state)
{
	struct cb_error err;

	need_namespace();
	if (real_root)
		skip();
	assert_int_equal(refused(CB_RECEIVE_RPS, 0, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "real root"));
	assert_non_null(strstr(err.text, "rps on vb"));
	sys_is("queues/rx-0/rps_cpus", "0");
}

static void a_thread_is_pinned_and_works(void **state)
{
	pid_t pids[CB_NAPI_THREADS_MAX];
	cpu_set_t affinity;
	size_t n = 0;
	int64_t before;

	need_root();
	set(CB_RECEIVE_THREADED, last_cpu(), false);
	gro_is(true);
	sys_is("threaded", "1");
	assert_int_equal(cb_napi_threads("vb", pids, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(sched_getaffinity(pids[0], sizeof(affinity), &affinity), 0);
	assert_int_equal(CPU_COUNT(&affinity), 1);
	assert_true(CPU_ISSET(last_cpu(), &affinity));
	before = cb_receive_thread_ns("vb");
	assert_true(before >= 0);
	for (int i = 0; i < 200 && cb_receive_thread_ns("vb") == before; i++) {
		send_frames(100);
		cb_sleep_until(cb_deadline_in(CB_NS_PER_MS));
	}
	assert_true(cb_receive_thread_ns("vb") > before);
	set(CB_RECEIVE_THREADED, -1, false);
	assert_int_equal(sched_getaffinity(pids[0], sizeof(affinity), &affinity), 0);
	assert_int_equal(CPU_COUNT(&affinity), sysconf(_SC_NPROCESSORS_ONLN));
	set(CB_RECEIVE_SOFTIRQ, -1, false);
	sys_is("threaded", "0");
	gro_is(false);
	assert_true(cb_receive_thread_ns("vb") == CB_UNKNOWN);
}

static void an_unpinned_thread_needs_no_root(void **state)
{
	struct cb_error err;

	need_namespace();
	set(CB_RECEIVE_THREADED, -1, false);
	assert_true(cb_receive_thread_ns("vb") >= 0);
	if (!real_root && last_cpu() > 0) {
		assert_int_equal(refused(CB_RECEIVE_THREADED, 0, &err), CB_ERR_IMPOSSIBLE);
		assert_non_null(strstr(err.text, "pinned without real root"));
	}
	set(CB_RECEIVE_SOFTIRQ, -1, false);
}

/* GRO was switched off by someone else: the device has no NAPI any more, but is still threaded. */
static void threads_are_switched_off_without_a_napi(void **state)
{
	need_namespace();
	set(CB_RECEIVE_THREADED, -1, false);
	assert_int_equal(cb_link_feature("vb", "rx-gro", false, NULL), 0);
	set(CB_RECEIVE_SOFTIRQ, -1, false);
	sys_is("threaded", "0");
	gro_is(false);
	set(CB_RECEIVE_SOFTIRQ, -1, true);
	assert_true(cb_receive_thread_ns("vb") == CB_UNKNOWN);
}

static void what_cannot_be_is_named(void **state)
{
	struct cb_error err;

	need_namespace();
	assert_int_equal(refused(CB_RECEIVE_RPS, CB_HOST_CPUS_MAX - 1, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "no CPU 255"));
	assert_int_equal(cb_link_down("vb", NULL), 0);
	assert_int_equal(refused(CB_RECEIVE_THREADED, -1, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "vb is down"));
}

/* lo is there in every namespace, but has no NAPI. */
static void a_device_without_napi_cannot_be_threaded(void **state)
{
	struct cb_receive want = {.mode = CB_RECEIVE_THREADED, .cpu = -1};
	struct cb_error err = {0};

	need_namespace();
	assert_int_equal(cb_link_up("lo", NULL), 0);
	assert_int_equal(cb_receive_set("lo", &want, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "lo has no NAPI"));
}

static int child_with_foreign_sys(void)
{
	static const struct cb_veth_spec spec = {.name = "vx",
		.peer = "vy",
		.mac = {2, 0, 0, 0, 0, 1},
		.peer_mac = {2, 0, 0, 0, 0, 2}};
	struct cb_receive want = {.mode = CB_RECEIVE_SOFTIRQ, .cpu = -1};
	struct cb_error err = {0};

	if (unshare(CLONE_NEWNET) || cb_link_create_veth(&spec, NULL))
		return 1;
	if (cb_receive_set("vx", &want, &err) != CB_ERR_IMPOSSIBLE)
		return 2;
	return strstr(err.text, "/sys must be mounted anew") ? 0 : 3;
}

static void a_sys_of_another_namespace_is_noticed(void **state)
{
	int status = -1;
	pid_t pid;

	need_namespace();
	pid = fork();
	if (!pid)
		_exit(child_with_foreign_sys());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A namesake of our veth in another namespace, with a NAPI thread of its own; waits to be killed.
 */
static pid_t namesake(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
			mount("sysfs", "/sys", "sysfs", 0, NULL) || make_pair(NULL))
			_exit(1);
		set(CB_RECEIVE_THREADED, -1, false);
		if (write(ready[1], "1", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void a_namesake_s_thread_is_not_ours(void **state)
{
	pid_t pids[CB_NAPI_THREADS_MAX], named[CB_NAPI_THREADS_MAX], other;
	struct cb_error err = {0};
	size_t n = 0, n_named = 0;
	int r;

	need_namespace();
	set(CB_RECEIVE_THREADED, -1, false);
	r = cb_napi_threads_by_name("vb", named, &n_named, &err);
	/* Other tests on this host may have a vb too. */
	if (r == CB_ERR_IMPOSSIBLE)
		skip();
	assert_int_equal(r, 0);
	assert_int_equal(n_named, 1);
	other = namesake();
	r = cb_napi_threads("vb", pids, &n, NULL);
	assert_int_equal(cb_napi_threads_by_name("vb", named, &n_named, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "more than one interface"));
	netns_end_child(other);
	if (!r) {
		assert_int_equal(n, 1);
		set(CB_RECEIVE_SOFTIRQ, -1, false);
		assert_int_equal(cb_napi_threads("vb", pids, &n, NULL), 0);
		assert_int_equal(n, 0);
	}
}

static void threads_are_told_by_name(void **state)
{
	static const struct {
		const char *comm, *interface;
		bool is;
	} cases[] = {
		{"napi/vb-258", "vb", true},
		{"napi/vb-", "vb", false},
		{"napi/vb-258x", "vb", false},
		{"napi/vb-2-3", "vb", false},
		{"napi/vb-2-3", "vb-2", true},
		{"napi/vbb-258", "vb", false},
		{"vb-258", "vb", false},
		/* whole names of Linux 5.17 */
		{"napi/enp129s0f0np0-8201", "enp129s0f0np0", true},
		/* cut to 15 characters before */
		{"napi/enp129s0f0", "enp129s0f0np0", true},
		{"napi/enp129s0f1", "enp129s0f0np0", false},
		{"napi/enp129s0-", "enp129s0", false},
		{"napi/enp129s0f-", "enp129s0f", true},
		{"napi/enp1", "enp129s0f0np0", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cb_napi_thread_is(cases[i].comm, cases[i].interface), cases[i].is);
}

static void a_thread_that_is_not_seen_is_not_denied(void **state)
{
	struct cb_error err = {0};

	assert_int_equal(cb_napi_threads_none("vb", true, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "made no NAPI thread for vb"));
	assert_int_equal(cb_napi_threads_none("vb", false, &err), CB_ERR_IMPOSSIBLE);
	assert_null(strstr(err.text, "made no"));
	assert_non_null(strstr(err.text, "PID namespace"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_are_told_by_name),
		cmocka_unit_test(a_thread_that_is_not_seen_is_not_denied),
		cmocka_unit_test_setup_teardown(
			softirq_leaves_veth_without_napi, make_pair, remove_pair),
		cmocka_unit_test_setup_teardown(rps_steers_and_goes_away, make_pair, remove_pair),
		cmocka_unit_test_setup_teardown(rps_without_root_says_so, make_pair, remove_pair),
		cmocka_unit_test_setup_teardown(
			a_thread_is_pinned_and_works, make_pair, remove_pair),
		cmocka_unit_test_setup_teardown(
			an_unpinned_thread_needs_no_root, make_pair, remove_pair),
		cmocka_unit_test_setup_teardown(
			threads_are_switched_off_without_a_napi, make_pair, remove_pair),
		cmocka_unit_test_setup_teardown(
			a_namesake_s_thread_is_not_ours, make_pair, remove_pair),
		cmocka_unit_test_setup_teardown(what_cannot_be_is_named, make_pair, remove_pair),
		cmocka_unit_test(a_device_without_napi_cannot_be_threaded),
		cmocka_unit_test(a_sys_of_another_namespace_is_noticed),
	};
	int r;

	real_root = netns_real_root();
	r = netns_enter();
	have_namespace = !r;
	if (r)
		print_message(
			"no network namespace here (%s): most tests are skipped\n", strerror(-r));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
