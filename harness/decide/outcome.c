#include "harness/decide/outcome.h"

#include "harness/base/error.h"

const char *const cb_outcome_names[] = {"same", "unclear", "suspect", "confirmed"};

enum cb_outcome cb_outcome_worst(enum cb_outcome a, enum cb_outcome b)
{
	return a > b ? a : b;
}

int cb_outcome_code(enum cb_outcome outcome)
{
	static const int codes[] = {[CB_OUTCOME_SAME] = 0,
		[CB_OUTCOME_UNCLEAR] = CB_ERR_INCONCLUSIVE,
		[CB_OUTCOME_SUSPECT] = CB_ERR_INCONCLUSIVE,
		[CB_OUTCOME_CONFIRMED] = CB_ERR_REGRESSION};

	return codes[outcome];
}
