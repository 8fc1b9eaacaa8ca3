/* Files of packets: whatever the bytes are, an error or an end, and every packet's bytes are there.
 */
#include "harness/net/pcap_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static volatile uint8_t sink;
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
		for (uint32_t i = 0; i < packet.captured; i++)
			sink ^= packet.bytes[i];
	}
	cb_pcap_file_close(file);
	return 0;
}
