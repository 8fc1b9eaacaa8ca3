/*
 * Errors as values: a code that is also the exit status, errno, and a text
 * that names the thing and the cure.
 *
 * A function that can fail returns 0 or one of the negative codes below and
 * fills its last argument. Callers prepend context; only main exits.
 */
#ifndef CB_HARNESS_BASE_ERROR_H
#define CB_HARNESS_BASE_ERROR_H

/* -code is the exit status of the program. */
enum cb_code {
	CB_OK = 0,
	CB_ERR_INTERNAL = -1,      /* a defect, or out of memory */
	CB_ERR_USAGE = -2,         /* the command line or the scenario is wrong */
	CB_ERR_REGRESSION = -3,    /* compare: a regression is confirmed */
	CB_ERR_IMPOSSIBLE = -4,    /* not possible here: privilege, kernel feature, hardware */
	CB_ERR_HOST = -5,          /* a host, an agent or the connection to it failed */
	CB_ERR_INCONCLUSIVE = -6,  /* invalid measurements, or no data */
	CB_ERR_RESET = -7,         /* replay: the peer reset a connection */
	CB_ERR_NO_ANSWER = -8,     /* replay: the peer does not answer, or does not go on */
	CB_ERR_DIFFERENT = -9,     /* replay: the peer sends something else than in the capture */
	CB_ERR_INTERRUPTED = -128, /* a signal asked to stop; sys_errno holds its number */
};

struct cb_error {
	int code;       /* enum cb_code, 0: no error */
	int sys_errno;  /* errno of the call that failed, 0: none */
	char text[768]; /* one sentence, no newline, no final full stop */
};

/* Fill `err` (may be NULL) and return `code`. */
int cb_error_set(struct cb_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with ": strerror(sys_errno)" appended. `sys_errno` may be negative. */
int cb_error_errno(struct cb_error *err, int code, int sys_errno, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Put "context: " before the text that is there; returns err->code (or CB_ERR_INTERNAL for NULL).
 */
int cb_error_prepend(struct cb_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Out of memory, named after what was wanted. Returns CB_ERR_INTERNAL. */
int cb_error_memory(struct cb_error *err, const char *what);

/* The exit status that a code stands for; an interruption gives 128 + signal. */
int cb_error_exit_status(const struct cb_error *err);

#endif
