/*
 * Log lines on stderr. Results never go through here: they are on stdout.
 */
#ifndef CB_HARNESS_BASE_LOG_H
#define CB_HARNESS_BASE_LOG_H

enum cb_log_level { CB_LOG_ERROR, CB_LOG_WARN, CB_LOG_INFO, CB_LOG_DEBUG };

/* What is printed at most; the default is CB_LOG_INFO. */
void cb_log_set_level(enum cb_log_level level);
enum cb_log_level cb_log_get_level(void);

/* "name: " before each line, e.g. "agent sensor"; the text is copied. Default: "capbench". */
void cb_log_set_name(const char *name);

/*
 * Called before and after a line is printed, so that a live progress line
 * can get out of the way. NULL: none.
 */
void cb_log_set_hook(void (*before)(void), void (*after)(void));

void cb_log(enum cb_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define cb_error_log(...) cb_log(CB_LOG_ERROR, __VA_ARGS__)
#define cb_warn(...)      cb_log(CB_LOG_WARN, __VA_ARGS__)
#define cb_info(...)      cb_log(CB_LOG_INFO, __VA_ARGS__)
#define cb_debug(...)     cb_log(CB_LOG_DEBUG, __VA_ARGS__)

#endif
