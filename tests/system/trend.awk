# Where a series changed, and how surely, by itself: reads "level METRIC RUN VALUE", runs in order, and says for each
# metric "changes METRIC - N" and for its k-th change "run", "p", "before", "after" METRIC K VALUE. -v alpha, seed and
# shuffles are those of trend.json.
#
# A rank CUSUM against that of shuffled series (Pettitt 1979), the shuffles by splitmix64 (Steele, Lea, Flood 2014), of
# which awk has to make 64-bit words out of two halves of 32 bits.

BEGIN {
	word = 4294967296
	for (a = 0; a < 256; a++)
		for (b = 0; b < 256; b++) {
			x = 0
			for (bit = 1; bit < 256; bit *= 2)
				x += (int(a / bit) % 2 != int(b / bit) % 2) ? bit : 0
			xor[a * 256 + b] = x
		}
}

$1 == "level" {
	if (!($2 in n))
		metrics[++n_metrics] = $2
	value[$2, n[$2]++] = $4
}

function xor32(a, b,    r, scale)
{
	r = 0
	for (scale = 1; scale < word; scale *= 256)
		r += scale * xor[(int(a / scale) % 256) * 256 + int(b / scale) % 256]
	return r
}

# z ^= z >> bits, for z in (hi, lo)
function mix(bits,    low, high)
{
	high = int(hi / 2 ^ bits)
	low = int(lo / 2 ^ bits) + (hi % 2 ^ bits) * 2 ^ (32 - bits)
	hi = xor32(hi, high)
	lo = xor32(lo, low)
}

# (hi, lo) *= the number of these four quarters, the lowest first
function multiply(b0, b1, b2, b3,    a0, a1, a2, a3, p0, p1, p2, p3)
{
	a0 = lo % 65536
	a1 = int(lo / 65536)
	a2 = hi % 65536
	a3 = int(hi / 65536)
	p0 = a0 * b0
	p1 = a0 * b1 + a1 * b0 + int(p0 / 65536)
	p2 = a0 * b2 + a1 * b1 + a2 * b0 + int(p1 / 65536)
	p3 = a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + int(p2 / 65536)
	lo = p0 % 65536 + (p1 % 65536) * 65536
	hi = p2 % 65536 + (p3 % 65536) * 65536
}

function next_random()
{
	state_lo += 2135587861 # 0x7f4a7c15
	state_hi = (state_hi + 2654435769 + (state_lo >= word)) % word # 0x9e3779b9
	state_lo %= word
	hi = state_hi
	lo = state_lo
	mix(30)
	multiply(58809, 7396, 18285, 48984) # 0xbf58 476d 1ce4 e5b9
	mix(27)
	multiply(4587, 4913, 18875, 38096) # 0x94d0 49bb 1331 11eb
	mix(31)
}

function below(m,    per_word)
{
	per_word = word % m
	do
		next_random()
	while (hi == 0 && lo < (per_word * per_word) % m)
	return ((hi % m) * per_word + lo % m) % m
}

# The largest deviation of a sum of ranks; its place is in `place`.
function deviation(first, end,    i, sum, largest, mean, size)
{
	sum = 0
	largest = -1
	mean = (end - first + 1) / 2
	for (i = 1; i + 3 <= end - first; i++) {
		sum += rank[first + i - 1] - mean
		size = sum < 0 ? -sum : sum
		if (i >= 3 && size > largest) {
			largest = size
			place = first + i
		}
	}
	return largest
}

# The p of a part's best cut, which is in `cut`.
function split_part(metric, first, end,    i, j, k, seen, as_large, keep)
{
	if (end - first < 6)
		return 1
	for (i = first; i < end; i++) {
		rank[i] = 0.5
		for (j = first; j < end; j++)
			rank[i] += value[metric, j] + 0 < value[metric, i] + 0 ? 1 : value[metric, j] + 0 == value[metric, i] + 0 ? 0.5 : 0
	}
	seen = deviation(first, end)
	cut = place
	as_large = 1
	for (k = 0; k < shuffles; k++) {
		for (i = end; i > first + 1; i--) {
			j = first + below(i - first)
			keep = rank[i - 1]
			rank[i - 1] = rank[j]
			rank[j] = keep
		}
		as_large += deviation(first, end) >= seen
	}
	return as_large / (shuffles + 1)
}

function median(metric, first, end,    i, j, x, sorted)
{
	for (i = first; i < end; i++) {
		x = value[metric, i] + 0
		for (j = i; j > first && sorted[j - 1] > x; j--)
			sorted[j] = sorted[j - 1]
		sorted[j] = x
	}
	i = int((first + end) / 2)
	return (end - first) % 2 ? sorted[i] : (sorted[i - 1] + sorted[i]) / 2
}

# Parts from the left; what is found splits its part, and both are looked at.
function find(metric,    first, depth, stack, p, k)
{
	found = 0
	state_hi = int(seed / word)
	state_lo = seed % word
	first = 0
	depth = 1
	stack[1] = n[metric]
	while (depth) {
		p = split_part(metric, first, stack[depth])
		if (p <= alpha) {
			for (k = ++found; k > 1 && at[k - 1] > cut; k--) {
				at[k] = at[k - 1]
				sure[k] = sure[k - 1]
			}
			at[k] = cut
			sure[k] = p
			stack[++depth] = cut
		} else
			first = stack[depth--]
	}
}

END {
	for (m = 1; m <= n_metrics; m++) {
		metric = metrics[m]
		find(metric)
		at[0] = 0
		at[found + 1] = n[metric]
		printf "changes %s - %d\n", metric, found
		for (k = 1; k <= found; k++) {
			printf "run %s %d %d\n", metric, k, at[k]
			printf "p %s %d %.12g\n", metric, k, sure[k]
			printf "before %s %d %.12g\n", metric, k, median(metric, at[k - 1], at[k])
			printf "after %s %d %.12g\n", metric, k, median(metric, at[k], at[k + 1])
		}
	}
}
