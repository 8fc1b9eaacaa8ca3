#!/usr/bin/env bash
# Many hosts: 32 machines are connected to and deployed at once, start together, and add less than
# proportionally to the time of a trial. In the tier commit they are 6.
#
#   CAPBENCH_MANY=32 tests/system/ssh_many.sh     that many
# timeout: 240
# alone: all
. "$(dirname "$0")/lib.sh"
. "$HERE/lib_machines.sh"
need_cores 2
n=${CAPBENCH_MANY:-$([ "$CAPBENCH_TIER" = all ] && echo 32 || echo 6)}
limit=15 # seconds
skew=20  # ms, with the machine to itself
[ "$n" -ge 32 ] || skew=60

controller
names=()
for ((i = 1; i < n; i++)); do
	names+=("g$i")
done
make_machines "${names[@]}" cap
join_hub "${names[@]}" -- cap
note_ports "${names[@]}" cap
testbed "$T/many.yaml" "${names[@]}" -- cap
tiny_scenario "$T/tiny.yaml"
sed -i 's/10k, 20k/2k/; s/10k/2k/' "$T/tiny.yaml"

# phase FILE NAME: how long the step or phase took, the longest, in ms.
phase()
{
	sed -nE "s/.*$2: ([0-9.]+) ms.*/\\1/p" "$1" | sort -n | tail -n 1
}

measure "$CAPBENCH_FAST" run "$T/tiny.yaml" --testbed "$T/many.yaml" --out "$T/many" --no-pictures -v
cp "$T/err" "$T/many.err"
assert_no()
{
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a <= b) }' || fail "$3: $1, more than $2"
}
connect=$(phase "$T/many.err" "$n hosts: connect")
deploy=$(phase "$T/many.err" "$n hosts: deploy")
assert_no "$(awk -v a="$connect" -v b="$deploy" 'BEGIN { print (a + b) / 1000 }')" $limit "s to connect to and deploy on $n hosts"
jq -s . "$T/many/trials.jsonl" >"$T/trials.json"
assert_json "$T/trials.json" "[.[] | select(.state != \"invalid\") | .generator.streams | length == $((n - 1))] | all" \
	"a stream of each host"
assert_json "$T/trials.json" '[.[].generator.start_skew_ns] | sort | .[length / 2 | floor] < '$skew'000000' "skew of the starts"
assert_json "$T/trials.json" '[.[].views[].unaccounted == 0] | all' "books"
assert_clean "$n hosts" "${names[@]}" cap

# A trial's time beyond its duration, with few hosts and with many.
extra()
{
	local p sum=0
	for p in prepare before drain stop after; do
		sum=$(awk -v a="$sum" -v b="$(phase "$1" "phase $p")" 'BEGIN { print a + b }')
	done
	echo "$sum"
}
few=$((n < 16 ? 2 : n / 8))
testbed "$T/few.yaml" "${names[@]:0:few-1}" -- cap
measure "$CAPBENCH_FAST" run "$T/tiny.yaml" --testbed "$T/few.yaml" --out "$T/few" --no-pictures -v
echo "connect $connect ms, deploy $deploy ms; a trial adds $(extra "$T/err") ms with $few hosts, $(extra "$T/many.err") ms with $n"
# Of a few hosts one that is late is most of it.
[ "$n" -lt 32 ] || assert_no "$(extra "$T/many.err")" "$(awk -v a="$(extra "$T/err")" -v n="$n" -v few=$few 'BEGIN { print n / few * a }')" \
	"ms that a trial takes longer with $((n / few)) times the hosts"
