/*
 * A YAML text as a tree of nodes that know their place in it. Not a general YAML library: what a
 * scenario has no use for (several documents, tags, keys that are no text) is refused, and so is
 * whatever a hostile file would use to cost time or memory. Nodes are never changed once made:
 * setting a value makes new nodes along its path, so that aliases can share them.
 */
#ifndef CB_HARNESS_SCENARIO_NODE_H
#define CB_HARNESS_SCENARIO_NODE_H

#include "harness/base/error.h"
#include "harness/base/text.h"

#include <stdbool.h>
#include <stddef.h>

#define CB_NODE_TEXT_MAX    ((size_t)1 << 20) /* bytes of a file */
#define CB_NODE_DEPTH_MAX   32
#define CB_NODE_COUNT_MAX   100000 /* with aliases written out */
#define CB_NODE_KEYS_MAX    1000   /* of one map */
#define CB_NODE_ANCHORS_MAX 256

enum cb_node_kind { CB_NODE_SCALAR, CB_NODE_SEQUENCE, CB_NODE_MAP };

struct cb_node {
	enum cb_node_kind kind;
	const char *origin; /* for errors: the file's path, or "--set key=value" */
	int line, column;   /* from 1; 0: places in `origin` are of no use */
	const char *text;   /* SCALAR */
	bool quoted;        /* SCALAR: "" or a block, so "~" is a text */
	size_t n;
	const struct cb_node **keys;  /* MAP: n scalars, no two alike */
	const struct cb_node **items; /* SEQUENCE, MAP: n values */
	size_t weight;                /* nodes in it, itself included, aliases written out */
	int height;                   /* of the tree below; 0 for a scalar */
};

/* Owns the memory of nodes. Zero-initialise; finish frees all of them at once. */
struct cb_node_pool {
	struct cb_node_block *blocks;
};
void cb_node_pool_finish(struct cb_node_pool *pool);

/* `size` zeroed bytes that live as long as the pool; NULL out of memory. */
void *cb_node_alloc(struct cb_node_pool *pool, size_t size);
/* A copy of `text`; NULL out of memory. */
char *cb_node_text(struct cb_node_pool *pool, const char *text);

/*
 * Read `size` bytes of YAML. `origin` is copied; `places` says whether lines and columns mean
 * something to the user. CB_ERR_USAGE with the place for anything that is wrong with the text.
 */
int cb_node_parse(struct cb_node_pool *pool, const char *origin, bool places, const char *text,
	size_t size, const struct cb_node **root, struct cb_error *err);

/* Nodes of one's own, placed where `at` is. NULL out of memory. */
const struct cb_node *cb_node_scalar(
	struct cb_node_pool *pool, const struct cb_node *at, const char *text);
const struct cb_node *cb_node_sequence(struct cb_node_pool *pool, const struct cb_node *at,
	const struct cb_node *const *items, size_t n);
const struct cb_node *cb_node_map(struct cb_node_pool *pool, const struct cb_node *at);

/* The map with `key` set to `value` (NULL: without `key`): a new node, or NULL out of memory. */
const struct cb_node *cb_node_set(struct cb_node_pool *pool, const struct cb_node *map,
	const char *key, const struct cb_node *value);

/* The value of `key`, or NULL. */
const struct cb_node *cb_node_find(const struct cb_node *map, const char *key);
/* A key without a value: nothing, "~" or "null", not quoted. */
bool cb_node_is_null(const struct cb_node *node);
/* "a value", "a list", "a map". Static. */
const char *cb_node_kind_text(const struct cb_node *node);

/* CB_ERR_USAGE "origin:line:column: ...". A macro, so that callers (and analyzers) see the value.
 */
#define cb_node_error(at, err, ...) (cb_node_error_set(at, err, __VA_ARGS__), CB_ERR_USAGE)
void cb_node_error_set(const struct cb_node *at, struct cb_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Append the tree as YAML that reads back to the same tree. CB_ERR_INTERNAL out of memory. */
int cb_node_emit(const struct cb_node *root, struct cb_text *out, struct cb_error *err);

#endif
