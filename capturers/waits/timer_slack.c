#include "capturers/waits/timer_slack.h"

#ifdef __linux__

#include <errno.h>
#include <sys/prctl.h>

int cb_timer_slack_least(int *before, struct cb_error *err)
{
	*before = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
	if (prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0))
		return cb_error_errno(err, CB_ERR_HOST, errno, "setting the timer slack");
	return 0;
}

void cb_timer_slack_restore(int before)
{
	if (before > 0)
		prctl(PR_SET_TIMERSLACK, before, 0, 0, 0);
}

#else

int cb_timer_slack_least(int *before, struct cb_error *err)
{
	*before = 0;
	return 0;
}

void cb_timer_slack_restore(int before)
{
}

#endif
