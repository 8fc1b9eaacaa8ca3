/* An interface's promiscuous mode, for those who capture by other means than a socket of their own.
 */
#ifndef CB_CAPTURERS_PROMISCUOUS_H
#define CB_CAPTURERS_PROMISCUOUS_H

#include "harness/base/error.h"

/*
 * Turn it on as long as *fd is open, however this process ends. The kernel counts those who want
 * it, so that others' wishes are kept. CB_ERR_IMPOSSIBLE without the privilege.
 */
#ifdef CB_LINUX_MEMBERS
int cb_promiscuous_hold(const char *interface, int *fd, struct cb_error *err);
#else
static inline int cb_promiscuous_hold(const char *interface, int *fd, struct cb_error *err)
{
	*fd = -1;
	return 0;
}
#endif

#endif
