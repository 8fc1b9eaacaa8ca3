#include "harness/report/frame.h"

#include "harness/report/format.h"

#define TITLE_COLUMNS  92
#define SMALL_COLUMNS  128
#define SYMBOL_COLUMNS 8 /* a line or a symbol takes about as much as so many letters */
#define LEGEND_COLUMNS (CB_FRAME_LEGEND_LETTERS + SYMBOL_COLUMNS)

/* Appends `text` as gnuplot strings of at most `columns`, broken at blanks; returns the lines. */
static size_t add_wrapped(struct cb_text *out, const char *text, size_t columns)
{
	struct cb_text line = {0};
	size_t lines = 0;

	do {
		size_t width = 0, end = 0, last_blank = 0;

		while (text[end] && width <= columns) {
			width += ((unsigned char)text[end] & 0xc0) != 0x80;
			if (text[end] == ' ')
				last_blank = end;
			end++;
		}
		if (text[end] && last_blank)
			end = last_blank;
		/* A word longer than the line is cut, but not inside of a character. */
		while (text[end] && ((unsigned char)text[end] & 0xc0) == 0x80)
			end++;
		cb_text_clear(&line);
		cb_text_add_n(&line, text, end);
		cb_text_add(out, lines++ ? ".\"\\n\"." : "");
		cb_format_gnuplot(out, cb_text_get(&line));
		text += end;
		while (*text == ' ')
			text++;
	} while (*text);
	cb_text_finish(&line);
	return lines;
}

static void add_legend(const struct cb_frame *f, size_t columns, size_t at_px, struct cb_text *out)
{
	if (f->entries)
		cb_text_addf(out,
			"set key at screen 0.015, screen 1 - %zu.0/height left top "
			"maxcols %zu\n",
			at_px, columns);
	else
		cb_text_add(out, "unset key\n");
}

static void add_margins(
	const struct cb_frame *f, size_t top_px, size_t bottom_px, struct cb_text *out)
{
	cb_text_addf(out, "set tmargin at screen 1 - %zu.0/height\n", top_px);
	cb_text_addf(out, "set bmargin at screen %zu.0/height\n", bottom_px);
	if (f->right_px)
		cb_text_addf(out, "set rmargin at screen 1 - %zu.0/width\n", f->right_px);
	if (f->left_px)
		cb_text_addf(out, "set lmargin at screen %zu.0/width\n", f->left_px);
}

void cb_frame_add(const struct cb_frame *f, struct cb_text *out)
{
	size_t fit = LEGEND_COLUMNS / (f->widest + SYMBOL_COLUMNS), columns = fit ? fit : 1,
	       rows = (f->entries + columns - 1) / columns, title_px, small_px, top_px;
	struct cb_text title = {0}, small = {0};

	title_px = 10 + 19 * add_wrapped(&title, f->title, TITLE_COLUMNS);
	small_px = f->small ? 15 * add_wrapped(&small, f->small, SMALL_COLUMNS) : 0;
	top_px = title_px + (rows ? 18 * rows + 4 : 0) + f->above_px + 12;
	cb_text_addf(out, "height = %zu\n", f->plot_px + top_px + small_px + f->below_px + 72);
	cb_text_addf(out,
		"set label 1 %s at screen 0.012, screen 1 - 20.0/height left font ',11' "
		"textcolor rgb '#111111'\n",
		cb_text_get(&title));
	if (f->small)
		cb_text_addf(out,
			"set label 2 %s at screen 0.012, screen %zu.0/height left font ',8' "
			"textcolor rgb '#444444'\n",
			cb_text_get(&small), small_px - 4);
	add_legend(f, columns, title_px + 6, out);
	add_margins(f, top_px, 68 + small_px + f->below_px, out);
	cb_text_finish(&title);
	cb_text_finish(&small);
}
