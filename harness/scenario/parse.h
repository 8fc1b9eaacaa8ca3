/* What parse.c and parse_map.c share: a reader of libyaml's events. */
#ifndef CB_HARNESS_SCENARIO_PARSE_H
#define CB_HARNESS_SCENARIO_PARSE_H

#include "harness/scenario/node.h"

#include <yaml.h>

struct cb_parse_anchor {
	const char *name;
	const struct cb_node *node; /* NULL: still being read, so an alias to it would be endless */
};

struct cb_parse {
	struct cb_node_pool *pool;
	struct cb_error *err;
	const char *origin;
	bool places;
	yaml_parser_t yaml;
	struct cb_parse_anchor anchors[CB_NODE_ANCHORS_MAX];
	size_t n_anchors;
	size_t count; /* nodes so far, aliases written out */
};

/* A growing array in the pool. */
struct cb_parse_list {
	const struct cb_node **items;
	size_t n, capacity;
};

/* A node without content at `mark`, for errors. */
struct cb_node cb_parse_place(const struct cb_parse *p, yaml_mark_t mark);

/* The next event, to be deleted by the caller when this returns 0. */
int cb_parse_next(struct cb_parse *p, yaml_event_t *event);

/* A node of this kind and tag (NULL: none); counted. */
int cb_parse_new(struct cb_parse *p, enum cb_node_kind kind, const yaml_char_t *tag,
	yaml_mark_t mark, struct cb_node **out);

int cb_parse_list_add(struct cb_parse *p, struct cb_parse_list *list, const struct cb_node *node);

/* Make `child` count in the weight and height of `node`. */
void cb_parse_weigh(struct cb_node *node, const struct cb_node *child);

/* The node that begins with `event`, at `depth` levels below the root; `event` stays the caller's.
 */
int cb_parse_node(
	struct cb_parse *p, const yaml_event_t *event, int depth, const struct cb_node **out);
int cb_parse_scalar(struct cb_parse *p, const yaml_event_t *event, const struct cb_node **out);
int cb_parse_map(
	struct cb_parse *p, const yaml_event_t *start, int depth, const struct cb_node **out);

#endif
