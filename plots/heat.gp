# A heat map: a row a series, a column an x, each field's median as colour and as number with [min, max] below.
# The colours are cividis, which colour-blind readers see as others do; it goes from dark to light, so that it
# reads in grey, too.
set palette defined (0 '#00204d', 0.125 '#00336f', 0.25 '#39486b', 0.375 '#575d6d', 0.5 '#707173', \
	0.625 '#8a8779', 0.75 '#a69d75', 0.875 '#c4b56c', 1 '#ffea46')
set style fill solid 1 border lc rgb '#ffffff'
set border 0
unset grid
unset key
set tics scale 0
set colorbox
set cbrange [0:y_top]
set yrange [rows + 0.5:0.5]
field(column_of_y) = y_scale * column_of_y
dark(v) = v < 0.6 * y_top
shown(v, on_dark) = v == v && dark(v) == on_dark
number(median) = sprintf(median < 9.95 ? "%.2g" : "%.3g", median)
range(min, max) = sprintf("[%.3g, %.3g]", min, max)
