/*
 * libpcap, loaded at run time: the program itself needs none, and several
 * versions can be compared in one run. What is here is the door to the
 * library: a table of its functions. Not a mechanism, and nothing but POSIX.
 *
 * Only the types of <pcap/pcap.h> are used; its functions are called through the table.
 */
#ifndef CB_CAPTURERS_PCAP_LIBRARY_H
#define CB_CAPTURERS_PCAP_LIBRARY_H

#include "harness/base/error.h"

#include <pcap/pcap.h>

/*
 * Every function wanted, pcap_NAME, and the libpcap that brought it. REQUIRED ones (libpcap 0.9)
 * are there once the library is open; an OPTIONAL one may be NULL, and who calls it must look.
 */
#define CB_PCAP_FUNCTIONS(REQUIRED, OPTIONAL)    \
	REQUIRED(close)                          \
	REQUIRED(compile)                        \
	REQUIRED(datalink)                       \
	REQUIRED(dispatch)                       \
	REQUIRED(fileno)                         \
	REQUIRED(freecode)                       \
	REQUIRED(geterr)                         \
	REQUIRED(get_selectable_fd)              \
	REQUIRED(lib_version)                    \
	REQUIRED(next_ex)                        \
	REQUIRED(open_dead)                      \
	REQUIRED(open_live)                      \
	REQUIRED(setdirection)                   \
	REQUIRED(setfilter)                      \
	REQUIRED(setnonblock)                    \
	REQUIRED(stats)                          \
	OPTIONAL(activate)             /* 1.0 */ \
	OPTIONAL(create)               /* 1.0 */ \
	OPTIONAL(offline_filter)       /* 1.0 */ \
	OPTIONAL(set_buffer_size)      /* 1.0 */ \
	OPTIONAL(set_promisc)          /* 1.0 */ \
	OPTIONAL(set_snaplen)          /* 1.0 */ \
	OPTIONAL(set_timeout)          /* 1.0 */ \
	OPTIONAL(statustostr)          /* 1.0 */ \
	OPTIONAL(get_tstamp_precision) /* 1.5 */ \
	OPTIONAL(set_immediate_mode)   /* 1.5 */ \
	OPTIONAL(set_tstamp_precision) /* 1.5 */

struct cb_pcap_library {
	void *handle; /* dlopen()'s, NULL: not open */
#define CB_PCAP_POINTER(name) __typeof__(pcap_##name) *(name);
	CB_PCAP_FUNCTIONS(CB_PCAP_POINTER, CB_PCAP_POINTER)
#undef CB_PCAP_POINTER
};

/*
 * Load the shared object `path`; NULL or "": the system's libpcap, under any of the names that
 * systems give it. CB_ERR_IMPOSSIBLE when there is none, or what is there is no libpcap. Another
 * path is another library, with globals of its own.
 */
int cb_pcap_library_open(struct cb_pcap_library *l, const char *path, struct cb_error *err);

/* Unload; a zeroed or closed one is fine. Nothing that the library made may be left. */
void cb_pcap_library_close(struct cb_pcap_library *l);

#endif
