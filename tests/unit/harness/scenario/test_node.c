#include "harness/scenario/node.h"

#include <stdlib.h>

#include "tests/unit/harness/base/check.h"

struct tree {
	struct cb_node_pool pool;
	const struct cb_node *root;
	struct cb_error err;
	int rc;
};

static struct tree read_bytes(const char *text, size_t size)
{
	struct tree t = {.root = NULL};

	t.rc = cb_node_parse(&t.pool, "t.yaml", true, text, size, &t.root, &t.err);
	return t;
}

static struct tree read_text(const char *text)
{
	struct tree t = read_bytes(text, strlen(text));

	if (t.rc)
		fail_msg("%s", t.err.text);
	return t;
}

static void refuse(const char *text, size_t size, const char *error)
{
	struct tree t = read_bytes(text, size);

	assert_int_equal(t.rc, CB_ERR_USAGE);
	assert_string_equal(t.err.text, error);
	cb_node_pool_finish(&t.pool);
}

static void assert_at(const struct cb_node *node, int line, int column)
{
	assert_non_null(node);
	assert_int_equal(node->line, line);
	assert_int_equal(node->column, column);
}

static void nodes_know_their_kind_and_place(void **state)
{
	struct tree t = read_text("# a comment\n"
				  "a: 5us\n"
				  "b:\n"
				  "  - \"x\"\n"
				  "  - {c: [], d: }\n");
	const struct cb_node *b;

	assert_int_equal(t.root->kind, CB_NODE_MAP);
	assert_at(t.root, 2, 1);
	assert_int_equal(t.root->n, 2);
	assert_string_equal(t.root->keys[1]->text, "b");
	assert_at(t.root->keys[1], 3, 1);
	assert_string_equal(cb_node_find(t.root, "a")->text, "5us");
	assert_at(cb_node_find(t.root, "a"), 2, 4);
	assert_null(cb_node_find(t.root, "z"));
	b = cb_node_find(t.root, "b");
	assert_int_equal(b->kind, CB_NODE_SEQUENCE);
	assert_int_equal(b->n, 2);
	assert_true(b->items[0]->quoted);
	assert_at(b->items[1], 5, 5);
	assert_int_equal(cb_node_find(b->items[1], "c")->n, 0);
	assert_true(cb_node_is_null(cb_node_find(b->items[1], "d")));
	assert_int_equal(t.root->height, 3);
	cb_node_pool_finish(&t.pool);
}

static void only_a_plain_nothing_is_null(void **state)
{
	struct tree t = read_text("[~, null, '~', \"\", 0]");
	static const bool expected[] = {true, true, false, false, false};

	for (size_t i = 0; i < t.root->n; i++)
		assert_int_equal(cb_node_is_null(t.root->items[i]), expected[i]);
	cb_node_pool_finish(&t.pool);
}

static void placements_need_no_quotes(void **state)
{
	struct tree t = read_text("[A:A, A:B, tpacket3:block=1MiB]");

	assert_int_equal(t.root->n, 3);
	assert_string_equal(t.root->items[1]->text, "A:B");
	cb_node_pool_finish(&t.pool);
}

static void aliases_share_their_node(void **state)
{
	struct tree t = read_text("a: &x {k: [1, 2]}\nb: *x\nc: &x 5\nd: *x\n");

	assert_ptr_equal(cb_node_find(t.root, "a"), cb_node_find(t.root, "b"));
	assert_string_equal(cb_node_find(t.root, "d")->text, "5"); /* the later anchor */
	/* root, 4 keys, twice {k: [1, 2]} of 5 nodes, twice 5 */
	assert_int_equal(t.root->weight, 1 + 4 + 5 + 5 + 1 + 1);
	cb_node_pool_finish(&t.pool);
}

static void merge_keys_add_what_is_missing(void **state)
{
	struct tree t = read_text("a: &a {x: 1, y: 1}\n"
				  "b: &b {y: 2, z: 2}\n"
				  "one: {<<: *a, x: 0}\n"
				  "two: {y: 0, <<: [*b, *a]}\n"
				  "no: {\"<<\": 1}\n");
	const struct cb_node *one = cb_node_find(t.root, "one"), *two = cb_node_find(t.root, "two");

	assert_int_equal(one->n, 2);
	assert_string_equal(cb_node_find(one, "x")->text, "0");
	assert_string_equal(cb_node_find(one, "y")->text, "1");
	assert_int_equal(two->n, 3);
	assert_string_equal(cb_node_find(two, "y")->text, "0");
	assert_string_equal(cb_node_find(two, "z")->text, "2");
	assert_string_equal(cb_node_find(two, "x")->text, "1");
	assert_non_null(cb_node_find(cb_node_find(t.root, "no"), "<<"));
	cb_node_pool_finish(&t.pool);
}

static void setting_leaves_the_old_tree_alone(void **state)
{
	struct tree t = read_text("{a: 1, b: 2}");
	const struct cb_node *value = cb_node_scalar(&t.pool, t.root, "3"), *set, *more, *less;

	set = cb_node_set(&t.pool, t.root, "a", value);
	more = cb_node_set(&t.pool, set, "c", value);
	less = cb_node_set(&t.pool, more, "b", NULL);
	assert_string_equal(cb_node_find(t.root, "a")->text, "1");
	assert_string_equal(cb_node_find(set, "a")->text, "3");
	assert_int_equal(more->n, 3);
	assert_int_equal(more->weight, 7);
	assert_int_equal(less->n, 2);
	assert_null(cb_node_find(less, "b"));
	assert_string_equal(less->keys[1]->text, "c");
	cb_node_pool_finish(&t.pool);
}

static void what_is_no_scenario_yaml_is_refused(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"", "t.yaml:1:1: there is nothing in it"},
		{"# only a comment\n", "t.yaml:2:1: there is nothing in it"},
		{"a: 1\n---\nb: 2\n",
			"t.yaml:2:1: a second document begins here: one is all there may be"},
		{"a: 1\nb: {c: 2, c: 3}\n", "t.yaml:2:11: c: this key was there already in line 2"},
		{"a: 1\na: 2\n", "t.yaml:2:1: a: this key was there already in line 1"},
		{"a: &x 1\n<<: *x\n",
			"t.yaml:1:4: <<: takes a map or a list of maps, as in <<: *base"},
		{"<<: {a: 1}\n<<: {b: 1}\n",
			"t.yaml:2:1: <<: this key is there twice: write a list"},
		{"? [a]\n: 1\n", "t.yaml:1:3: a key must be plain text"},
		{"a: &x 1\n*x : 2\n", "t.yaml:2:1: a key must be plain text"},
		{"a: !!int 5\nb: !foo 5\n",
			"t.yaml:2:4: the tag !foo is not known here: leave it out"},
		{"a: !!python/object:os.system [x]\n",
			"t.yaml:1:4: the tag tag:yaml.org,2002:python/object:os.system is not "
			"known "
			"here: leave it out"},
		{"a: !foo {b: 1}\n", "t.yaml:1:4: the tag !foo is not known here: leave it out"},
		{"a: *b\n", "t.yaml:1:4: *b: there is no anchor &b before this"},
		{"a: &a [*a]\n", "t.yaml:1:8: *a: this alias is inside its own anchor"},
		{"a: \"\\0\"\n", "t.yaml:1:4: control characters are not allowed in a value"},
		{"a: \"\\e[2J\"\n", "t.yaml:1:4: control characters are not allowed in a value"},
		{"a: \"\\x9b2J\"\n", "t.yaml:1:4: control characters are not allowed in a value"},
		{"a: [1, 2\n",
			"t.yaml:2:1: this is not YAML: did not find expected ',' or ']', "
			"while parsing a flow sequence"},
		{"a: b: c\n",
			"t.yaml:1:5: this is not YAML: mapping values are not allowed in this "
			"context"},
		{"a:\n\t- b\n",
			"t.yaml:2:1: this is not YAML: found character that cannot start "
			"any token, while scanning for the next token"},
		{"a: \xff\n", "t.yaml: byte 3: invalid leading UTF-8 octet"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		refuse(cases[i].text, strlen(cases[i].text), cases[i].error);
}

static void a_zero_byte_does_not_hide_what_follows(void **state)
{
	refuse("a: 1\0b: 2", 9, "t.yaml: byte 4: control characters are not allowed");
}

static void nesting_is_limited(void **state)
{
	char text[65] = "";
	struct tree t;

	/* 32 levels of lists, the innermost empty */
	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	t = read_text(text);
	assert_int_equal(t.root->height, 31);
	cb_node_pool_finish(&t.pool);
	text[32] = '[';
	refuse(text, 64, "t.yaml:1:33: nested more than 32 levels deep");
}

/* Each alias is one level deep, but what it names goes on below. */
static void nesting_through_aliases_is_limited(void **state)
{
	struct cb_text text = {0};

	cb_text_add(&text, "a0: &a0 [[[[[[[[[[1]]]]]]]]]]\n");
	for (int i = 1; i < 5; i++)
		cb_text_addf(&text, "a%d: &a%d [[[[[[[[[*a%d]]]]]]]]]\n", i, i, i - 1);
	refuse(text.data, text.length, "t.yaml:4:18: nested more than 32 levels deep");
	cb_text_finish(&text);
}

static void an_alias_bomb_is_refused(void **state)
{
	struct cb_text text = {0};

	/* 10^9 values when written out */
	cb_text_add(&text, "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 9; i++)
		cb_text_addf(&text,
			"a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n",
			i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	refuse(text.data, text.length,
		"t.yaml:5:45: more than 100000 values; aliases count as if written out");
	cb_text_finish(&text);
}

static void sizes_are_limited(void **state)
{
	struct cb_text text = {0};

	cb_text_add(&text, "[");
	for (int i = 0; i < CB_NODE_COUNT_MAX; i++)
		cb_text_add(&text, "1,");
	cb_text_add(&text, "]");
	refuse(text.data, text.length,
		"t.yaml:1:200000: more than 100000 values; aliases count as if written out");
	cb_text_clear(&text);
	for (int i = 0; i <= CB_NODE_KEYS_MAX; i++)
		cb_text_addf(&text, "k%d: 1\n", i);
	refuse(text.data, text.length, "t.yaml:1001:1: more than 1000 keys in one map");
	cb_text_clear(&text);
	for (int i = 0; i <= CB_NODE_ANCHORS_MAX; i++)
		cb_text_addf(&text, "- &k%d 1\n", i);
	refuse(text.data, text.length, "t.yaml:257:3: more than 256 anchors");
	cb_text_clear(&text);
	while (text.length <= CB_NODE_TEXT_MAX)
		cb_text_add(&text, "################################\n");
	refuse(text.data, text.length, "t.yaml: larger than 1048576 bytes");
	cb_text_finish(&text);
}

/* libyaml itself would take the square of their number. */
static void directives_are_limited(void **state)
{
	struct cb_text text = {0};
	struct tree t = read_text("%YAML 1.1\n---\na: 50%\n");

	assert_string_equal(cb_node_find(t.root, "a")->text, "50%");
	cb_node_pool_finish(&t.pool);
	for (int i = 0; i < 17; i++)
		cb_text_addf(&text, "%%TAG !a%d! tag:x%s", i, i % 2 ? "\n" : "\xc2\x85");
	refuse(text.data, text.length, "t.yaml: more than 16 lines begin with %");
	cb_text_finish(&text);
}

static void a_merge_cannot_exceed_the_keys_of_a_map(void **state)
{
	struct cb_text text = {0};

	for (int m = 0; m < 2; m++) {
		cb_text_addf(&text, "m%d: &m%d\n", m, m);
		for (int i = 0; i < 600; i++)
			cb_text_addf(&text, "  k%d_%d: 1\n", m, i);
	}
	cb_text_add(&text, "both: {<<: [*m0, *m1]}\n");
	refuse(text.data, text.length, "t.yaml:1203:12: more than 1000 keys in one map");
	cb_text_finish(&text);
}

static void what_is_emitted_reads_back(void **state)
{
	static const char source[] = "a: [x, 'A:B', \"~\", '# no', 5us]\n"
				     "b: {c: {d: [[1], {e: 2}]}, f: [], g: {}}\n"
				     "h: |\n  two\n  lines\n"
				     "'odd: key': \"tab\\tand \\\"quote\\\"\"\n"
				     "j: \xc2\xb5s\n";
	struct tree a = read_text(source), b;
	struct cb_text out = {0}, again = {0};

	assert_int_equal(cb_node_emit(a.root, &out, NULL), 0);
	b = read_text(out.data);
	assert_int_equal(a.root->weight, b.root->weight);
	assert_string_equal(cb_node_find(b.root, "h")->text, "two\nlines\n");
	assert_string_equal(cb_node_find(b.root, "odd: key")->text, "tab\tand \"quote\"");
	assert_string_equal(cb_node_find(b.root, "j")->text, "\xc2\xb5s");
	assert_false(cb_node_is_null(cb_node_find(b.root, "a")->items[2]));
	assert_string_equal(cb_node_find(b.root, "a")->items[3]->text, "# no");
	assert_int_equal(cb_node_emit(b.root, &again, NULL), 0);
	assert_string_equal(out.data, again.data);
	cb_text_finish(&out);
	cb_text_finish(&again);
	cb_node_pool_finish(&a.pool);
	cb_node_pool_finish(&b.pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_know_their_kind_and_place),
		cmocka_unit_test(only_a_plain_nothing_is_null),
		cmocka_unit_test(placements_need_no_quotes),
		cmocka_unit_test(aliases_share_their_node),
		cmocka_unit_test(merge_keys_add_what_is_missing),
		cmocka_unit_test(setting_leaves_the_old_tree_alone),
		cmocka_unit_test(what_is_no_scenario_yaml_is_refused),
		cmocka_unit_test(a_zero_byte_does_not_hide_what_follows),
		cmocka_unit_test(nesting_is_limited),
		cmocka_unit_test(nesting_through_aliases_is_limited),
		cmocka_unit_test(an_alias_bomb_is_refused),
		cmocka_unit_test(sizes_are_limited),
		cmocka_unit_test(directives_are_limited),
		cmocka_unit_test(a_merge_cannot_exceed_the_keys_of_a_map),
		cmocka_unit_test(what_is_emitted_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
