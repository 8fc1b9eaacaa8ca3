#include "harness/net/link.h"
#include "harness/net/tcp_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/net/netns.h"

#define PORT 7100

static const uint8_t here4[16] = {127, 0, 0, 1}, there4[16] = {127, 0, 0, 2},
		     here6[16] = {[15] = 1};
static bool have_namespace;

static int need_namespace(void **state)
{
	if (!have_namespace)
		skip();
	return 0;
}

static int is_bound(int family, const char *address, uint16_t port, bool only_ipv6)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, only = only_ipv6;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET) {
		assert_int_equal(inet_pton(AF_INET, address, &four.sin_addr), 1);
		assert_int_equal(bind(fd, (struct sockaddr *)&four, sizeof(four)), 0);
		return fd;
	}
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	assert_int_equal(inet_pton(AF_INET6, address, &six.sin6_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&six, sizeof(six)), 0);
	return fd;
}

static int listener(int family, const char *address, bool only_ipv6)
{
	int fd = is_bound(family, address, PORT, only_ipv6);

	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

struct seen {
	unsigned n, listening;
	struct cb_tcp_socket last;
};

static bool see(void *arg, const struct cb_tcp_socket *s)
{
	struct seen *seen = arg;

	seen->n++;
	seen->listening += s->listens;
	if (!s->listens)
		seen->last = *s;
	return true;
}

static struct seen sockets_of(bool ipv6, const uint8_t *local)
{
	struct cb_error err = {0};
	struct seen seen = {0};

	if (cb_tcp_sockets(ipv6, local, see, &seen, &err))
		fail_msg("%s", err.text);
	return seen;
}

/* Who listens where is told for those addresses that it gets something for. */
static void those_of_an_address(void **state)
{
	static const struct {
		int family;
		const char *address;
		bool only_ipv6;
		unsigned here4, there4, here6;
	} cases[] = {
		{AF_INET, "127.0.0.1", false, 1, 0, 0},
		{AF_INET, "0.0.0.0", false, 1, 1, 0},
		{AF_INET6, "::", false, 1, 1, 1},
		{AF_INET6, "::", true, 0, 0, 1},
		{AF_INET6, "::1", false, 0, 0, 1},
		{AF_INET6, "::ffff:127.0.0.1", false, 1, 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = listener(cases[i].family, cases[i].address, cases[i].only_ipv6);

		assert_int_equal(sockets_of(false, here4).listening, cases[i].here4);
		assert_int_equal(sockets_of(false, there4).listening, cases[i].there4);
		assert_int_equal(sockets_of(true, here6).listening, cases[i].here6);
		close(fd);
	}
}

/* A connection over IPv4 between sockets of either family; then its end. */
static void connections(void **state)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int accepts = listener(AF_INET6, "::", false);
	int calls = is_bound(AF_INET, "127.0.0.2", 45678, false), answers;
	struct seen seen;

	assert_int_equal(connect(calls, (const struct sockaddr *)&to, sizeof(to)), 0);
	answers = accept(accepts, NULL, NULL);
	assert_true(answers >= 0);
	close(accepts);
	seen = sockets_of(false, here4); /* of IPv6, as it was accepted */
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.listening, 0);
	assert_int_equal(seen.last.port, PORT);
	assert_int_equal(seen.last.remote_port, 45678);
	assert_memory_equal(seen.last.remote, there4, 16);
	seen = sockets_of(false, there4);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.last.port, 45678);
	assert_memory_equal(seen.last.remote, here4, 16);
	assert_int_equal(sockets_of(true, here6).n, 0);
	close(calls); /* first: it is the one that stays in TIME_WAIT */
	close(answers);
	assert_int_equal(sockets_of(false, here4).n, 0);
	assert_int_equal(sockets_of(false, there4).n, 0);
}

static bool enough(void *arg, const struct cb_tcp_socket *s)
{
	unsigned *n = arg;

	(void)s;
	++*n;
	return false;
}

static void no_more_than_wanted(void **state)
{
	int a = listener(AF_INET, "127.0.0.1", false), b = listener(AF_INET6, "::", true);
	unsigned n = 0;

	assert_int_equal(cb_tcp_sockets(false, here4, enough, &n, NULL), 0);
	assert_int_equal(n, 1);
	close(a);
	close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(those_of_an_address, need_namespace),
		cmocka_unit_test_setup(connections, need_namespace),
		cmocka_unit_test_setup(no_more_than_wanted, need_namespace),
	};

	have_namespace = netns_enter() == 0 && cb_link_up("lo", NULL) == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
