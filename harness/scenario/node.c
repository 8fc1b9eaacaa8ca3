#include "harness/scenario/node.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cb_node_block {
	struct cb_node_block *next;
	alignas(max_align_t) unsigned char data[];
};

void *cb_node_alloc(struct cb_node_pool *pool, size_t size)
{
	struct cb_node_block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		return NULL;
	block->next = pool->blocks;
	pool->blocks = block;
	return block->data;
}

char *cb_node_text(struct cb_node_pool *pool, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = cb_node_alloc(pool, size);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

void cb_node_pool_finish(struct cb_node_pool *pool)
{
	struct cb_node_block *block = pool->blocks, *next;

	for (; block; block = next) {
		next = block->next;
		free(block);
	}
	pool->blocks = NULL;
}

/* A node placed where `at` is. */
static struct cb_node *node_at(
	struct cb_node_pool *pool, const struct cb_node *at, enum cb_node_kind kind)
{
	struct cb_node *node = cb_node_alloc(pool, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->origin = at->origin;
	node->line = at->line;
	node->column = at->column;
	node->weight = 1;
	return node;
}

const struct cb_node *cb_node_scalar(
	struct cb_node_pool *pool, const struct cb_node *at, const char *text)
{
	struct cb_node *node = node_at(pool, at, CB_NODE_SCALAR);

	if (!node)
		return NULL;
	node->text = cb_node_text(pool, text);
	return node->text ? node : NULL;
}

/* Room for n pointers, also for none. */
static const struct cb_node **pointers(struct cb_node_pool *pool, size_t n)
{
	return cb_node_alloc(pool, (n + 1) * sizeof(const struct cb_node *));
}

static void weigh(struct cb_node *node)
{
	node->weight = 1;
	node->height = 0;
	for (size_t i = 0; i < node->n; i++) {
		node->weight += node->items[i]->weight + (node->kind == CB_NODE_MAP);
		if (node->height <= node->items[i]->height)
			node->height = node->items[i]->height + 1;
	}
}

const struct cb_node *cb_node_sequence(struct cb_node_pool *pool, const struct cb_node *at,
	const struct cb_node *const *items, size_t n)
{
	struct cb_node *node = node_at(pool, at, CB_NODE_SEQUENCE);

	if (!node)
		return NULL;
	node->items = pointers(pool, n);
	if (!node->items)
		return NULL;
	if (n)
		memcpy(node->items, items, n * sizeof(*items));
	node->n = n;
	weigh(node);
	return node;
}

const struct cb_node *cb_node_map(struct cb_node_pool *pool, const struct cb_node *at)
{
	struct cb_node *node = node_at(pool, at, CB_NODE_MAP);

	if (!node)
		return NULL;
	node->keys = pointers(pool, 0);
	node->items = pointers(pool, 0);
	return node->keys && node->items ? node : NULL;
}

const struct cb_node *cb_node_set(struct cb_node_pool *pool, const struct cb_node *map,
	const char *key, const struct cb_node *value)
{
	struct cb_node *node = node_at(pool, map, CB_NODE_MAP);
	bool done = false;

	if (!node)
		return NULL;
	node->keys = pointers(pool, map->n + 1);
	node->items = pointers(pool, map->n + 1);
	if (!node->keys || !node->items)
		return NULL;
	for (size_t i = 0; i < map->n; i++) {
		bool same = !strcmp(map->keys[i]->text, key);

		done = done || same;
		if (same && !value)
			continue;
		node->keys[node->n] = map->keys[i];
		node->items[node->n++] = same ? value : map->items[i];
	}
	if (!done && value) {
		node->keys[node->n] = cb_node_scalar(pool, value, key);
		if (!node->keys[node->n])
			return NULL;
		node->items[node->n++] = value;
	}
	weigh(node);
	return node;
}

const struct cb_node *cb_node_find(const struct cb_node *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++) {
		if (!strcmp(map->keys[i]->text, key))
			return map->items[i];
	}
	return NULL;
}

bool cb_node_is_null(const struct cb_node *node)
{
	return node->kind == CB_NODE_SCALAR && !node->quoted &&
		(!*node->text || !strcmp(node->text, "~") || !strcmp(node->text, "null"));
}

const char *cb_node_kind_text(const struct cb_node *node)
{
	static const char *const texts[] = {
		[CB_NODE_SCALAR] = "a value",
		[CB_NODE_SEQUENCE] = "a list",
		[CB_NODE_MAP] = "a map",
	};

	return texts[node->kind];
}

void cb_node_error_set(const struct cb_node *at, struct cb_error *err, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!at->line)
		cb_error_set(err, CB_ERR_USAGE, "%s: %s", at->origin, text);
	else
		cb_error_set(
			err, CB_ERR_USAGE, "%s:%d:%d: %s", at->origin, at->line, at->column, text);
}
