/* Nodes -> YAML, through libyaml's emitter. */
#include "harness/scenario/node.h"

#include <string.h>
#include <yaml.h>

static int write_text(void *arg, unsigned char *bytes, size_t n)
{
	struct cb_text *out = arg;

	cb_text_add_n(out, bytes, n);
	return !out->failed;
}

static bool all_scalars(const struct cb_node *node)
{
	for (size_t i = 0; i < node->n; i++) {
		if (node->items[i]->kind != CB_NODE_SCALAR)
			return false;
	}
	return true;
}

static bool emit_scalar(yaml_emitter_t *e, const struct cb_node *node)
{
	yaml_event_t event;

	return yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)node->text,
		       (int)strlen(node->text), 1, 1,
		       node->quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE) &&
		yaml_emitter_emit(e, &event);
}

static bool emit_start(yaml_emitter_t *e, const struct cb_node *node)
{
	yaml_event_t event;
	int made;

	if (node->kind == CB_NODE_MAP)
		made = yaml_mapping_start_event_initialize(
			&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
	else
		made = yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
			all_scalars(node) ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE);
	return made && yaml_emitter_emit(e, &event);
}

static bool emit_end(yaml_emitter_t *e, const struct cb_node *node)
{
	yaml_event_t event;
	int made = node->kind == CB_NODE_MAP ? yaml_mapping_end_event_initialize(&event)
					     : yaml_sequence_end_event_initialize(&event);

	return made && yaml_emitter_emit(e, &event);
}

/* As deep as the nodes, which cb_node_parse has limited. */
static bool emit_node(yaml_emitter_t *e, const struct cb_node *node)
{
	if (node->kind == CB_NODE_SCALAR)
		return emit_scalar(e, node);
	if (!emit_start(e, node))
		return false;
	for (size_t i = 0; i < node->n; i++) {
		if (node->kind == CB_NODE_MAP && !emit_scalar(e, node->keys[i]))
			return false;
		if (!emit_node(e, node->items[i]))
			return false;
	}
	return emit_end(e, node);
}

static bool emit_document(yaml_emitter_t *e, const struct cb_node *root)
{
	yaml_event_t event;

	return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
		yaml_emitter_emit(e, &event) &&
		yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
		yaml_emitter_emit(e, &event) && emit_node(e, root) &&
		yaml_document_end_event_initialize(&event, 1) && yaml_emitter_emit(e, &event) &&
		yaml_stream_end_event_initialize(&event) && yaml_emitter_emit(e, &event) &&
		yaml_emitter_flush(e);
}

int cb_node_emit(const struct cb_node *root, struct cb_text *out, struct cb_error *err)
{
	yaml_emitter_t e;
	bool done;

	if (!yaml_emitter_initialize(&e))
		return cb_error_memory(err, "YAML");
	yaml_emitter_set_output(&e, write_text, out);
	yaml_emitter_set_unicode(&e, 1);
	yaml_emitter_set_width(&e, -1);
	done = emit_document(&e, root);
	yaml_emitter_delete(&e);
	return done ? 0 : cb_error_memory(err, "YAML");
}
