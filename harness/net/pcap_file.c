#include "harness/net/pcap_file.h"

#include "harness/base/clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(X) \
	X(close)     \
	X(datalink)  \
	X(fopen_offline_with_tstamp_precision) X(geterr) X(next_ex)

/* libpcap: opened once, kept until the process ends. */
static struct {
	void *handle;
#define POINTER(name) __typeof__(pcap_##name) *(name);
	FUNCTIONS(POINTER)
} library;

struct cb_pcap_file {
	pcap_t *pcap;
	char name[128]; /* the end of the path, for errors */
};

static int load_functions(void *handle, struct cb_error *err)
{
#define LOAD(function)                                                  \
	*(void **)&library.function = dlsym(handle, "pcap_" #function); \
	if (!library.function)                                          \
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,             \
			"this libpcap has no pcap_" #function "; install libpcap 1.5 or later");
	FUNCTIONS(LOAD)
	return 0;
}

static int load_library(struct cb_error *err)
{
	static const char *const names[] = {"libpcap.so.0.8", "libpcap.so.1", "libpcap.so"};
	void *handle = NULL;
	int r;

	if (library.handle)
		return 0;
	for (size_t i = 0; !handle && i < sizeof(names) / sizeof(names[0]); i++)
		handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"reading pcap files needs libpcap; install it (Debian: apt-get install "
			"libpcap0.8)");
	r = load_functions(handle, err);
	if (r)
		dlclose(handle);
	else
		library.handle = handle;
	return r;
}

/* DLT_LINUX_SLL2 is newer than some headers. */
static const struct {
	int type;
	enum cb_pcap_link link;
} links[] = {{DLT_EN10MB, CB_PCAP_ETHERNET}, {DLT_LINUX_SLL, CB_PCAP_COOKED},
	{276, CB_PCAP_COOKED2}, {DLT_RAW, CB_PCAP_IP}};

static int find_link(const struct cb_pcap_file *f, enum cb_pcap_link *link, struct cb_error *err)
{
	int type = library.datalink(f->pcap);

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		*link = links[i].link;
		if (links[i].type == type)
			return 0;
	}
	return cb_error_set(err, CB_ERR_USAGE,
		"%s: its packets are neither Ethernet frames nor Linux cooked ones nor IP alone "
		"(link type %d)",
		f->name, type);
}

static int check_link_type(const struct cb_pcap_file *f, struct cb_error *err)
{
	int type = library.datalink(f->pcap);

	if (type == DLT_EN10MB)
		return 0;
	return cb_error_set(err, CB_ERR_USAGE,
		"%s: holds no Ethernet frames (link type %d); convert it, or capture on an "
		"Ethernet interface",
		f->name, type);
}

/* `link` NULL: Ethernet frames only. */
static int open_links(struct cb_pcap_file **file, FILE *stream, const char *name,
	enum cb_pcap_link *link, struct cb_error *err)
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	struct cb_pcap_file *f = NULL;
	size_t length = strlen(name);
	int r = load_library(err);

	*file = NULL;
	if (!r)
		f = calloc(1, sizeof(*f));
	if (!f) {
		fclose(stream);
		return r ? r : cb_error_memory(err, "a pcap file");
	}
	if (length >= sizeof(f->name))
		name += length - (sizeof(f->name) - 1);
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->pcap = library.fopen_offline_with_tstamp_precision(
		stream, PCAP_TSTAMP_PRECISION_NANO, reason);
	if (!f->pcap) {
		fclose(stream); /* libpcap leaves it open when it fails */
		r = cb_error_set(err, CB_ERR_USAGE, "%s: %s", f->name, reason);
	} else {
		r = link ? find_link(f, link, err) : check_link_type(f, err);
	}
	if (r)
		cb_pcap_file_close(f);
	else
		*file = f;
	return r;
}

int cb_pcap_file_open_stream(
	struct cb_pcap_file **file, FILE *stream, const char *name, struct cb_error *err)
{
	return open_links(file, stream, name, NULL, err);
}

int cb_pcap_file_open_any(struct cb_pcap_file **file, FILE *stream, const char *name,
	enum cb_pcap_link *link, struct cb_error *err)
{
	return open_links(file, stream, name, link, err);
}

int cb_pcap_file_open(struct cb_pcap_file **file, const char *path, struct cb_error *err)
{
	FILE *stream = fopen(path, "rbe");

	*file = NULL;
	if (!stream)
		return cb_error_errno(err, CB_ERR_USAGE, errno, "cannot read %s", path);
	return cb_pcap_file_open_stream(file, stream, path, err);
}

static uint64_t time_of(const struct timeval *tv)
{
	/* tv_usec holds ns, as asked for; a hostile file may hold anything */
	if (tv->tv_sec < 0 || tv->tv_usec < 0)
		return 0;
	return (uint64_t)tv->tv_sec * CB_NS_PER_SEC + (uint64_t)tv->tv_usec;
}

int cb_pcap_file_next(
	struct cb_pcap_file *file, struct cb_pcap_packet *packet, struct cb_error *err)
{
	struct pcap_pkthdr *header = NULL;
	const u_char *bytes = NULL;
	int r = library.next_ex(file->pcap, &header, &bytes);

	if (r == PCAP_ERROR_BREAK)
		return 0;
	if (r != 1)
		return cb_error_set(
			err, CB_ERR_USAGE, "%s: %s", file->name, library.geterr(file->pcap));
	if (header->caplen > CB_PCAP_CAPTURED_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "%s: a packet of %u bytes is not possible",
			file->name, header->caplen);
	*packet = (struct cb_pcap_packet){
		.time_ns = time_of(&header->ts),
		.length = header->len > header->caplen ? header->len : header->caplen,
		.captured = header->caplen,
		.bytes = bytes,
	};
	return 1;
}

void cb_pcap_file_close(struct cb_pcap_file *file)
{
	if (!file)
		return;
	if (file->pcap)
		library.close(file->pcap);
	free(file);
}
