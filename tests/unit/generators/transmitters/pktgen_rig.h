/* For tests of the pktgen transmitter: a driver, a link, a shape and a kernel that is a fake
 * (fake_kernel.h). */
#ifndef CB_TESTS_PKTGEN_RIG_H
#define CB_TESTS_PKTGEN_RIG_H

#include "generators/traffic/frame.h"
#include "generators/traffic/shape.h"
#include "generators/transmitters/pktgen_run.h"

#include <arpa/inet.h>
#include <signal.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/generators/transmitters/fake_kernel.h"

static struct fake_kernel kernel;
static struct cb_pktgen driver;
static struct cb_template frame;
static struct cb_shape shape;
static struct cb_link link_to;
static struct cb_pktgen_options options;
static struct cb_error error;
static volatile sig_atomic_t stop;

static inline int fresh(void **state)
{
	struct cb_frame_spec spec = {.frame_size = 64,
		.destination_mac = {2, 0, 0, 0, 0, 2},
		.source_mac = {2, 0, 0, 0, 0, 1},
		.destination_port = 9,
		.source_port = 1000};

	inet_pton(AF_INET, "198.18.0.1", &spec.source_ip);
	inet_pton(AF_INET, "198.18.0.2", &spec.destination_ip);
	assert_int_equal(cb_frame_build(&spec, &frame, NULL), 0);
	memset(&kernel, 0, sizeof(kernel));
	kernel.real_queues = 8;
	memset(&driver, 0, sizeof(driver));
	driver.io = &fake_io;
	driver.io_arg = &kernel;
	memset(&shape, 0, sizeof(shape));
	shape.frame = &frame;
	shape.flows.n = 1;
	shape.sizes.largest = 64;
	link_to = (struct cb_link){.interface = "v0", .ifindex = 1, .frame = &frame};
	options = (struct cb_pktgen_options){.threads = 1, .queues = 1, .burst = 1};
	memset(&error, 0, sizeof(error));
	stop = 0;
	return 0;
}

static inline int set_up(void)
{
	return cb_pktgen_set_up(&driver, &link_to, &options, &error);
}

static inline void set_up_well(void)
{
	int r = set_up();

	if (r)
		print_error("%s\n", error.text);
	assert_int_equal(r, 0);
}

static inline void param(unsigned device, const char *name, const char *value)
{
	const char *got = fake_param(&kernel.devices[device], name);

	if (!got || strcmp(got, value) != 0)
		print_error("%s: %s\n", name, got ? got : "not set");
	assert_non_null(got);
	assert_string_equal(got, value);
}

static inline void make_sizes(const char *text)
{
	cb_sizes_finish(&shape.sizes);
	assert_int_equal(cb_sizes_make(&shape.sizes, text, 64, 1518, &error), 0);
	link_to.shape = &shape;
	frame.length = shape.sizes.largest - CB_FRAME_FCS;
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

#endif
