#include "harness/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts go to terminals and logs line by line, and may quote hostile input. */
static void strip_controls(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f)
			*c = ' ';
	}
}

int cb_error_set(struct cb_error *err, int code, const char *fmt, ...)
{
	/* The arguments may point into err->text, so it is not written to directly. */
	char text[sizeof(err->text)];
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strip_controls(text);
	err->code = code;
	err->sys_errno = 0;
	memcpy(err->text, text, sizeof(text));
	return code;
}

int cb_error_errno(struct cb_error *err, int code, int sys_errno, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sys_errno = abs(sys_errno);
	cb_error_set(err, code, "%s: %s", text, strerror(sys_errno));
	err->sys_errno = sys_errno;
	return code;
}

int cb_error_prepend(struct cb_error *err, const char *fmt, ...)
{
	char context[sizeof(err->text)];
	int sys_errno;
	va_list ap;

	if (!err)
		return CB_ERR_INTERNAL;
	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	sys_errno = err->sys_errno;
	cb_error_set(err, err->code, "%s: %s", context, err->text);
	err->sys_errno = sys_errno;
	return err->code;
}

int cb_error_memory(struct cb_error *err, const char *what)
{
	return cb_error_set(err, CB_ERR_INTERNAL, "out of memory for %s", what);
}

int cb_error_exit_status(const struct cb_error *err)
{
	if (!err)
		return -CB_ERR_INTERNAL;
	return err->code == CB_ERR_INTERRUPTED ? 128 + err->sys_errno : -err->code;
}
