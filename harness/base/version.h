/* The version, from the file VERSION through the build. */
#ifndef CB_HARNESS_BASE_VERSION_H
#define CB_HARNESS_BASE_VERSION_H

#ifndef CB_VERSION
#define CB_VERSION "unknown"
#endif

#endif
