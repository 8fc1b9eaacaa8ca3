/* Why the kernel refuses eBPF, in words; the reading side of a BPF ring buffer on memory of the
 * test's own. */
#include "harness/net/bpf.h"
#include "harness/net/bpf_ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

static struct cb_error err;

static void the_reason_is_the_last_line_that_is_one(void **state)
{
	char why[64];

	cb_bpf_refusal("func#0 @0\n0: R1=ctx\nR2 !read_ok\nprocessed 2 insns (limit 1000000)\n"
		       "verification time 20 usec\nstack depth 0\n",
		why, sizeof(why));
	assert_string_equal(why, "R2 !read_ok");
	cb_bpf_refusal("R2 !read_ok", why, sizeof(why));
	assert_string_equal(why, "R2 !read_ok");
	cb_bpf_refusal("\n\nprocessed 0 insns\n\n", why, sizeof(why));
	assert_string_equal(why, "");
	cb_bpf_refusal("", why, sizeof(why));
	assert_string_equal(why, "");
	cb_bpf_refusal("0123456789", why, 5);
	assert_string_equal(why, "0123");
}

static void refusals_name_the_cure(void **state)
{
	const struct {
		int error;
		const char *log, *says;
	} cases[] = {
		{-EPERM, "", "run as root"},
		{EACCES, "", "cap_bpf"},
		{-EACCES, "bad access\n", "refuses the eBPF program: bad access"},
		{-ENOSYS, "", "CONFIG_BPF_SYSCALL"},
		{-EINVAL, "", "Linux 6.1"},
		{-ENOMEM, "", "Cannot allocate memory"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(cb_bpf_refused("wait x", cases[i].error, cases[i].log, &err),
			CB_ERR_IMPOSSIBLE);
		assert_int_equal(strncmp(err.text, "wait x", 6), 0);
		assert_non_null(strstr(err.text, cases[i].says));
	}
}

/* ---- the ring -------------------------------------------------------------------------------- */

#define SIZE ((size_t)4096)

static uint64_t consumer, producer;
static uint8_t *data;

/* Mapped twice, one behind the other, as the kernel does it. */
static int make_data(void **state)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, SIZE), 0);
	data = mmap(NULL, 2 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(data, MAP_FAILED);
	for (int i = 0; i < 2; i++)
		assert_ptr_not_equal(mmap(data + i * SIZE, SIZE, PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_FIXED, fd, 0),
			MAP_FAILED);
	close(fd);
	consumer = producer = 0;
	return 0;
}

static int drop_data(void **state)
{
	munmap(data, 2 * SIZE);
	return 0;
}

static struct cb_bpf_ring make_ring(uint64_t position)
{
	consumer = producer = position;
	return (struct cb_bpf_ring){.consumer = &consumer,
		.producer = &producer,
		.data = data,
		.size = SIZE,
		.position = position,
		.end = position};
}

/* As the kernel reserves and submits: 8 bytes of header, then `length` bytes that say `mark`. */
static uint32_t *put(uint32_t length, uint8_t mark, uint32_t flags)
{
	uint32_t *header = (uint32_t *)(data + (producer & (SIZE - 1)));

	header[0] = length | flags;
	memset(header + 2, mark, length);
	producer += (length + 8 + 7) & ~7u;
	return header;
}

static void records_come_in_order(void **state)
{
	struct cb_bpf_ring r = make_ring(0);

	assert_null(cb_bpf_ring_next(&r));
	put(1, 'a', 0);
	put(8, 'b', 0);
	put(100, 'c', 0);
	assert_int_equal(*(const char *)cb_bpf_ring_next(&r), 'a');
	assert_int_equal(*(const char *)cb_bpf_ring_next(&r), 'b');
	assert_int_equal(consumer, 0);
	cb_bpf_ring_release(&r);
	assert_int_equal(consumer, 16 + 16);
	assert_int_equal(*(const char *)cb_bpf_ring_next(&r), 'c');
	assert_null(cb_bpf_ring_next(&r));
	cb_bpf_ring_release(&r);
	assert_int_equal(consumer, producer);
	assert_int_equal(cb_bpf_ring_cost(1), 16);
	assert_int_equal(cb_bpf_ring_cost(8), 16);
	assert_int_equal(cb_bpf_ring_cost(9), 24);
}

static void discarded_records_are_passed_over(void **state)
{
	struct cb_bpf_ring r = make_ring(0);

	put(8, 'x', CB_BPF_RING_DISCARD);
	put(8, 'a', 0);
	put(8, 'x', CB_BPF_RING_DISCARD);
	assert_int_equal(*(const char *)cb_bpf_ring_next(&r), 'a');
	assert_null(cb_bpf_ring_next(&r));
	cb_bpf_ring_release(&r);
	assert_int_equal(consumer, producer);
}

/* What lies behind a record that is being written must wait, and its wake-up must not be lost. */
static void a_busy_record_stops_the_reader(void **state)
{
	struct cb_bpf_ring r = make_ring(0);
	uint32_t *busy;

	put(8, 'a', 0);
	busy = put(8, 'b', CB_BPF_RING_BUSY);
	put(8, 'c', 0);
	assert_int_equal(*(const char *)cb_bpf_ring_next(&r), 'a');
	assert_null(cb_bpf_ring_next(&r));
	assert_null(cb_bpf_ring_next(&r));
	cb_bpf_ring_clear(&r);
	assert_int_equal(consumer, 16);
	*busy &= ~CB_BPF_RING_BUSY;
	assert_int_equal(*(const char *)cb_bpf_ring_next(&r), 'b');
	assert_int_equal(*(const char *)cb_bpf_ring_next(&r), 'c');
	assert_null(cb_bpf_ring_next(&r));
}

static void a_record_over_the_end_is_whole(void **state)
{
	struct cb_bpf_ring r = make_ring(10 * SIZE - 16);
	const char *record;

	put(100, 'a', 0);
	record = cb_bpf_ring_next(&r);
	for (int i = 0; i < 100; i++)
		assert_int_equal(record[i], 'a');
	put(8, 'b', 0);
	assert_int_equal(*(const char *)cb_bpf_ring_next(&r), 'b');
}

static void clearing_takes_all(void **state)
{
	struct cb_bpf_ring r = make_ring(0);

	for (int i = 0; i < 100; i++)
		put(8, 'a', i & 1 ? CB_BPF_RING_DISCARD : 0);
	cb_bpf_ring_clear(&r);
	assert_int_equal(consumer, producer);
	assert_null(cb_bpf_ring_next(&r));
}

static void what_is_no_ring_is_not_opened(void **state)
{
	struct cb_bpf_ring r;

	assert_int_not_equal(cb_bpf_ring_open(&r, 0, &err), 0);
	cb_bpf_ring_close(&r);
	r = (struct cb_bpf_ring){0};
	cb_bpf_ring_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reason_is_the_last_line_that_is_one),
		cmocka_unit_test(refusals_name_the_cure),
		cmocka_unit_test_setup_teardown(records_come_in_order, make_data, drop_data),
		cmocka_unit_test_setup_teardown(
			discarded_records_are_passed_over, make_data, drop_data),
		cmocka_unit_test_setup_teardown(
			a_busy_record_stops_the_reader, make_data, drop_data),
		cmocka_unit_test_setup_teardown(
			a_record_over_the_end_is_whole, make_data, drop_data),
		cmocka_unit_test_setup_teardown(clearing_takes_all, make_data, drop_data),
		cmocka_unit_test(what_is_no_ring_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
