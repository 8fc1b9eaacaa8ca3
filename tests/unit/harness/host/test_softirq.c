#include "harness/base/clock.h"
#include "harness/base/process.h"
#include "harness/host/bpf/softirq_maps.h"
#include "harness/host/host.h"
#include "harness/host/kconfig.h"
#include "harness/host/procfs.h"
#include "harness/host/softirq.h"
#include "harness/host/softirq_state.h"
#include "harness/net/link.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/host/pair.h"
#include "tests/unit/harness/net/netns.h"

#define FRAMES 5000

static struct cb_softirq *softirq; /* NULL: no privilege */
static bool have_namespace, real_root;

static int make_pair(void **state)
{
	return softirq && have_namespace && (pair_make(0) || pair_run());
}

static int remove_pair(void **state)
{
	return softirq && have_namespace ? pair_remove() : 0;
}

static void need_privilege(void)
{
	if (!softirq || !have_namespace)
		skip();
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

/* A child that does nothing but compute, on one CPU. */
static pid_t spinner(int cpu)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (cb_process_pin(cpu, NULL))
		_exit(1);
	for (volatile unsigned long n = 0;; n++)
		;
}

static int64_t of(pid_t pid)
{
	struct cb_error err = {0};
	int64_t ns = -1;

	if (cb_softirq_of(softirq, pid, &ns, &err))
		fail_msg("%s", err.text);
	return ns;
}

static int64_t net_rx(void)
{
	int64_t ns = -1;

	assert_int_equal(cb_softirq_net_rx(softirq, &ns, NULL), 0);
	return ns;
}

/* On veth the frame is received when the send leaves the network code: on the sender's time. */
static void an_inline_receive_path_is_the_senders(void **state)
{
	struct cb_softirq_total before, after;
	int64_t mine = 0, all = 0, cpu;
	uint64_t begun = 0;
	bool within = false;

	need_privilege();
	assert_int_equal(cb_softirq_watch(softirq, getpid(), NULL), 0);
	assert_int_equal(cb_softirq_total(softirq, CB_SOFTIRQ_NET_RX, &before, NULL), 0);
	/* Time that a hypervisor stole in a softirq is in the one, not in the other: so it gets
	 * several chances. */
	for (int i = 0; i < 10 && !within; i++) {
		mine = of(getpid());
		all = net_rx();
		cpu = (int64_t)cb_process_cpu_ns();
		begun = cb_now_ns();
		send_frames(FRAMES);
		mine = of(getpid()) - mine;
		all = net_rx() - all;
		cpu = (int64_t)cb_process_cpu_ns() - cpu;
		within = cb_softirq_kernel_accounts(softirq) == 1 || mine <= cpu;
	}
	assert_int_equal(cb_softirq_total(softirq, CB_SOFTIRQ_NET_RX, &after, NULL), 0);
	assert_true(mine > 0 && all > 0);
	assert_true(after.count - before.count >= FRAMES);
	/* Below 10 ns a frame nothing was received; and no more than all of the time can be it. */
	assert_true(mine >= FRAMES * INT64_C(10));
	assert_true((uint64_t)mine <= cb_now_ns() - begun);
	assert_true(within);
	assert_int_equal(cb_softirq_unwatch(softirq, getpid(), NULL), 0);
}

/* Softirq time that a process on CPU 1 loses while frames are sent from CPU 0. */
static int64_t lost_to_frames(const struct cb_receive *receive, pid_t pid)
{
	struct cb_error err = {0};

	if (cb_receive_set("vb", receive, &err))
		fail_msg("%s", err.text);
	assert_int_equal(cb_softirq_watch(softirq, pid, NULL), 0);
	for (int i = 0; i < 10; i++) {
		send_frames(FRAMES / 10);
		cb_sleep_until(cb_deadline_in(CB_NS_PER_MS));
	}
	return of(pid);
}

/* Steered to another core the receive path interrupts who runs there. (The sender has softirqs of
 * its own then, which wake the other core.) */
static void a_steered_receive_path_is_the_interrupted_process_s(void **state)
{
	const struct cb_receive rps = {.mode = CB_RECEIVE_RPS, .cpu = 1};
	const struct cb_receive inline_ = {.mode = CB_RECEIVE_SOFTIRQ, .cpu = -1};
	int64_t steered = 0, unsteered = 0;
	cpu_set_t before;
	pid_t pid;

	need_privilege();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(cb_process_pin(0, NULL), 0);
	pid = spinner(1);
	assert_true(pid > 0);
	/* Where another process had the core, that one was interrupted: tried again. */
	for (int i = 0; i < 20; i++) {
		steered = lost_to_frames(&rps, pid);
		unsteered = lost_to_frames(&inline_, pid);
		if (steered >= FRAMES * INT64_C(10) && steered > 2 * unsteered)
			break;
	}
	assert_int_equal(cb_softirq_unwatch(softirq, pid, NULL), 0);
	netns_end_child(pid);
	sched_setaffinity(0, sizeof(before), &before);
	assert_true(steered >= FRAMES * INT64_C(10));
	assert_true(steered > 2 * unsteered);
}

static void watching_starts_from_nothing(void **state)
{
	need_privilege();
	assert_int_equal(cb_softirq_watch(softirq, getpid(), NULL), 0);
	send_frames(FRAMES);
	assert_true(of(getpid()) >= FRAMES * INT64_C(10));
	assert_int_equal(cb_softirq_watch(softirq, getpid(), NULL), 0);
	assert_true(of(getpid()) < FRAMES * INT64_C(10));
	assert_int_equal(cb_softirq_unwatch(softirq, getpid(), NULL), 0);
}

static void who_is_not_watched_is_an_error(void **state)
{
	struct cb_error err = {0};
	int64_t ns;

	need_privilege();
	assert_int_equal(cb_softirq_of(softirq, getpid(), &ns, &err), CB_ERR_INTERNAL);
	assert_non_null(strstr(err.text, "not watched"));
	assert_int_equal(cb_softirq_unwatch(softirq, getpid(), &err), CB_ERR_INTERNAL);
}

static void sixty_four_can_be_watched(void **state)
{
	struct cb_error err = {0};
	int n = 0, r;

	need_privilege();
	/* Numbers above any process (PID_MAX_LIMIT is 2^22). */
	while (!(r = cb_softirq_watch(softirq, (1 << 22) + 1 + n, &err)) && n <= CB_SOFTIRQ_WATCHED)
		n++;
	for (int i = 0; i < n; i++)
		assert_int_equal(cb_softirq_unwatch(softirq, (1 << 22) + 1 + i, NULL), 0);
	assert_int_equal(r, CB_ERR_INTERNAL);
	assert_int_equal(n, CB_SOFTIRQ_WATCHED);
	assert_non_null(strstr(err.text, "64 can be watched"));
}

static void the_cost_is_of_a_sane_size(void **state)
{
	struct cb_error err = {0};
	int64_t ns;
	double cost = 0;

	need_privilege();
	if (cb_softirq_cost(softirq, &cost, &err))
		fail_msg("%s", err.text);
	assert_true(cost > 1 && cost < 100000);
	/* It leaves nobody watched. */
	assert_int_equal(cb_softirq_of(softirq, getpid(), &ns, NULL), CB_ERR_INTERNAL);
}

static void the_trial_agrees_with_the_configuration(void **state)
{
	char *config = cb_kconfig_read(), value[16] = "n";
	int tried = -1;

	need_privilege();
	if (!config)
		skip();
	cb_proc_config(config, "CONFIG_IRQ_TIME_ACCOUNTING", value, sizeof(value));
	free(config);
	/* On a busy host the rounds of one trial may not agree. */
	for (int i = 0; i < 20; i++) {
		tried = cb_softirq_try_accounting(softirq);
		if (tried >= 0)
			break;
	}
	assert_true(tried >= 0);
	/* With the option it may still be off ("tsc=noirqtime"); without it can't be on. */
	if (strcmp(value, "y") != 0) {
		assert_int_equal(tried, 0);
		assert_int_equal(cb_softirq_kernel_accounts(softirq), 0);
	}
}

static int child_without_privilege(void)
{
	struct cb_softirq *s = NULL;
	struct cb_error err = {0};

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 1;
	if (cb_softirq_open(&s, &err) != CB_ERR_IMPOSSIBLE || s)
		return 2;
	return strstr(err.text, "root or CAP_BPF and CAP_PERFMON") ? 0 : 3;
}

static void without_privilege_it_says_what_is_missing(void **state)
{
	int status = -1;
	pid_t pid;

	if (!real_root)
		skip();
	pid = fork();
	if (!pid)
		_exit(child_without_privilege());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void the_verdict_is_by_the_least_disturbed_round(void **state)
{
	static const struct {
		struct cb_softirq_round rounds[3];
		int verdict;
	} cases[] = {
		/* all charged; the second round was preempted */
		{{{1000, 1000, 400}, {5000, 1000, 400}, {1000, 998, 390}}, 0},
		/* softirqs left out */
		{{{1000, 600, 400}, {5000, 1000, 400}, {1000, 612, 390}}, 1},
		/* too little softirq time to tell */
		{{{1000, 990, 40}, {1000, 1000, 0}, {1000, 900, 49}}, -1},
		/* only ever preempted for long */
		{{{9000, 1000, 500}, {9000, 1000, 500}, {9000, 1000, 500}}, -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cb_softirq_verdict(cases[i].rounds, 3), cases[i].verdict);
	assert_int_equal(cb_softirq_verdict(NULL, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verdict_is_by_the_least_disturbed_round),
		cmocka_unit_test(without_privilege_it_says_what_is_missing),
		cmocka_unit_test_setup_teardown(
			an_inline_receive_path_is_the_senders, make_pair, remove_pair),
		cmocka_unit_test_setup_teardown(a_steered_receive_path_is_the_interrupted_process_s,
			make_pair, remove_pair),
		cmocka_unit_test_setup_teardown(
			watching_starts_from_nothing, make_pair, remove_pair),
		cmocka_unit_test(who_is_not_watched_is_an_error),
		cmocka_unit_test(sixty_four_can_be_watched),
		cmocka_unit_test(the_cost_is_of_a_sane_size),
		cmocka_unit_test(the_trial_agrees_with_the_configuration),
	};
	struct cb_error err = {0};
	int r;

	real_root = netns_real_root();
	if (cb_softirq_open(&softirq, &err))
		print_message("%s: most tests are skipped\n", err.text);
	have_namespace = !netns_enter();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	cb_softirq_close(softirq);
	return r;
}
