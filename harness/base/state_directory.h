/*
 * Where small files about what is under way on this machine lie, so that `clean` finds what a
 * killed process left: /run/capbench (root), $XDG_RUNTIME_DIR/capbench, or /tmp/capbench-UID. A
 * directory that nobody else can write, and that a reboot empties.
 */
#ifndef CB_HARNESS_BASE_STATE_DIRECTORY_H
#define CB_HARNESS_BASE_STATE_DIRECTORY_H

#include "harness/base/error.h"

#include <limits.h>

/* Make the directory if need be; CB_ERR_HOST when there is none that is safe to use. */
int cb_state_directory(char dir[PATH_MAX], struct cb_error *err);

#endif
