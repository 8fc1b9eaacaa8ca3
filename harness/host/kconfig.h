/*
 * How the running kernel was configured, where it tells. Internal to harness/host.
 */
#ifndef CB_HARNESS_HOST_KCONFIG_H
#define CB_HARNESS_HOST_KCONFIG_H

/* The text of /proc/config.gz, or of a config file of this release below /boot or /lib/modules; to
 * free(). NULL when none can be read. */
char *cb_kconfig_read(void);

#endif
