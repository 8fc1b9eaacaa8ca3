/* The terminal that stdout is, if it is one. */
#ifndef CB_HARNESS_CLI_TERMINAL_H
#define CB_HARNESS_CLI_TERMINAL_H

/* Columns of stdout's terminal, 100 when it is none. */
int cb_terminal_columns(void);

#endif
