# The look of every capbench figure. Colours are Okabe and Ito's, which colour-blind readers tell
# apart; point shapes and dashes differ as well, so that a figure reads without colour.
set encoding utf8
set datafile columnheaders
width = 760
height = 470
terminal(form) = \
	form eq 'svg' ? sprintf("set terminal svg noenhanced size %d,%d font 'DejaVu Sans,10' fontscale 1.3 linewidth 1.2 background '#ffffff'", width, height) : \
	form eq 'pdf' ? sprintf("set terminal pdfcairo noenhanced size %.2fcm,%.2fcm font 'DejaVu Sans,10' fontscale 0.55 linewidth 1.1 pointscale 0.5", width / 50.0, height / 50.0) : \
	sprintf("set terminal pngcairo noenhanced size %d,%d font 'DejaVu Sans,10' fontscale 1.9 linewidth 2.2 pointscale 1.9", 2 * width, 2 * height)

# Series 1 to 8: line and filled symbol; 9 to 16: the same colours with other symbols and dashes.
set style line 1  lc rgb '#0072B2' lw 1.8 pt 7  ps 0.9 dt 1
set style line 2  lc rgb '#D55E00' lw 1.8 pt 5  ps 0.9 dt (9,4)
set style line 3  lc rgb '#009E73' lw 1.8 pt 9  ps 1.0 dt (3,3)
set style line 4  lc rgb '#CC79A7' lw 1.8 pt 13 ps 1.0 dt (12,3,3,3)
set style line 5  lc rgb '#E69F00' lw 1.8 pt 11 ps 1.0 dt (16,4)
set style line 6  lc rgb '#56B4E9' lw 1.8 pt 6  ps 1.0 dt (6,3,2,3,2,3)
set style line 7  lc rgb '#000000' lw 1.8 pt 4  ps 1.0 dt (2,5)
set style line 8  lc rgb '#7F7F7F' lw 1.8 pt 8  ps 1.0 dt (12,3,2,3,2,3,2,3)
set style line 9  lc rgb '#0072B2' lw 1.8 pt 12 ps 1.0 dt (3,3)
set style line 10 lc rgb '#D55E00' lw 1.8 pt 10 ps 1.0 dt (12,3,3,3)
set style line 11 lc rgb '#009E73' lw 1.8 pt 1  ps 1.0 dt (16,4)
set style line 12 lc rgb '#CC79A7' lw 1.8 pt 2  ps 1.0 dt 1
set style line 13 lc rgb '#E69F00' lw 1.8 pt 3  ps 1.0 dt (9,4)
set style line 14 lc rgb '#56B4E9' lw 1.8 pt 14 ps 1.0 dt 1
set style line 15 lc rgb '#000000' lw 1.8 pt 15 ps 1.0 dt (9,4)
set style line 16 lc rgb '#7F7F7F' lw 1.8 pt 7  ps 0.9 dt (3,3)
# Single trials: small, pale dots in the colour of their series (AARRGGBB, AA is transparency).
set style line 101 lc rgb '#A00072B2' pt 7 ps 0.45
set style line 102 lc rgb '#A0D55E00' pt 7 ps 0.45
set style line 103 lc rgb '#A0009E73' pt 7 ps 0.45
set style line 104 lc rgb '#A0CC79A7' pt 7 ps 0.45
set style line 105 lc rgb '#A0E69F00' pt 7 ps 0.45
set style line 106 lc rgb '#A056B4E9' pt 7 ps 0.45
set style line 107 lc rgb '#A0000000' pt 7 ps 0.45
set style line 108 lc rgb '#A07F7F7F' pt 7 ps 0.45
set style line 109 lc rgb '#A00072B2' pt 7 ps 0.45
set style line 110 lc rgb '#A0D55E00' pt 7 ps 0.45
set style line 111 lc rgb '#A0009E73' pt 7 ps 0.45
set style line 112 lc rgb '#A0CC79A7' pt 7 ps 0.45
set style line 113 lc rgb '#A0E69F00' pt 7 ps 0.45
set style line 114 lc rgb '#A056B4E9' pt 7 ps 0.45
set style line 115 lc rgb '#A0000000' pt 7 ps 0.45
set style line 116 lc rgb '#A07F7F7F' pt 7 ps 0.45

set border 3 lc rgb '#333333' lw 0.8
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid ytics lc rgb '#DDDDDD' lw 0.6 lt 1
set errorbars 1.3
set key left top horizontal Left reverse samplen 3.2 spacing 1.15 width 1
