/* Maps: keys of which no two are alike, and YAML's merge key. */
#include "harness/scenario/parse.h"

#include <string.h>

/* A map while it is read. */
struct map_reader {
	struct cb_parse_list keys, items;
	const struct cb_node *merge; /* the value of "<<", NULL: none */
};

static const struct cb_node *find_key(const struct map_reader *m, const char *key)
{
	for (size_t i = 0; i < m->keys.n; i++) {
		if (!strcmp(m->keys.items[i]->text, key))
			return m->keys.items[i];
	}
	return NULL;
}

static int read_key(struct cb_parse *p, struct map_reader *m, const yaml_event_t *event,
	const struct cb_node **out)
{
	const struct cb_node *key, *before;
	int rc;

	if (event->type != YAML_SCALAR_EVENT) {
		struct cb_node at = cb_parse_place(p, event->start_mark);

		return cb_node_error(&at, p->err, "a key must be plain text");
	}
	rc = cb_parse_scalar(p, event, &key);
	if (rc)
		return rc;
	before = find_key(m, key->text);
	if (before && p->places)
		return cb_node_error(key, p->err, "%.60s: this key was there already in line %d",
			key->text, before->line);
	if (before)
		return cb_node_error(key, p->err, "%.60s: this key is there twice", key->text);
	if (m->merge && !strcmp(key->text, "<<") && !key->quoted)
		return cb_node_error(key, p->err, "<<: this key is there twice: write a list");
	if (m->keys.n >= CB_NODE_KEYS_MAX)
		return cb_node_error(key, p->err, "more than %d keys in one map", CB_NODE_KEYS_MAX);
	*out = key;
	return 0;
}

static int read_pair(
	struct cb_parse *p, struct map_reader *m, const yaml_event_t *key_event, int depth)
{
	const struct cb_node *key = NULL, *value = NULL;
	yaml_event_t event;
	int rc;

	rc = read_key(p, m, key_event, &key);
	if (!rc)
		rc = cb_parse_next(p, &event);
	if (rc)
		return rc;
	rc = cb_parse_node(p, &event, depth + 1, &value);
	yaml_event_delete(&event);
	if (rc)
		return rc;
	if (!strcmp(key->text, "<<") && !key->quoted) {
		m->merge = value;
		return 0;
	}
	rc = cb_parse_list_add(p, &m->keys, key);
	return rc ? rc : cb_parse_list_add(p, &m->items, value);
}

/* YAML's merge key: pairs of `from` that the map does not have itself. */
static int merge_map(struct cb_parse *p, struct map_reader *m, const struct cb_node *from)
{
	int rc = 0;

	if (from->kind != CB_NODE_MAP)
		return cb_node_error(
			m->merge, p->err, "<<: takes a map or a list of maps, as in <<: *base");
	for (size_t i = 0; i < from->n && !rc; i++) {
		if (find_key(m, from->keys[i]->text))
			continue;
		if (m->keys.n >= CB_NODE_KEYS_MAX)
			return cb_node_error(
				m->merge, p->err, "more than %d keys in one map", CB_NODE_KEYS_MAX);
		rc = cb_parse_list_add(p, &m->keys, from->keys[i]);
		if (!rc)
			rc = cb_parse_list_add(p, &m->items, from->items[i]);
	}
	return rc;
}

static int merge(struct cb_parse *p, struct map_reader *m)
{
	int rc = 0;

	if (!m->merge)
		return 0;
	if (m->merge->kind != CB_NODE_SEQUENCE)
		return merge_map(p, m, m->merge);
	for (size_t i = 0; i < m->merge->n && !rc; i++)
		rc = merge_map(p, m, m->merge->items[i]);
	return rc;
}

int cb_parse_map(
	struct cb_parse *p, const yaml_event_t *start, int depth, const struct cb_node **out)
{
	struct map_reader m = {0};
	struct cb_node *node;
	yaml_event_t event;
	int rc;

	rc = cb_parse_new(p, CB_NODE_MAP, start->data.mapping_start.tag, start->start_mark, &node);
	while (!rc) {
		bool end;

		rc = cb_parse_next(p, &event);
		if (rc)
			break;
		end = event.type == YAML_MAPPING_END_EVENT;
		if (!end)
			rc = read_pair(p, &m, &event, depth);
		yaml_event_delete(&event);
		if (end)
			break;
	}
	if (!rc)
		rc = merge(p, &m);
	if (rc)
		return rc;
	node->keys = m.keys.items;
	node->items = m.items.items;
	node->n = m.keys.n;
	for (size_t i = 0; i < node->n; i++) {
		cb_parse_weigh(node, node->items[i]);
		node->weight++;
	}
	*out = node;
	return 0;
}
