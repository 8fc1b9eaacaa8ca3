# A second and a third try for tests of time on a host whose time is taken away; for scripts/test.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables of scripts/test
#
# A hypervisor that gives the cores to others makes a generator late and a capture process lose frames, as it does in a
# measurement, and like a trial of a measurement the test says nothing then. The evidence does not depend on what the
# test found: stolen time (field "steal" of /proc/stat, proc_stat(5)). Where there is none, a failure stands at once;
# what a sanitizer found stands always.

stolen_enough=1 # percent of the time of all cores
tries_max=3

# clock_stolen VARIABLE: stolen and all time until now, for stolen_percent.
clock_stolen()
{
	local cpu
	read -ra cpu </proc/stat
	local all=0 i
	for i in "${cpu[@]:1:8}"; do
		all=$((all + i))
	done
	printf -v "$1" '%s %s' "${cpu[8]}" "$all"
}

# stolen_percent "STOLEN ALL": since then, a whole number.
stolen_percent()
{
	local now
	clock_stolen now
	awk -v before="$1" -v now="$now" 'BEGIN {
		split(before, b); split(now, n)
		print int(n[2] > b[2] ? 100 * (n[1] - b[1]) / (n[2] - b[2]) : 0) }'
}

# may_try_again PERCENT LOG
may_try_again()
{
	[ "$1" -ge $stolen_enough ] && ! grep -qE 'ERROR: [A-Z][A-Za-z]*Sanitizer|runtime error: ' "$2"
}

# verdict_again NAME NOTE TRY PERCENT: it passed at try TRY, and of the one before so much was stolen.
passed_later=0
verdict_again()
{
	passed_later=$((passed_later + 1))
	verdict ok "$1" "$2 (try $3; of the one before the host took $4 % away)"
}
