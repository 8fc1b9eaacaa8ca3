/* Descriptions of external programs: what is taken, what is refused, and with which words. */
#include "capturers/external.h"
#include "capturers/external_program.h"
#include "capturers/external_words.h"
#include "harness/base/text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

static struct cb_error err;
static struct cb_external_choice choice;

static int set_up(void **state)
{
	err = (struct cb_error){0};
	choice = (struct cb_external_choice){.program = NULL};
	return 0;
}

static int tear_down(void **state)
{
	cb_external_choice_finish(&choice);
	return 0;
}

static void shipped_ones_are_right(void **state)
{
	const struct cb_external_program *program;
	char name[CB_EXTERNAL_NAME];
	size_t i;

	for (i = 0; (program = cb_external_shipped(i)); i++) {
		assert_int_equal(cb_external_choice_read(&choice, program->member.name, &err), 0);
		assert_ptr_equal(choice.program, program);
		assert_ptr_equal(cb_external_at(i), &program->member);
		for (const char *const *w = program->command; *w; w++)
			assert_int_equal(cb_external_words_check(*w, &err), 0);
		assert_non_null(program->filter);
		assert_non_null(program->ready);
		assert_non_null(program->counts[CB_EXTERNAL_RECEIVED]);
		assert_non_null(program->counts[CB_EXTERNAL_DROPPED]);
		assert_int_equal(
			cb_external_check(program->member.name, name, sizeof(name), &err), 0);
		assert_string_equal(name, program->member.name);
	}
	assert_int_equal(i, 3);
	assert_null(cb_external_at(i));
}

static void a_description_is_read(void **state)
{
	assert_int_equal(
		cb_external_choice_read(&choice,
			"{\"command\": [\"/opt/my.tool\", \"-i\", \"{interface}\"], \"ready\": "
			"\"go\", \"filter\": [\"-f\", \"{filter}\"], \"stop\": \"TERM\", "
			"\"linger\": \"250ms\", \"received\": \"([0-9]+) in\", \"unread\": "
			"\"([0-9]+) left\"}",
			&err),
		0);
	assert_string_equal(choice.name, "my.tool");
	assert_string_equal(choice.program->member.name, "my.tool");
	assert_null(choice.program->member.probe);
	assert_string_equal(choice.program->command[2], "{interface}");
	assert_null(choice.program->command[3]);
	assert_string_equal(choice.program->filter[1], "{filter}");
	assert_int_equal(choice.program->stop_signal, SIGTERM);
	assert_int_equal(choice.program->linger_ns, 250000000);
	assert_string_equal(choice.program->counts[CB_EXTERNAL_UNREAD], "([0-9]+) left");
	assert_null(choice.program->counts[CB_EXTERNAL_DROPPED]);
}

static void little_is_wanted(void **state)
{
	assert_int_equal(
		cb_external_choice_read(&choice,
			"{\"name\": \"mine\", \"command\": [\"a b\"], \"ready\": \"x\"}", &err),
		0);
	assert_string_equal(choice.name, "mine");
	assert_int_equal(choice.program->stop_signal, SIGINT);
	assert_int_equal(choice.program->linger_ns, 0);
	assert_null(choice.program->filter);
}

static void wrong_ones_are_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"tcpdmp", "did you mean \"tcpdump\""},
		{"", "tcpdump, dumpcap, netsniff-ng"},
		{"none", "tcpdump, dumpcap, netsniff-ng"},
		{"{", "no JSON object"},
		{"{\"ready\": \"a\", \"ready\": \"b\"}", "no JSON object"},
		{"{\"ready\": \"x\"}", "command: is missing"},
		{"{\"command\": [\"a\"]}", "ready: is missing"},
		{"{\"command\": [], \"ready\": \"x\"}", "1 to 64 words"},
		{"{\"command\": \"a b\", \"ready\": \"x\"}", "1 to 64 words"},
		{"{\"command\": [\"a\", 5], \"ready\": \"x\"}", "word 2"},
		{"{\"command\": [\"{iface}\"], \"ready\": \"x\"}", "{interface}"},
		{"{\"command\": [\"{interface\"], \"ready\": \"x\"}", "stands for nothing"},
		{"{\"command\": [\"a\"], \"ready\": 5}", "ready: a regular expression"},
		{"{\"command\": [\"a\"], \"ready\": \"(\"}", "ready: \"(\""},
		{"{\"command\": [\"a\"], \"ready\": \"a{3}\"}", "braces"},
		{"{\"command\": [\"a\"], \"ready\": \"(a)\\\\1\"}", "reference"},
		{"{\"command\": [\"a\"], \"ready\": \"x\", \"dropped\": \"[0-9]+\"}",
			"dropped: \"[0-9]+\" has no group"},
		{"{\"command\": [\"a\"], \"ready\": \"x\", \"droped\": \"\"}",
			"did you mean \"dropped\""},
		{"{\"command\": [\"a\"], \"ready\": \"x\", \"stop\": \"KILL\"}", "stop: one of"},
		{"{\"command\": [\"a\"], \"ready\": \"x\", \"linger\": \"x\"}", "250ms"},
		{"{\"command\": [\"a\"], \"ready\": \"x\", \"linger\": \"11s\"}", "10s"},
		{"{\"command\": [\"a\"], \"ready\": \"x\", \"name\": \"a/b\"}", "name: letters"},
		{"{\"command\": [\"a\"], \"ready\": \"x\", \"name\": \"none\"}", "name: letters"},
		{"{\"command\": [\"a b\"], \"ready\": \"x\"}", "a name is wanted"},
		{"{\"command\": [\"/bin/\"], \"ready\": \"x\"}", "a name is wanted"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		err = (struct cb_error){0};
		assert_int_equal(
			cb_external_choice_read(&choice, cases[i].text, &err), CB_ERR_USAGE);
		if (!strstr(err.text, cases[i].words))
			fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, err.text,
				cases[i].words);
		assert_null(choice.program);
	}
}

static void long_ones_are_refused(void **state)
{
	struct cb_text text = {0};

	cb_text_add(&text, "{\"command\": [\"a\"");
	for (int i = 0; i < CB_EXTERNAL_WORDS_MAX; i++)
		cb_text_add(&text, ", \"b\"");
	cb_text_add(&text, "], \"ready\": \"x\"}");
	assert_int_equal(cb_external_choice_read(&choice, cb_text_get(&text), &err), CB_ERR_USAGE);
	cb_text_clear(&text);
	cb_text_addf(&text, "{\"command\": [\"a\"], \"ready\": \"%0201d\"}", 0);
	assert_int_equal(cb_external_choice_read(&choice, cb_text_get(&text), &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "200 bytes"));
	cb_text_finish(&text);
}

static void words_are_filled_in(void **state)
{
	static const char *const command[] = {"p", "-i{interface}", "{snaplen}",
		"{buffer}/{buffer_kib}/{buffer_mib}", "{{x}", "a b;c", "", NULL};
	static const char *const filter[] = {"-f", "({filter})", NULL};
	static const char *const wanted[] = {"p", "-ieth1", "96", "1500000/1465/2", "{x}", "a b;c",
		"", "-f", "(udp and port 5)", NULL};
	struct cb_external_program program = {
		.member = {.name = "p"}, .command = command, .filter = filter};
	struct cb_capture_job job = {
		.interface = "eth1", .snaplen = 96, .buffer = 1500000, .filter = "udp and port 5"};
	struct cb_external_words words = {.n = 0};
	size_t i;

	assert_int_equal(cb_external_words_make(&words, &program, &job, &err), 0);
	for (i = 0; wanted[i]; i++)
		assert_string_equal(words.argv[i], wanted[i]);
	assert_null(words.argv[i]);
	cb_external_words_finish(&words);
	job.filter[0] = '\0';
	assert_int_equal(cb_external_words_make(&words, &program, &job, &err), 0);
	assert_int_equal(words.n, 7);
	cb_external_words_finish(&words);
	program.filter = NULL;
	strcpy(job.filter, "udp");
	assert_int_equal(cb_external_words_make(&words, &program, &job, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "capture filter"));
	cb_external_words_finish(&words);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(shipped_ones_are_right),
		TEST(a_description_is_read),
		TEST(little_is_wanted),
		TEST(wrong_ones_are_refused),
		TEST(long_ones_are_refused),
		TEST(words_are_filled_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
