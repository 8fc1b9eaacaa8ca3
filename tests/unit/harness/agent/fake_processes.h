/*
 * Capture and generator processes that misbehave, for test_processes.c: what they do is told by
 * their mechanism or transmitter.
 */
#ifndef CB_TESTS_AGENT_FAKE_PROCESSES_H
#define CB_TESTS_AGENT_FAKE_PROCESSES_H

#include "harness/record/record.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void on_stop(int number)
{
	stopped = number;
}

static void print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(json);
}

static void print_view(const char *mechanism)
{
	struct cb_view_record record;

	cb_view_record_init(&record);
	record.book.received = 5;
	record.cpu_ns = 1000000000;
	snprintf(record.mechanism, sizeof(record.mechanism), "%s", mechanism);
	print_json(cb_view_record_json(&record));
	cb_view_record_finish(&record);
}

static void print_generator(void)
{
	struct cb_generator_record record;

	cb_generator_record_init(&record);
	record.book.offered = 77;
	print_json(cb_generator_record_json(&record));
	cb_generator_record_finish(&record);
}

/* The value of --name=value. */
static const char *option(char **argv, const char *name)
{
	for (; *argv; argv++)
		if (strncmp(*argv, "--", 2) == 0 && strncmp(*argv + 2, name, strlen(name)) == 0 &&
			(*argv)[2 + strlen(name)] == '=')
			return *argv + 3 + strlen(name);
	return "ok";
}

static void before_ready(const char *what)
{
	if (strcmp(what, "refuses") == 0) {
		print_json(json_pack("{s:s, s:i}", "error", "no such ring", "code", -4));
		exit(4);
	}
	if (strcmp(what, "dies") == 0)
		raise(SIGKILL);
	if (strcmp(what, "leaves") == 0)
		exit(3);
	if (strcmp(what, "floods") == 0)
		for (;;)
			if (putchar('x') == EOF)
				exit(9);
	if (strcmp(what, "unready") == 0)
		puts("{\"ready\": false}");
	else
		puts("{\"ready\": true}");
	fflush(stdout);
}

static int capture_main(char **argv)
{
	const char *what = option(argv, "mechanism");

	if (strcmp(what, "stubborn") == 0)
		signal(SIGTERM, SIG_IGN);
	before_ready(what);
	while (!stopped)
		usleep(1000);
	if (strcmp(what, "dies-late") == 0)
		raise(SIGKILL);
	if (strcmp(what, "junk") == 0)
		puts("so long");
	else if (strcmp(what, "wrong") == 0)
		puts("{\"received\": \"many\"}");
	else
		print_view(what);
	return strcmp(what, "leaks") == 0 ? 23 : 0;
}

static int generate_main(char **argv)
{
	const char *what = option(argv, "transmitter");
	char line[16];

	before_ready(what);
	if (!fgets(line, sizeof(line), stdin) || strcmp(line, "go\n") != 0)
		return 1;
	if (strcmp(what, "endless") == 0)
		while (!stopped)
			usleep(1000);
	print_generator();
	return 0;
}

#endif
