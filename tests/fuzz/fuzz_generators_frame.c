/* Frames from a file or a link: where their stamp would be, and other addresses in them. */
#include "generators/traffic/readdress.h"
#include "harness/net/stamp.h"
#include "harness/net/stamp_place.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t n = (uint32_t)size, place;
	uint8_t *copy;

	if (!size || size > UINT16_MAX)
		return 0;
	place = cb_stamp_place(data, n);
	if (place && (place >= n || n - place < CB_STAMP_SIZE))
		abort();
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	cb_readdress(copy, n, data[size - 1] * 0x01010101U);
	/* other addresses, not other headers */
	if (cb_stamp_place(copy, n) != place)
		abort();
	free(copy);
	return 0;
}
