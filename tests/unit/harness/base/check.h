/* What the unit tests of the lower layers share. */
#ifndef CB_TESTS_UNIT_HARNESS_BASE_CHECK_H
#define CB_TESTS_UNIT_HARNESS_BASE_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after the headers above, which it needs and does not include */
#include <setjmp.h>
/**/
#include <cmocka.h>

/* An error's text holds a part. */
#define assert_says(text, part) check_says(text, part, __FILE__, __LINE__)

static inline void check_says(const char *text, const char *part, const char *file, int line)
{
	if (!strstr(text, part)) {
		print_error("\"%s\" does not say \"%s\"\n", text, part);
		_fail(file, line);
	}
}

#endif
