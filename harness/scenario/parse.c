/*
 * libyaml's events -> nodes. Every limit is checked while reading, so that a hostile file costs no
 * more than its own bytes: aliases share the node they name and are counted as if written out.
 */
#include "harness/scenario/parse.h"

#include <stdint.h>
#include <string.h>

#define DIRECTIVES_MAX 16

struct cb_node cb_parse_place(const struct cb_parse *p, yaml_mark_t mark)
{
	return (struct cb_node){
		.origin = p->origin,
		.line = p->places && mark.line < INT32_MAX ? (int)mark.line + 1 : 0,
		.column = mark.column < INT32_MAX ? (int)mark.column + 1 : 0,
	};
}

#define REFUSE(p, mark, ...)                                       \
	do {                                                       \
		struct cb_node at_ = cb_parse_place(p, mark);      \
		return cb_node_error(&at_, (p)->err, __VA_ARGS__); \
	} while (0)

static int no_memory(struct cb_parse *p)
{
	cb_error_memory(p->err, "the scenario");
	return CB_ERR_INTERNAL;
}

static int refuse_syntax(struct cb_parse *p)
{
	const yaml_parser_t *y = &p->yaml;

	if (y->error == YAML_MEMORY_ERROR)
		return no_memory(p);
	if (y->error == YAML_READER_ERROR) {
		/* the reader tells an offset, no line */
		return cb_error_set(p->err, CB_ERR_USAGE, "%s: byte %zu: %s", p->origin,
			y->problem_offset, y->problem ? y->problem : "cannot be read");
	}
	REFUSE(p, y->problem_mark, "this is not YAML: %s%s%s",
		y->problem ? y->problem : "syntax error", y->context ? ", " : "",
		y->context ? y->context : "");
}

int cb_parse_next(struct cb_parse *p, yaml_event_t *event)
{
	return yaml_parser_parse(&p->yaml, event) ? 0 : refuse_syntax(p);
}

/* Tags say how a value is to be read, which is the options' business here. */
static int check_tag(struct cb_parse *p, const yaml_char_t *tag, yaml_mark_t mark)
{
	static const char *const core[] = {YAML_STR_TAG, YAML_INT_TAG, YAML_FLOAT_TAG,
		YAML_BOOL_TAG, YAML_NULL_TAG, YAML_SEQ_TAG, YAML_MAP_TAG, "!"};

	if (!tag)
		return 0;
	for (size_t i = 0; i < sizeof(core) / sizeof(*core); i++) {
		if (!strcmp((const char *)tag, core[i]))
			return 0;
	}
	REFUSE(p, mark, "the tag %.60s is not known here: leave it out", (const char *)tag);
}

int cb_parse_new(struct cb_parse *p, enum cb_node_kind kind, const yaml_char_t *tag,
	yaml_mark_t mark, struct cb_node **out)
{
	struct cb_node *node;
	int rc = check_tag(p, tag, mark);

	if (rc)
		return rc;
	if (++p->count > CB_NODE_COUNT_MAX)
		REFUSE(p, mark, "more than %d values; aliases count as if written out",
			CB_NODE_COUNT_MAX);
	node = cb_node_alloc(p->pool, sizeof(*node));
	if (!node)
		return no_memory(p);
	*node = cb_parse_place(p, mark);
	node->kind = kind;
	node->weight = 1;
	*out = node;
	return 0;
}

int cb_parse_list_add(struct cb_parse *p, struct cb_parse_list *list, const struct cb_node *node)
{
	if (list->n == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 8;
		const struct cb_node **items =
			cb_node_alloc(p->pool, capacity * sizeof(const struct cb_node *));

		if (!items)
			return no_memory(p);
		if (list->n)
			memcpy(items, list->items, list->n * sizeof(*items));
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->n++] = node;
	return 0;
}

void cb_parse_weigh(struct cb_node *node, const struct cb_node *child)
{
	node->weight += child->weight;
	if (node->height <= child->height)
		node->height = child->height + 1;
}

/* Control characters (C0 but for tab and newline, DEL, C1) have no business in any value. */
static bool has_controls(const unsigned char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f)
			return true;
		/* U+0080 to U+009F in UTF-8; libyaml has checked the encoding */
		if (text[i] == 0xc2 && i + 1 < n && text[i + 1] < 0xa0)
			return true;
	}
	return false;
}

int cb_parse_scalar(struct cb_parse *p, const yaml_event_t *event, const struct cb_node **out)
{
	const unsigned char *text = event->data.scalar.value;
	size_t n = event->data.scalar.length;
	struct cb_node *node;
	int rc;

	if (has_controls(text, n))
		REFUSE(p, event->start_mark, "control characters are not allowed in a value");
	rc = cb_parse_new(p, CB_NODE_SCALAR, event->data.scalar.tag, event->start_mark, &node);
	if (rc)
		return rc;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = cb_node_text(p->pool, (const char *)text);
	if (!node->text)
		return no_memory(p);
	*out = node;
	return 0;
}

static int read_sequence(
	struct cb_parse *p, const yaml_event_t *start, int depth, const struct cb_node **out)
{
	const struct cb_node *child = NULL;
	struct cb_parse_list items = {0};
	struct cb_node *node;
	yaml_event_t event;
	int rc;

	rc = cb_parse_new(
		p, CB_NODE_SEQUENCE, start->data.sequence_start.tag, start->start_mark, &node);
	while (!rc) {
		bool end;

		rc = cb_parse_next(p, &event);
		if (rc)
			break;
		end = event.type == YAML_SEQUENCE_END_EVENT;
		if (!end)
			rc = cb_parse_node(p, &event, depth + 1, &child);
		yaml_event_delete(&event);
		if (end)
			break;
		if (!rc)
			rc = cb_parse_list_add(p, &items, child);
		if (!rc)
			cb_parse_weigh(node, child);
	}
	if (rc)
		return rc;
	node->items = items.items;
	node->n = items.n;
	*out = node;
	return 0;
}

static struct cb_parse_anchor *find_anchor(struct cb_parse *p, const char *name)
{
	/* the latest: an anchor may be used again */
	for (size_t i = p->n_anchors; i > 0; i--) {
		if (!strcmp(p->anchors[i - 1].name, name))
			return &p->anchors[i - 1];
	}
	return NULL;
}

static int read_alias(
	struct cb_parse *p, const yaml_event_t *event, int depth, const struct cb_node **out)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct cb_parse_anchor *anchor = find_anchor(p, name);

	if (!anchor)
		REFUSE(p, event->start_mark, "*%.60s: there is no anchor &%.60s before this", name,
			name);
	if (!anchor->node)
		REFUSE(p, event->start_mark, "*%.60s: this alias is inside its own anchor", name);
	if (depth + anchor->node->height > CB_NODE_DEPTH_MAX)
		REFUSE(p, event->start_mark, "nested more than %d levels deep", CB_NODE_DEPTH_MAX);
	p->count += anchor->node->weight;
	if (p->count > CB_NODE_COUNT_MAX)
		REFUSE(p, event->start_mark, "more than %d values; aliases count as if written out",
			CB_NODE_COUNT_MAX);
	*out = anchor->node;
	return 0;
}

/* The anchor of a node that begins; *index: where, SIZE_MAX: it has none. */
static int open_anchor(struct cb_parse *p, const yaml_event_t *event, size_t *index)
{
	const yaml_char_t *name = event->type == YAML_SCALAR_EVENT ? event->data.scalar.anchor
		: event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
							   : event->data.mapping_start.anchor;
	const char *copy;

	*index = SIZE_MAX;
	if (!name)
		return 0;
	if (p->n_anchors == CB_NODE_ANCHORS_MAX)
		REFUSE(p, event->start_mark, "more than %d anchors", CB_NODE_ANCHORS_MAX);
	copy = cb_node_text(p->pool, (const char *)name);
	if (!copy)
		return no_memory(p);
	*index = p->n_anchors++;
	p->anchors[*index] = (struct cb_parse_anchor){.name = copy};
	return 0;
}

int cb_parse_node(
	struct cb_parse *p, const yaml_event_t *event, int depth, const struct cb_node **out)
{
	size_t anchor;
	int rc;

	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(p, event, depth, out);
	if (depth >= CB_NODE_DEPTH_MAX)
		REFUSE(p, event->start_mark, "nested more than %d levels deep", CB_NODE_DEPTH_MAX);
	rc = open_anchor(p, event, &anchor);
	if (rc)
		return rc;
	if (event->type == YAML_SCALAR_EVENT)
		rc = cb_parse_scalar(p, event, out);
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		rc = read_sequence(p, event, depth, out);
	else
		rc = cb_parse_map(p, event, depth, out);
	if (!rc && anchor != SIZE_MAX)
		p->anchors[anchor].node = *out;
	return rc;
}

/* Reads one event and wants it to be of `type`. */
static int expect(struct cb_parse *p, yaml_event_type_t type, const char *otherwise)
{
	yaml_event_t event;
	int rc = cb_parse_next(p, &event);

	if (rc)
		return rc;
	if (event.type != type) {
		struct cb_node at = cb_parse_place(p, event.start_mark);

		rc = cb_node_error(&at, p->err, "%s", otherwise);
	}
	yaml_event_delete(&event);
	return rc;
}

static int read_stream(struct cb_parse *p, const struct cb_node **root)
{
	static const char several[] = "a second document begins here: one is all there may be";
	yaml_event_t event;
	int rc;

	rc = expect(p, YAML_STREAM_START_EVENT, "no YAML");
	if (!rc)
		rc = expect(p, YAML_DOCUMENT_START_EVENT, "there is nothing in it");
	if (!rc)
		rc = cb_parse_next(p, &event);
	if (rc)
		return rc;
	rc = cb_parse_node(p, &event, 0, root);
	yaml_event_delete(&event);
	if (!rc)
		rc = expect(p, YAML_DOCUMENT_END_EVENT, several);
	return rc ? rc : expect(p, YAML_STREAM_END_EVENT, several);
}

/*
 * libyaml compares every %TAG directive with all before it, before we see any of them, so that a
 * file of directives would take its square. Nothing here needs more than a %YAML.
 */
static bool too_many_directives(const char *text, size_t size)
{
	/* the last bytes of what libyaml takes for a line break: CR, LF, NEL, LS, PS */
	static const char ends[] = "\r\n\x85\xa8\xa9";
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += text[i] == '%' && (!i || memchr(ends, text[i - 1], sizeof(ends) - 1));
	return n > DIRECTIVES_MAX;
}

int cb_node_parse(struct cb_node_pool *pool, const char *origin, bool places, const char *text,
	size_t size, const struct cb_node **root, struct cb_error *err)
{
	struct cb_parse p = {.pool = pool, .err = err, .places = places};
	int rc;

	p.origin = cb_node_text(pool, origin);
	if (!p.origin || !yaml_parser_initialize(&p.yaml))
		return no_memory(&p);
	if (size > CB_NODE_TEXT_MAX) {
		rc = cb_error_set(
			err, CB_ERR_USAGE, "%s: larger than %zu bytes", origin, CB_NODE_TEXT_MAX);
	} else if (too_many_directives(text, size)) {
		rc = cb_error_set(err, CB_ERR_USAGE, "%s: more than %d lines begin with %%", origin,
			DIRECTIVES_MAX);
	} else {
		yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
		yaml_parser_set_input_string(&p.yaml, (const unsigned char *)text, size);
		rc = read_stream(&p, root);
	}
	yaml_parser_delete(&p.yaml);
	return rc;
}
