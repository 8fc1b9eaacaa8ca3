#!/usr/bin/env bash
# The agent by itself: what it says to bytes that are no message, the namespaces that it holds, and
# its end with its controller, whichever way that goes.
# timeout: 60
. "$(dirname "$0")/lib.sh"
need_root
need_cmd nsenter setpriv ethtool flock jq

version=$("$CAPBENCH" --version | sed 's/.* //')

# frame TEXT: its length in four bytes, then itself.
frame()
{
	# shellcheck disable=SC2059
	printf "$(printf '\\%03o\\%03o\\%03o\\%03o' 0 0 $((${#1} / 256)) $((${#1} % 256)))"
	printf '%s' "$1"
}

hello()
{
	frame "{\"id\":1,\"request\":\"hello\",\"protocol\":1,\"build\":\"$version\"}"
}

# replies FILE: the messages in it, one a line.
replies()
{
	local length
	exec 7<"$1"
	while length=$(head -c 4 <&7 | od -An -tu1) && [ -n "$length" ]; do
		# shellcheck disable=SC2086  # four words
		set -- $length
		head -c $((($3 << 8) + $4)) <&7
		echo
	done
	exec 7<&-
}

# ---- what comes in ----

expect 0 "$CAPBENCH" agent
for bytes in 'GET / HTTP/1.1' '\0\0\0\2[]' '\0\0\0\4nope' '\0\0\0\2{}' '\177\0\0\0'; do
	status=0
	# shellcheck disable=SC2059
	printf "$bytes" | timeout 5 "$CAPBENCH" agent >"$T/out" 2>"$T/err" || status=$?
	assert_eq $status 5 "exit status after the bytes $bytes"
	assert_grep 'message' "$T/err" "the bytes $bytes are named"
	[ ! -s "$T/out" ] || fail "the bytes $bytes are answered"
done
# Half a message is no harm: the end comes first.
printf '\0\0\1\0{"id"' | timeout 5 "$CAPBENCH" agent || fail "half a message"

{
	frame '{"id":1,"request":"facts"}'
	frame '{"id":2,"request":"hello","protocol":99,"build":"x"}'
	frame '{"id":3,"request":"no-such-thing"}'
	hello
	frame '{"id":5,"request":"capture-prepare","interface":"lo","jobs":[{"control":"true"}]}'
	frame '{"id":6,"request":"bye"}'
} | timeout 10 "$CAPBENCH" agent >"$T/out" 2>"$T/err" || fail "exit status $?: $(cat "$T/err")"
replies "$T/out" >"$T/replies"
jq -c . "$T/replies" >"$T/json" || fail "the replies are not JSON"
for wanted in '"id":1,"ok":false.*hello' '"id":2,"ok":false.*protocol 99' '"id":3,"ok":false.*no-such-thing' \
	'"id":1,"ok":true.*"can":' '"id":5,"ok":false.*control' '"id":6,"ok":true'; do
	assert_grep "$wanted" "$T/replies" "replies"
done
assert_nothing_left "agents that were told nonsense"

# ---- the namespaces ----

# start_agent NAME COMMAND...: an agent whose stdin stays open as descriptor 9 of this script.
start_agent()
{
	local name=$1
	shift
	rm -f "$T/in"
	mkfifo "$T/in"
	"$@" <"$T/in" >"$T/$name.out" 2>"$T/$name.err" &
	pid[$name]=$!
	exec 9>"$T/in"
	hello >&9
	until_true 10 test -s "$T/$name.out" || fail "no reply to hello: $(cat "$T/$name.err")"
}

mounts=$(cat /proc/self/mountinfo)
start_agent holder "$CAPBENCH" agent --namespaces=new
inside=(nsenter --target "${pid[holder]}" --net --mount)
[ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/${pid[holder]}/ns/net")" ] ||
	fail "no network namespace of its own"
assert_eq "$("${inside[@]}" ls /sys/class/net)" lo "/sys shows the namespace's interfaces"
assert_eq "$("${inside[@]}" cat /sys/class/net/lo/operstate)" down "lo is down"
if [ -e /proc/sys/net/ipv6 ]; then
	assert_eq "$("${inside[@]}" sysctl -n net.ipv6.conf.all.disable_ipv6)" 1 "IPv6 is off"
	assert_eq "$("${inside[@]}" sysctl -n net.ipv6.conf.default.disable_ipv6)" 1 "IPv6 is off for new links"
fi
assert_eq "$(cat /proc/self/mountinfo)" "$mounts" "our own mounts"
exec 9>&-
finish holder 5
assert_eq "$status" 0 "exit status at the end of stdin: $(cat "$T/holder.err")"
assert_nothing_left "the end of stdin"

# A second agent joins the first one's user namespace, so that they can share a link.
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
cp "$CAPBENCH" "$T/capbench"
if "${nobody[@]}" unshare --user --net true 2>/dev/null; then
	start_agent first "${nobody[@]}" "$T/capbench" agent --namespaces=new
	exec 8>&9
	start_agent second "${nobody[@]}" "$T/capbench" agent --namespaces=new "--user-namespace-of=${pid[first]}"
	users=$(readlink /proc/{self,"${pid[first]}","${pid[second]}"}/ns/user | uniq -c | awk '{ print $1 }' | xargs)
	assert_eq "$users" "1 2" "two agents share a user namespace"
	[ "$(readlink "/proc/${pid[first]}/ns/net")" != "$(readlink "/proc/${pid[second]}/ns/net")" ] ||
		fail "two agents share a network namespace"
	replies "$T/second.out" >"$T/replies"
	assert_json "$T/replies" '.can.rps == false and .can.threaded == false and .can.large_buffers == false' \
		"what a user namespace does not give"
	assert_json "$T/replies" '.missing | length == 3 and (join(" ") | test("RPS.*NAPI.*SO_RCVBUF"))' \
		"is said"
	exec 8>&- 9>&-
	finish first 5
	finish second 5
	assert_nothing_left "agents of nobody"
fi

# ---- the end ----

for signal in TERM INT HUP; do
	start_agent ended env --default-signal=INT "$CAPBENCH" agent --namespaces=new
	stop ended $signal
	assert_eq "$status" 0 "exit status after $signal"
	exec 9>&-
	assert_nothing_left "$signal"
done
# Its parent dies while its stdin is held open by another: here, by this script.
# shellcheck disable=SC2016
start_agent parent bash -c '"$0" agent --namespaces=new; true' "$CAPBENCH"
until_true 5 test -n "$(others)" || fail "no agent"
stop parent KILL
until_true 5 nothing_left || fail "the agent outlives its parent"
exec 9>&-
assert_nothing_left "a parent that was killed"

# ---- on a host of its own ----

# It has a lock and a dead-man timer, and what it changed is put back by its guardian, even when it is
# killed. Its /sys must be that of the network namespace.
mount -t sysfs none /sys
mkdir -m 1777 /run/lock
make_link
settings()
{
	grep . /sys/class/net/vtx/{flags,threaded,queues/rx-0/rps_cpus}
	ethtool -k vtx
}
settings >"$T/settings"
hello()
{
	frame "{\"id\":1,\"request\":\"hello\",\"protocol\":1,\"build\":\"$version\",\"controller\":\"$controller\",\"dead_man_ns\":$dead_man}"
	frame '{"id":2,"request":"link-up","interface":"vtx"}'
	frame '{"id":3,"request":"receive","interface":"vtx","mode":"rps","cpu":0}'
	frame '{"id":4,"request":"commands","post":[["touch","/run/post is run"]],"timeout_ns":1000000000}'
	frame '{"id":0,"request":"alive"}'
	frame '{"id":5,"request":"clock"}'
}
unlocked() { flock -n /run/lock/capbench true; }
locked() { ! unlocked; }
changed() { ! settings | cmp -s - "$T/settings"; }
put_back() { settings | cmp -s - "$T/settings" && unlocked && [ -f "/run/post is run" ]; }
controller=one dead_man=1000000000
start_agent silent "$CAPBENCH" agent --remote
until_true 5 locked || fail "no lock"
finish silent 5
assert_eq "$status" 0 "exit status after silence: $(cat "$T/silent.err")"
assert_grep 'silent for 1 s' "$T/silent.err" "silence is told"
exec 9>&-
until_true 5 put_back || { settings | diff "$T/settings" -; fail "silence: not put back"; }
replies "$T/silent.out" >"$T/replies"
assert_eq "$(jq -c '[.id, .ok]' "$T/replies" | xargs)" "[1,true] [2,true] [3,true] [4,true] [5,true]" \
	"replies, and none to alive: $(cat "$T/replies")"

# Another controller is told who has it; the same one takes over what is stuck.
dead_man=60000000000
rm "/run/post is run"
start_agent holder "$CAPBENCH" agent --remote
until_true 5 changed || fail "nothing was changed"
controller=two
hello | timeout 20 "$CAPBENCH" agent --remote >"$T/two.out" 2>/dev/null || fail "status $?"
replies "$T/two.out" >"$T/replies"
assert_grep '"id":1,"ok":false.*in use by one, since 20' "$T/replies" "a lock that is taken"
changed || fail "the second agent has put back what was the first one's"
kill -STOP "${pid[holder]}"
controller=one
hello | timeout 20 "$CAPBENCH" agent --remote >"$T/one.out" 2>/dev/null || fail "status $?"
replies "$T/one.out" >"$T/replies"
assert_grep '"id":1,"ok":true' "$T/replies" "the same controller"
finish holder 5
assert_eq "$status" 137 "the stuck agent"
exec 9>&-
until_true 5 put_back || { settings | diff "$T/settings" -; fail "stuck: not put back"; }

# What it must not be told.
controller=one
{
	hello
	frame '{"id":6,"request":"commands","pre":["reboot"],"timeout_ns":1}'
	frame '{"id":7,"request":"commands","pre":[[]],"timeout_ns":1}'
	frame '{"id":8,"request":"commands","pre":[["true"]]}'
	frame '{"id":9,"request":"window","ns":-1}'
	frame '{"id":10,"request":"port","by":"slot","value":"1"}'
	frame '{"id":11,"request":"port","by":"interface","value":"../../etc"}'
	frame '{"id":12,"request":"generate-go","timeout_ns":1,"start_ns":-7}'
} | timeout 20 "$CAPBENCH" agent --remote >"$T/out" 2>/dev/null || fail "status $?"
replies "$T/out" >"$T/replies"
for id in 6 7 8 9 10 11 12; do
	assert_grep "\"id\":$id,\"ok\":false" "$T/replies" "request $id is refused"
done
frame "{\"id\":1,\"request\":\"hello\",\"protocol\":1,\"build\":\"$version\"}" |
	timeout 20 "$CAPBENCH" agent --remote >"$T/out" 2>/dev/null || fail "status $?"
replies "$T/out" >"$T/replies"
assert_grep '"ok":false.*controller' "$T/replies" "an agent on a host wants to know whose it is"
until_true 5 put_back || { settings | diff "$T/settings" -; fail "in the end: not put back"; }
[ -z "$(others)" ] || fail "left behind: $(others)"
