#include "harness/base/rate.h"

#include "harness/base/text.h"
#include "harness/base/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define PART_MAX 48
#define PPM      1000000

static const char form[] = "frames a second as in 1270k, max, bits as in 500Mbit or 500Mbit L1, or "
			   "a share of a line rate as in 100% of 1G";

/* Takes `word` and the blanks before it off the end of `text`. */
static bool strip(char *text, const char *word)
{
	size_t n = strlen(text), w = strlen(word);

	if (n < w || strcmp(text + n - w, word) != 0)
		return false;
	n -= w;
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = '\0';
	return true;
}

/* "1G", and with `word` behind it "1Gbit", "1 Gbit/s". */
static int parse_bits(char *text, bool word, int64_t *bits)
{
	bool per_second = strip(text, "/s"), found = strip(text, "bit");

	if ((word || per_second) && !found)
		return -EINVAL;
	if (strstr(text, "pps") || !strcmp(text, "max"))
		return -EINVAL;
	return cb_unit_parse(CB_UNIT_RATE, text, bits, NULL);
}

static int to_pps(int64_t bits, int64_t share_ppm, int64_t bytes, int64_t *pps)
{
	__int128 frames = (__int128)bits * share_ppm / PPM / (8 * (__int128)bytes);

	if (frames < 1 || frames >= CB_RATE_MAX)
		return -ERANGE;
	*pps = (int64_t)frames;
	return 0;
}

/* `of`: where in `text` the word stands. */
static int parse_share(char *text, char *of, int64_t frame_size, int64_t *pps)
{
	int64_t share_ppm = 0, bits = 0;
	int rc;

	*of = '\0';
	if (!strchr(text, '%'))
		return -EINVAL;
	rc = cb_unit_parse(CB_UNIT_RATIO, text, &share_ppm, NULL);
	if (!rc)
		rc = parse_bits(of + strlen(" of "), false, &bits);
	return rc ? rc : to_pps(bits, share_ppm, frame_size + CB_RATE_LAYER1_BYTES, pps);
}

int cb_rate_parse(const char *text, int64_t frame_size, int64_t *pps, const char **why)
{
	char part[PART_MAX], *of;
	int64_t bits = 0, bytes = frame_size;
	int rc = -EINVAL;

	if (why)
		*why = form;
	if (!cb_text_copy(part, sizeof(part), text))
		return -EINVAL;
	strip(part, "");
	of = strstr(part, " of ");
	if (of) {
		rc = parse_share(part, of, frame_size, pps);
	} else if (strstr(part, "bit")) {
		if (strip(part, "L1"))
			bytes += CB_RATE_LAYER1_BYTES;
		else
			strip(part, "L2");
		rc = parse_bits(part, true, &bits);
		if (!rc)
			rc = to_pps(bits, PPM, bytes, pps);
	} else {
		return cb_unit_parse(CB_UNIT_RATE, text, pps, NULL);
	}
	if (rc == -ERANGE && why)
		*why = "it comes to less than one frame a second, or to more than can be counted";
	return rc;
}
