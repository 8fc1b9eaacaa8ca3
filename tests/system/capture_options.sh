#!/usr/bin/env bash
# What capture processes can be told beside mechanism, wait and load, on a real link: fan-out (the books of the
# members add up), filters, a file on a disk that gets full, a worker thread that is too slow.
# timeout: 180
. "$(dirname "$0")/lib.sh"
need_root

make_link
expect 0 "$CAPBENCH" list --json
cp "$T/out" "$T/list.json"

taps() # those on packet sockets that can run here
{
	jq -r '.mechanisms[] | select(.can_run and any(.options[]; .name == "fanout")) | .name' "$T/list.json"
}

start() # NAME OPTION...: in the background; there are as many taps then as were started
{
	local name=$1
	shift
	background "$name" ip netns exec far "$CAPBENCH" capture vrx --json "$@"
	started=$((started + 1))
	until_true 10 tap_up $started || fail "no tap within 10 s: $(cat "$T/$name.err")"
}

end() # NAME: its view is in $T/NAME.json
{
	stop "$1"
	assert_eq "$status" 0 "exit status of capture $1: $(cat "$T/$1.err")"
	jq . "$T/$1.out" >"$T/$1.json" || fail "capture $1: not one JSON document"
	started=$((started - 1))
}
started=0

offered=0
send()
{
	expect 0 "$CAPBENCH_FAST" generate vtx --json "$@"
	offered=$(json "$T/out" .offered)
}

promiscuous()
{
	far ip -d -o link show vrx | grep -o 'promiscuity [0-9]*' | cut -d' ' -f2
}

one_is_promiscuous()
{
	[ "$(promiscuous)" -eq 1 ]
}

# ---- fan-out -------------------------------------------------------------------------------------

# Three members, too slow and with little room: each frame is in one member's books and in no other's.
group()
{
	local what="fan-out $1 of $2"
	for i in 1 2 3; do
		start member$i --mechanism "$2:fanout=$1,group=$3" --load work:20us --buffer 256KiB --drain 5s
	done
	send --rate 100k --duration 150ms
	for i in 1 2 3; do
		end member$i
	done
	jq -s . "$T"/member[123].json >"$T/members.json"
	assert_json "$T/members.json" "map(.received + .tap_dropped + .unread) | add == $offered" "$what"
	assert_json "$T/members.json" "map(.received == .unique) | all" "$what"
	assert_json "$T/members.json" "map(.group == $3) | all" "$what"
	[ "$1" != lb ] || assert_json "$T/members.json" \
		"map(.received + .tap_dropped + .unread) | max - min <= 1" "$what: in turn"
}

n=0
for mechanism in $(taps); do
	for mode in lb hash cpu rnd qm rollover; do
		# The commit tier: one mode for each mechanism that is not lb, in turn.
		n=$((n + 1))
		[ "$CAPBENCH_TIER" = all ] || [ $mode = lb ] || [ $((n % 5)) -eq 0 ] || continue
		group $mode "$mechanism" $n
	done
done
[ $n -ge 18 ] || fail "only $n combinations of fan-out can run here"

# A group is of one mode; the second one is told what to do.
start member1 --mechanism recv:fanout=lb
expect 2 far "$CAPBENCH" capture vrx --mechanism recv:fanout=hash --duration 1s
assert_grep 'fan-out group 1 .*group=N' "$T/err" "a group of another mode"
# A member that is killed is out of the group, and its promiscuous mode is off.
start member2 --mechanism tpacket2:fanout=lb
assert_eq "$(promiscuous)" 2 "promiscuous members"
{ stop member2 KILL; } 2>/dev/null
started=$((started - 1))
until_true 5 one_is_promiscuous || fail "a killed member leaves promiscuous mode on"
send --rate 20k --count 500
end member1
assert_json "$T/member1.json" ".received == $offered" "the member that is left"
assert_eq "$(promiscuous)" 0 "promiscuous mode after the last"
start member1 --mechanism recv --promiscuous=no
assert_eq "$(promiscuous)" 0 "promiscuous mode that was not asked for"
end member1

# ---- filters -------------------------------------------------------------------------------------

for mechanism in $(taps); do
	start pass --mechanism "$mechanism" --filter "udp port 9"
	start refuse --mechanism "$mechanism" --filter "not udp port 9"
	send --rate 20k --count 300
	end pass
	end refuse
	assert_json "$T/pass.json" ".unique == $offered and .tap_dropped == 0" "$mechanism: what the filter says"
	assert_json "$T/refuse.json" '.received == 0 and .tap_dropped == 0 and .unread == 0' \
		"$mechanism: what the filter does not say"
done
expect 2 far "$CAPBENCH" capture vrx --filter "udp prt 9" --duration 1s
assert_grep 'filter "udp prt 9": ' "$T/err" "a wrong filter"

# ---- a full disk ---------------------------------------------------------------------------------

need_cmd tcpdump
mkdir "$T/disk"
mount -t tmpfs -o size=128k none "$T/disk"
for behind in "write:file=$T/disk/f.pcap" "handoff:behind=write:file=$T/disk/f.pcap"; do
	start full --mechanism tpacket3 --snaplen 100 --load "$behind"
	send --rate 50k --count 10000
	end full
	jq '.load_result | .behind_result // .' "$T/full.json" >"$T/written.json"
	assert_json "$T/full.json" ".received == $offered and .unique == $offered" "$behind: the capture goes on"
	assert_json "$T/written.json" ".frames + .frames_left_out == $offered and .frames_left_out > 0" "$behind"
	assert_json "$T/written.json" '.error == "No space left on device"' "$behind"
	assert_eq "$(grep -c 'takes no more' "$T/full.err")" 1 "$behind: it is said once"
	tcpdump -n --nano -r "$T/disk/f.pcap" >"$T/dump" 2>"$T/dump.err" || fail "$behind: $(cat "$T/dump.err")"
	assert_eq "$(wc -l <"$T/dump")" "$(json "$T/written.json" .frames)" "$behind: frames in the file"
	rm "$T/disk/f.pcap"
done

# ---- a worker that is too slow -------------------------------------------------------------------

start slow --mechanism tpacket2 --load "handoff:work:50us,slots=64"
send --rate 50k --count 10000
end slow
assert_json "$T/slow.json" ".received + .tap_dropped == $offered" "handoff: the books"
assert_json "$T/slow.json" '.load_result.handoff_dropped > 0' "handoff: its own drops"
assert_json "$T/slow.json" '.received == (.load_result | .handed_over + .handoff_dropped)' "handoff"
assert_json "$T/slow.json" '.load_result | .handed_over == .processed + .handoff_unread' "handoff"
