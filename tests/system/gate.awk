# Recomputes a comparison from trials alone: medians, shifts with their intervals, permutation tests.
# Input, tab-separated: metric, point, side (base or cand), value; `ratio[metric]` by -v ratios="a b".
# Output: lines "what metric point value", where the point of a whole curve is "curve".
BEGIN {
	FS = "\t"
	split(ratios, list, " ")
	for (i in list)
		is_ratio[list[i]] = 1
	split(lower, list, " ")
	for (i in list)
		is_lower[list[i]] = 1
}

{
	if (!($1 in seen)) {
		seen[$1] = 1
		metrics[++n_metrics] = $1
	}
	if (!(($1, $2) in seen)) {
		seen[$1, $2] = 1
		points[$1, ++n_points[$1]] = $2
	}
	k = ++n[$1, $2, $3]
	value[$1, $2, $3, k] = $4
}

function sort(a, count,    i, j, x)
{
	for (i = 2; i <= count; i++) {
		x = a[i]
		for (j = i - 1; j >= 1 && a[j] > x; j--)
			a[j + 1] = a[j]
		a[j + 1] = x
	}
}

function middle(a, count)
{
	return count % 2 ? a[(count + 1) / 2] : (a[count / 2] + a[count / 2 + 1]) / 2
}

function scale(metric, x)
{
	return metric in is_ratio ? log(x) : x
}

function scaled(metric, point, side, k)
{
	return scale(metric, value[metric, point, side, k])
}

function shown(metric, x)
{
	return metric in is_ratio ? exp(x) - 1 : x
}

function say(what, metric, point, x)
{
	printf "%s %s %s %.12g\n", what, metric, point, x
}

function print_median(metric, point, side,    i, a, count)
{
	count = n[metric, point, side]
	for (i = 1; i <= count; i++)
		a[i] = value[metric, point, side, i]
	sort(a, count)
	say(side ".median", metric, point, middle(a, count))
	say(side ".n", metric, point, count)
}

# The distribution of the rank sum of `a` values among a + b (doubled ranks in rank[1..a+b]) is
# folded into total[].
function fold(a, b, rank,    i, j, t, ways, most, sum, all, next_total, next_most)
{
	most = 0
	delete ways
	ways[0, 0] = 1
	for (i = 1; i <= a + b; i++) {
		most += rank[i]
		for (j = a < i ? a : i; j >= 1; j--)
			for (t = most; t >= rank[i]; t--)
				if ((j - 1, t - rank[i]) in ways)
					ways[j, t] += ways[j - 1, t - rank[i]]
	}
	all = 0
	for (t = 0; t <= most; t++)
		all += ways[a, t]
	next_most = total_most + most
	for (t = 0; t <= next_most; t++)
		next_total[t] = 0
	for (i = 0; i <= total_most; i++)
		if (total[i] > 0)
			for (t = 0; t <= most; t++)
				if (ways[a, t] > 0)
					next_total[i + t] += total[i] * ways[a, t] / all
	for (t = 0; t <= next_most; t++)
		total[t] = next_total[t]
	total_most = next_most
}

function clear_total()
{
	delete total
	total[0] = 1
	total_most = 0
}

# The side that is larger where the metric is worse is `a`.
function worse_side(metric)
{
	return metric in is_lower ? "base" : "cand"
}

function other(side)
{
	return side == "base" ? "cand" : "base"
}

# Folds a point into total[], returns its observed rank sum.
function add_point(metric, point, ties,    side, a, b, i, j, all, rank, seen_sum)
{
	side = worse_side(metric)
	a = n[metric, point, side]
	b = n[metric, point, other(side)]
	for (i = 1; i <= a; i++)
		all[i] = value[metric, point, side, i]
	for (i = 1; i <= b; i++)
		all[a + i] = value[metric, point, other(side), i]
	seen_sum = 0
	for (i = 1; i <= a + b; i++) {
		rank[i] = 1
		for (j = 1; j <= a + b; j++)
			rank[i] += all[j] + 0 < all[i] + 0 ? 2 : all[j] + 0 == all[i] + 0
		if (i <= a)
			seen_sum += rank[i]
	}
	for (i = 1; !ties && i <= a + b; i++)
		rank[i] = 2 * i
	fold(a, b, rank)
	return seen_sum
}

function tail(sum,    t, p)
{
	p = 0
	for (t = total_most; t >= sum; t--)
		p += total[t]
	return p
}

function add_differences(metric, point, count,    i, j)
{
	for (i = 1; i <= n[metric, point, "cand"]; i++)
		for (j = 1; j <= n[metric, point, "base"]; j++)
			difference[++count] = scaled(metric, point, "cand", i) - scaled(metric, point, "base", j)
	return count
}

# With total[] as if there were no ties.
function print_shift(metric, where, count,    t, below, cut)
{
	sort(difference, count)
	say("shift.estimate", metric, where, shown(metric, middle(difference, count)))
	t = 0
	while (t <= total_most && total[t] <= 0)
		t++
	below = cut = 0
	for (; t <= total_most; t += 2) {
		if (cut && 1 - 2 * (below + total[t]) < 0.95)
			break
		below += total[t]
		cut++
	}
	if (cut > int((count + 1) / 2))
		cut = int((count + 1) / 2)
	say("shift.low", metric, where, shown(metric, difference[cut]))
	say("shift.high", metric, where, shown(metric, difference[count + 1 - cut]))
}

END {
	for (m = 1; m <= n_metrics; m++) {
		metric = metrics[m]
		for (i = 1; i <= n_points[metric]; i++) {
			point = points[metric, i]
			print_median(metric, point, "base")
			print_median(metric, point, "cand")
			clear_total()
			sum = add_point(metric, point, 1)
			say("p", metric, point, tail(sum))
			clear_total()
			add_point(metric, point, 0)
			print_shift(metric, point, add_differences(metric, point, 0))
		}
		clear_total()
		sum = 0
		for (i = 1; i <= n_points[metric]; i++)
			sum += add_point(metric, points[metric, i], 1)
		say("p", metric, "curve", tail(sum))
		clear_total()
		count = 0
		for (i = 1; i <= n_points[metric]; i++) {
			add_point(metric, points[metric, i], 0)
			count = add_differences(metric, points[metric, i], count)
		}
		print_shift(metric, "curve", count)
	}
}
