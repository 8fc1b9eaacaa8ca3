/* `list settings`: what `host:` may set. */
#ifndef CB_HARNESS_CLI_LIST_SETTINGS_H
#define CB_HARNESS_CLI_LIST_SETTINGS_H

#include <jansson.h>

#define CB_LIST_SETTINGS "settings"

json_t *cb_list_settings_json(void);
void cb_list_settings_print(void);

#endif
