/* Files of packets: whatever the bytes are, an error or an end, and every packet's bytes are there.
 */
#include "harness/net/pcap_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte is read, so that the sanitizer sees whether it is there. */
static void touch(const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		(void)*(const volatile uint8_t *)&bytes[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_pcap_packet packet;
	struct cb_pcap_file *file;
	struct cb_error err;
	FILE *stream;

	if (!size)
		return 0;
	stream = fmemopen((void *)(uintptr_t)data, size, "rb");
	if (!stream || cb_pcap_file_open_stream(&file, stream, "fuzz", &err))
		return 0;
	while (cb_pcap_file_next(file, &packet, &err) > 0) {
		if (packet.length < packet.captured || packet.captured > CB_PCAP_CAPTURED_MAX)
			abort();
		touch(packet.bytes, packet.captured);
	}
	cb_pcap_file_close(file);
	return 0;
}
