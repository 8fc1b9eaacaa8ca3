/* The files themselves: a tree of plain files and a FIFO in the place of /proc/net/pktgen. */
#include "generators/generate.h"
#include "generators/transmitters/pktgen_proc.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

static char root[] = "/tmp/pktgen-XXXXXX";
static struct cb_pktgen_proc proc;
static const struct cb_pktgen_io *const io = &cb_pktgen_proc_io;

static int make_tree(void **state)
{
	if (!mkdtemp(root))
		return -1;
	return setenv(CB_PKTGEN_ROOT, root, 1);
}

static int remove_tree(void **state)
{
	return rmdir(root);
}

static const char *path(const char *file)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s/%s", root, file);
	return text;
}

static void put(const char *file, const char *text)
{
	int fd = open(path(file), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int fresh(void **state)
{
	cb_pktgen_proc_init(&proc);
	assert_string_equal(proc.root, root);
	return 0;
}

static int clean(void **state)
{
	io->end_start(&proc);
	unlink(path("pgctrl"));
	unlink(path("file"));
	return 0;
}

/* Until the writer has ended: what it said. */
static int writer_says(void)
{
	uint64_t deadline = cb_deadline_in(5 * CB_NS_PER_SEC);
	int r;

	while ((r = io->starting(&proc)) == 1 && cb_now_ns() < deadline)
		cb_sleep_until(cb_deadline_in(CB_NS_PER_MS));
	return r;
}

static void the_root(void **state)
{
	unsetenv(CB_PKTGEN_ROOT);
	cb_pktgen_proc_init(&proc);
	assert_string_equal(proc.root, "/proc/thread-self/net/pktgen");
	setenv(CB_PKTGEN_ROOT, root, 1);
}

static void probing(void **state)
{
	struct cb_error err = {0};

	assert_int_equal(cb_pktgen_proc_probe(&proc, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "modprobe pktgen"));
	assert_non_null(strstr(err.text, "CONFIG_NET_PKTGEN"));
	put("pgctrl", "");
	assert_int_equal(cb_pktgen_proc_probe(&proc, &err), 0);
}

/* The transmitter says so, too, before anything is done. */
static void no_module(void **state)
{
	struct cb_generate_job job = {.interface = "lo"};
	struct cb_generator_record record;
	struct cb_error err = {0};
	volatile sig_atomic_t stop = 0;

	cb_option_defaults(cb_generate_options, &job);
	snprintf(job.transmitter, sizeof(job.transmitter), "pktgen");
	job.count = 1;
	cb_generator_record_init(&record);
	assert_int_equal(
		cb_generate_run(&job, &stop, NULL, NULL, &record, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "pktgen is not there"));
	cb_generator_record_finish(&record);
}

static void reading_and_writing(void **state)
{
	char text[16];

	assert_int_equal(io->read(&proc, "file", text, sizeof(text)), -ENOENT);
	assert_int_equal(io->write(&proc, "file", "count 1\n"), -ENOENT);
	put("file", "");
	assert_int_equal(io->read(&proc, "file", text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(io->write(&proc, "file", "count 1\n"), 0);
	assert_int_equal(io->read(&proc, "file", text, sizeof(text)), 8);
	assert_string_equal(text, "count 1\n");
	put("file", "0123456789abcde");
	assert_int_equal(io->read(&proc, "file", text, sizeof(text)), -EFBIG);
	assert_int_equal(strlen(text), 15); /* ended all the same */
}

static void writing_fails(void **state)
{
	assert_int_equal(symlink("/dev/full", path("file")), 0);
	assert_int_equal(io->write(&proc, "file", "count 1\n"), -ENOSPC);
}

static void starting(void **state)
{
	char text[16];

	assert_int_equal(io->start(&proc), -ENOENT);
	assert_int_equal(io->starting(&proc), 0);
	put("pgctrl", "");
	assert_int_equal(io->start(&proc), 0);
	assert_int_equal(writer_says(), 0);
	assert_int_equal(io->read(&proc, "pgctrl", text, sizeof(text)), 6);
	assert_string_equal(text, "start\n");
	assert_int_equal(io->starting(&proc), 0);
}

static void starting_fails(void **state)
{
	assert_int_equal(symlink("/dev/full", path("pgctrl")), 0);
	assert_int_equal(io->start(&proc), 0);
	assert_int_equal(writer_says(), -ENOSPC);
	assert_int_equal(io->starting(&proc), -ENOSPC); /* it is remembered */
}

/* As the kernel's, a FIFO that is full keeps the writer waiting: nobody else, not even ^C's victim,
 * and it is gone when it is told to end. */
static void a_start_that_blocks(void **state)
{
	uint64_t begin_ns = cb_now_ns();
	char zeros[4096] = {0};
	pid_t writer;
	int fd;

	assert_int_equal(mkfifo(path("pgctrl"), 0600), 0);
	fd = open(path("pgctrl"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(io->start(&proc), 0);
	assert_true(cb_now_ns() - begin_ns < CB_NS_PER_SEC);
	assert_int_equal(io->starting(&proc), 1);
	writer = proc.writer;
	assert_true(writer > 0);
	cb_sleep_until(cb_deadline_in(50 * CB_NS_PER_MS));
	kill(writer, SIGINT);
	kill(writer, SIGTERM);
	cb_sleep_until(cb_deadline_in(20 * CB_NS_PER_MS));
	assert_int_equal(io->starting(&proc), 1);
	io->end_start(&proc);
	assert_int_equal(proc.writer, 0);
	assert_int_equal(kill(writer, 0), -1);
	io->end_start(&proc); /* harmless */
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_root),
		TEST(probing),
		TEST(no_module),
		TEST(reading_and_writing),
		TEST(writing_fails),
		TEST(starting),
		TEST(starting_fails),
		TEST(a_start_that_blocks),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
