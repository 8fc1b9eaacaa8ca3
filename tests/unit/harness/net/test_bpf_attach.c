/* Programs on an interface, in a network namespace of the test's own. Needs real root: eBPF does
 * not count the rights of a user namespace. */
#include "harness/base/log.h"
#include "harness/base/undo_file.h"
#include "harness/net/bpf.h"
#include "harness/net/bpf_attach.h"
#include "harness/net/bpf_attach_filter.h"
#include "harness/net/link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/net/netns.h"

static struct cb_error err;
static bool can;
static int tc = -1, xdp = -1;
static unsigned ifindex;

/* A program that returns `value`. */
static int load(enum bpf_prog_type type, int value)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(type, "cb_test", "BSD", code, 2, NULL);
}

static int set_up(void **state)
{
	struct cb_veth_spec spec = {.name = "va",
		.peer = "vb",
		.mac = {2, 0, 0, 0, 0, 1},
		.peer_mac = {2, 0, 0, 0, 0, 2}};

	cb_bpf_quiet();
	can = netns_real_root() && !netns_enter();
	if (!can) {
		print_message("needs root\n");
		return 0;
	}
	tc = load(BPF_PROG_TYPE_SCHED_CLS, -1);
	xdp = load(BPF_PROG_TYPE_XDP, XDP_PASS);
	if (tc < 0 || xdp < 0 || cb_link_create_veth(&spec, &err) || cb_link_up("va", &err) ||
		cb_link_up("vb", &err))
		return -1;
	ifindex = if_nametoindex("va");
	return 0;
}

static void need(void)
{
	if (!can)
		skip();
}

static void several_are_attached_at_ingress(void **state)
{
	struct cb_bpf_attachment a, b;
	int another;

	need();
	another = load(BPF_PROG_TYPE_SCHED_CLS, -1);
	assert_int_equal(cb_bpf_attach_ingress(&a, tc, ifindex, "va", &err), 0);
	assert_int_equal(cb_bpf_attach_ingress(&b, another, ifindex, "va", &err), 0);
	cb_bpf_detach(&a);
	cb_bpf_detach(&a);
	assert_int_equal(a.link_fd, -1);
	assert_int_equal(cb_bpf_attach_ingress(&a, tc, ifindex, "va", &err), 0);
	cb_bpf_detach(&a);
	cb_bpf_detach(&b);
	close(another);
}

/* What kernels without links get. The qdisc is there as long as someone's filter is. */
static void filters_come_and_go(void **state)
{
	struct cb_bpf_attachment a, b, c;

	need();
	assert_int_equal(cb_bpf_attach_ingress_filter(&a, tc, ifindex, "va", &err), 0);
	assert_true(a.filter && a.made_qdisc);
	assert_int_equal(cb_bpf_attach_ingress_filter(&b, tc, ifindex, "va", &err), 0);
	assert_true(b.filter && !b.made_qdisc);
	assert_true(b.priority != a.priority || b.handle != a.handle);
	/* who made it leaves first: the other one's filter stays */
	cb_bpf_detach(&a);
	assert_int_equal(cb_bpf_attach_ingress_filter(&c, tc, ifindex, "va", &err), 0);
	assert_false(c.made_qdisc);
	cb_bpf_detach(&c);
	b.made_qdisc = true;
	cb_bpf_detach(&b);
	assert_false(b.filter);
	/* the qdisc is gone */
	assert_int_equal(cb_bpf_attach_ingress_filter(&a, tc, ifindex, "va", &err), 0);
	assert_true(a.made_qdisc);
	cb_bpf_detach(&a);
}

/* A child that adds a filter, says so, and waits to be killed. */
static pid_t add_filter_and_wait(int *said)
{
	struct cb_bpf_attachment a;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		int rc = cb_bpf_attach_ingress_filter(&a, tc, ifindex, "va", NULL);

		if (!rc && a.made_qdisc && write(ends[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ends[1]);
	*said = ends[0];
	return child;
}

/* Its qdisc is gone when another can be made. */
static bool is_gone(void)
{
	struct cb_bpf_attachment a;
	bool gone;

	assert_int_equal(cb_bpf_attach_ingress_filter(&a, tc, ifindex, "va", &err), 0);
	gone = a.made_qdisc;
	cb_bpf_detach(&a);
	return gone;
}

static void a_killed_owner_leaves_no_filter(void **state)
{
	bool gone = false;
	pid_t owner;
	char byte;
	int said;

	need();
	owner = add_filter_and_wait(&said);
	assert_int_equal(read(said, &byte, 1), 1);
	assert_false(is_gone());
	kill(owner, SIGKILL);
	assert_int_equal(waitpid(owner, NULL, 0), owner);
	/* the guard holds nothing that was its owner's */
	assert_int_equal(read(said, &byte, 1), 0);
	for (int i = 0; i < 500 && !gone; i++) {
		gone = is_gone();
		usleep(10000);
	}
	assert_true(gone);
	close(said);
}

/* The owner's end takes the guard with it: there is no child left to wait for. */
static void no_guard_stays(void **state)
{
	struct cb_bpf_attachment a;
	pid_t guard;

	need();
	assert_int_equal(cb_bpf_attach_ingress_filter(&a, tc, ifindex, "va", &err), 0);
	guard = a.guard;
	assert_int_equal(kill(guard, 0), 0);
	cb_bpf_detach(&a);
	assert_int_equal(kill(guard, 0), -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Killed by somebody, it does not take its owner along (SIGPIPE), nor the filter. */
static void a_killed_guard_does_no_harm(void **state)
{
	struct cb_bpf_attachment a;

	need();
	assert_int_equal(cb_bpf_attach_ingress_filter(&a, tc, ifindex, "va", &err), 0);
	kill(a.guard, SIGKILL);
	cb_bpf_detach(&a);
	assert_true(is_gone());
}

/* Owner and guard killed at once: what is noted finds the filter by its program. */
static int undo_one(const struct cb_undo_found *found, void *arg, struct cb_error *why)
{
	bool *undone = arg;
	char text[128] = "";

	(void)why;
	for (size_t i = 0; i < json_array_size(found->entries); i++)
		if (!found->alive &&
			cb_bpf_filter_undo(json_array_get(found->entries, i), text, sizeof(text))) {
			assert_non_null(strstr(text, "va"));
			*undone = true;
			unlink(found->path);
		}
	return 0;
}

static void what_both_left_is_found(void **state)
{
	struct cb_bpf_attachment a = CB_BPF_DETACHED;
	bool undone = false;
	int ends[2];
	pid_t owner;

	need();
	assert_int_equal(pipe(ends), 0);
	owner = fork();
	if (!owner) {
		if (cb_bpf_attach_ingress_filter(&a, tc, ifindex, "va", &err) ||
			write(ends[1], &a, sizeof(a)) != (ssize_t)sizeof(a))
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ends[0], &a, sizeof(a)), sizeof(a));
	kill(a.guard, SIGKILL);
	kill(owner, SIGKILL);
	assert_int_equal(waitpid(owner, NULL, 0), owner);
	assert_false(is_gone());
	assert_int_equal(cb_undo_files(NULL, undo_one, &undone, NULL), 0);
	assert_true(undone);
	assert_true(is_gone());
	close(ends[0]);
	close(ends[1]);
}

static void a_wrong_program_leaves_nothing(void **state)
{
	struct cb_bpf_attachment a;

	need();
	assert_int_not_equal(cb_bpf_attach_ingress_filter(&a, xdp, ifindex, "va", &err), 0);
	assert_non_null(strstr(err.text, "va"));
	assert_false(a.filter || a.made_qdisc);
	assert_int_equal(cb_bpf_attach_ingress_filter(&a, tc, ifindex, "va", &err), 0);
	assert_true(a.made_qdisc);
	cb_bpf_detach(&a);
}

static void xdp_goes_into_the_driver(void **state)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct cb_bpf_attachment a, b;

	need();
	assert_int_equal(cb_bpf_attach_xdp(&a, xdp, ifindex, "va", CB_XDP_AUTO, "", &err), 0);
	assert_int_equal(a.mode, CB_XDP_NATIVE);
	assert_int_equal(bpf_xdp_query((int)ifindex, 0, &query), 0);
	assert_int_equal(query.attach_mode, XDP_ATTACHED_DRV);
	/* there is room for one */
	assert_int_equal(cb_bpf_attach_xdp(&b, xdp, ifindex, "va", CB_XDP_AUTO, "", &err),
		CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "\"va\" has an XDP program already"));
	cb_bpf_detach(&b);
	cb_bpf_detach(&a);
	assert_int_equal(bpf_xdp_query((int)ifindex, 0, &query), 0);
	assert_int_equal(query.attach_mode, XDP_ATTACHED_NONE);
}

static void xdp_without_a_driver_for_it(void **state)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct cb_bpf_attachment a;
	unsigned lo = if_nametoindex("lo");

	need();
	assert_int_equal(cb_bpf_attach_xdp(&a, xdp, lo, "lo", CB_XDP_NATIVE, "its=option", &err),
		CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "its=option works on any"));
	assert_int_equal(cb_bpf_attach_xdp(&a, xdp, lo, "lo", CB_XDP_AUTO, "", &err), 0);
	assert_int_equal(a.mode, CB_XDP_GENERIC);
	assert_int_equal(bpf_xdp_query((int)lo, 0, &query), 0);
	assert_int_equal(query.attach_mode, XDP_ATTACHED_SKB);
	cb_bpf_detach(&a);
}

static void the_interface_may_go_first(void **state)
{
	struct cb_veth_spec spec = {.name = "vc",
		.peer = "vd",
		.mac = {2, 0, 0, 0, 0, 3},
		.peer_mac = {2, 0, 0, 0, 0, 4}};
	struct cb_bpf_attachment a, b, c;
	unsigned index;

	need();
	assert_int_equal(cb_link_create_veth(&spec, &err), 0);
	index = if_nametoindex("vc");
	assert_int_equal(cb_bpf_attach_ingress(&a, tc, index, "vc", &err), 0);
	assert_int_equal(cb_bpf_attach_ingress_filter(&b, tc, index, "vc", &err), 0);
	assert_int_equal(cb_bpf_attach_xdp(&c, xdp, index, "vc", CB_XDP_AUTO, "", &err), 0);
	assert_int_equal(cb_link_delete("vc", &err), 0);
	cb_bpf_detach(&a);
	cb_bpf_detach(&b);
	cb_bpf_detach(&c);
	assert_int_not_equal(cb_bpf_attach_ingress(&a, tc, index, "vc", &err), 0);
	assert_int_not_equal(cb_bpf_attach_xdp(&a, xdp, index, "vc", CB_XDP_AUTO, "", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_are_attached_at_ingress),
		cmocka_unit_test(filters_come_and_go),
		cmocka_unit_test(a_killed_owner_leaves_no_filter),
		cmocka_unit_test(no_guard_stays),
		cmocka_unit_test(a_killed_guard_does_no_harm),
		cmocka_unit_test(what_both_left_is_found),
		cmocka_unit_test(a_wrong_program_leaves_nothing),
		cmocka_unit_test(xdp_goes_into_the_driver),
		cmocka_unit_test(xdp_without_a_driver_for_it),
		cmocka_unit_test(the_interface_may_go_first),
	};

	cb_log_set_level(CB_LOG_ERROR);
	return cmocka_run_group_tests(tests, set_up, NULL);
}
