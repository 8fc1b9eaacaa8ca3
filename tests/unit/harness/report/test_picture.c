/* Pictures inside of a page: what may stand there, and what not. */
#include "harness/report/picture.h"

#include "tests/unit/harness/report/synthetic.h"

static void test_hostile_picture(void **state)
{
	struct cb_text out = {0};
	struct synthetic s;
	char directory[300];

	(void)state;
	synthetic_open(&s, NULL);
	snprintf(directory, sizeof(directory), "%s/report", s.directory);
	synthetic_write(&s, "report/a.svg", "<svg x='1'><SCRIPT>alert(1)</SCRIPT></svg>");
	synthetic_write(&s, "report/b.svg", "no picture");
	synthetic_write(&s, "report/c.svg", "<?xml?>\n<svg x='1'><g id=\"a\"/></svg>");
	assert_false(cb_picture_inline(directory, "a", "A", &out));
	assert_false(cb_picture_inline(directory, "b", "B", &out));
	assert_false(cb_picture_inline(directory, "none", "N", &out));
	assert_int_equal(out.length, 0);
	assert_true(cb_picture_inline(directory, "c", "<C>", &out));
	assert_string_equal(cb_text_get(&out),
		"<svg role=\"img\" aria-label=\"&lt;C&gt;\" x='1'><g id=\"c-a\"/></svg>");
	cb_text_finish(&out);
	synthetic_close(&s);
}

/* gnuplot's own words reach the user. */
static void test_broken_script(void **state)
{
	struct cb_error err = {0};
	struct synthetic s;

	(void)state;
	synthetic_open(&s, NULL);
	synthetic_write(&s, "broken.gp", "no such command\n");
	if (cb_picture_draw(s.directory, "broken", &err) == CB_ERR_IMPOSSIBLE) {
		synthetic_close(&s);
		skip(); /* no gnuplot here */
	}
	assert_int_equal(err.code, CB_ERR_INTERNAL);
	assert_says(err.text, "gnuplot could not draw broken.gp");
	assert_says(err.text, "invalid command");
	synthetic_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_picture),
		cmocka_unit_test(test_broken_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
