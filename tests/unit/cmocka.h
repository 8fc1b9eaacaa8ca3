/* cmocka, with the headers that it needs before it (it includes none itself), in that order. */
#ifndef CB_TESTS_CMOCKA_H
#define CB_TESTS_CMOCKA_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
