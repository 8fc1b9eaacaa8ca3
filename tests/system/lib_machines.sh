# Machines for tests over SSH; sourced after lib.sh.
# shellcheck shell=bash
#
# A machine is a network namespace and a mount namespace with a home directory, a /run, an sshd and a
# host key of its own, reached from here by a management link of its own (ctl, 10.99.N.2). What such
# machines share is the kernel: cores, softnet, and process numbers, which others() counts.
#
# The controller is this test: it has a home directory of its own, too, so that its ssh knows what is
# written here and nothing else.
#
# The build with sanitizers is twenty times as large to copy and to check, so in the tier commit it is
# used where a test says $SANITIZED, and in the tier all everywhere.

declare -A machine_pid=() machine_number=()
machines=0

need_root
need_cmd ssh ssh-keygen nsenter ip jq
[ -x /usr/sbin/sshd ] || skip "needs sshd (openssh-server)"
SANITIZED=$CAPBENCH
[ "$CAPBENCH_TIER" = all ] || CAPBENCH=$CAPBENCH_FAST
export SANITIZED

# controller: a home, a key, an empty ssh configuration.
controller()
{
	mount -t tmpfs none /root
	mkdir -m 700 /root/.ssh
	ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
	# The usual key exchange, as it costs half of a connection.
	printf 'KexAlgorithms curve25519-sha256\n' >/root/.ssh/config
	: >/root/.ssh/known_hosts
	export HOME=/root
}

# make_machine NAME [SSHD_OPTION...]: started, and known to the controller's ssh.
make_machine()
{
	introduce "$1"
	start_machine "$@"
}

# make_machines NAME...: all at once.
make_machines()
{
	local name
	for name in "$@"; do
		introduce "$name"
		begin_machine "$name"
	done
	for name in "$@"; do
		connect_machine "$name"
	done
}

introduce()
{
	local name=$1 n
	machines=$((machines + 1))
	n=$machines
	machine_number[$name]=$n
	ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$T/key.$name"
	printf 'Host %s\n\tHostName 10.99.%d.2\n\tUser root\n' "$name" "$n" >>/root/.ssh/config
	echo "10.99.$n.2 $(cut -d ' ' -f 1,2 "$T/key.$name.pub")" >>/root/.ssh/known_hosts
}

# start_machine NAME [SSHD_OPTION...]: for the first time, or after end_machine.
start_machine()
{
	begin_machine "$@"
	connect_machine "$1"
}

begin_machine()
{
	local name=$1
	shift
	unshare --mount --net --propagation private bash "$HERE/lib_machine" "$name" "$T/key.$name" \
		/root/.ssh/id_ed25519.pub "$@" >"$T/machine.$name.log" 2>&1 </dev/null &
	machine_pid[$name]=$!
}

connect_machine()
{
	local name=$1 n=${machine_number[$1]}
	until_true 10 own_network "$name" || fail "$name has no network namespace"
	ip link add "m$n" type veth peer name ctl netns "${machine_pid[$name]}"
	ip addr add "10.99.$n.1/24" dev "m$n"
	ip link set "m$n" up
	in_machine "$name" ip addr add "10.99.$n.2/24" dev ctl
	in_machine "$name" ip link set ctl up
}

# processes_of NAME: those in its network namespace.
processes_of()
{
	local p of
	of=$(readlink "/proc/${machine_pid[$1]}/ns/net") || return 0
	for p in /proc/[0-9]*; do
		if [ "$(readlink "$p/ns/net" 2>/dev/null)" = "$of" ]; then
			echo "${p#/proc/}"
		fi
	done
}

# end_machine NAME: as a power cut does; its namespace and links go with it.
end_machine()
{
	local n=${machine_number[$1]}
	# shellcheck disable=SC2046  # words are wanted
	kill -KILL $(processes_of "$1") 2>/dev/null || true
	wait "${machine_pid[$1]}" 2>/dev/null || true
	until_true 10 eval "! ip link show m$n" || fail "$1 has not ended"
}

own_network()
{
	[ "$(readlink "/proc/${machine_pid[$1]}/ns/net")" != "$(readlink /proc/self/ns/net)" ] &&
		[ -e "/proc/${machine_pid[$1]}/root/run/machine-ready" ]
}

# in_machine NAME COMMAND...
in_machine()
{
	local name=$1
	shift
	nsenter --target "${machine_pid[$name]}" --mount --net --wd=/ "$@"
}

# start_sshd NAME / stop_sshd NAME
start_sshd()
{
	in_machine "$1" /usr/sbin/sshd -f /run/sshd_config -E /run/sshd.log
	until_true 5 sshd_listens "$1" || fail "sshd of $1 does not listen: $(in_machine "$1" cat /run/sshd.log)"
}

sshd_listens()
{
	in_machine "$1" ss -Hltn 'sport = :22' | grep -q LISTEN
}

stop_sshd()
{
	kill "$(in_machine "$1" cat /run/sshd.pid)"
	until_true 5 sshd_is_gone "$1" || fail "sshd of $1 still listens"
}

sshd_is_gone()
{
	! sshd_listens "$1"
}

# kill_sshd NAME: it and all of its connections.
kill_sshd()
{
	local p
	for p in $(processes_of "$1"); do
		if [ "$(cat "/proc/$p/comm" 2>/dev/null)" = sshd ]; then
			kill -KILL "$p"
		fi
	done
	in_machine "$1" rm -f /run/sshd.pid
}

# join_link A B: a veth pair between the two, "p0" on each.
join_link()
{
	ip link add x0 type veth peer name x1
	ip link set x0 netns "${machine_pid[$1]}" name p0
	ip link set x1 netns "${machine_pid[$2]}" name p0
	in_machine "$1" ip link set p0 up
	in_machine "$2" ip link set p0 up
}

# join_hub GENERATOR... -- SENSOR...: all on one link, as figure 4 of the paper has it: each sensor gets
# whatever a generator sends, generators get nothing.
join_hub()
{
	local name flood=off
	ip netns list | grep -qw hub || ip netns add hub # it may be a machine of its own
	ip netns exec hub sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	ip -n hub link add hub type bridge ageing_time 0 mcast_snooping 0 stp_state 0
	ip -n hub link set hub up
	for name in "$@"; do
		if [ "$name" = -- ]; then
			flood=on
		else
			plug "$name" $flood
		fi
	done
}

# plug NAME on|off: the machine's p0 into the hub; on: it gets frames.
plug()
{
	local port=h${machine_number[$1]}
	# up from the first moment: a run that is waiting for it puts it back to how it finds it
	ip -n hub link add p0 netns "${machine_pid[$1]}" up type veth peer name "$port"
	ip -n hub link set "$port" master hub up
	bridge -n hub link set dev "$port" learning off flood "$2" mcast_flood "$2" bcast_flood "$2"
}

# testbed FILE GENERATOR... -- SENSOR...: a file for these machines, with port p0 each.
testbed()
{
	local file=$1 name role=generators list=
	local -A roles=([generators]='' [sensors]='')
	shift
	{
		echo "name: machines"
		echo "hosts:"
		for name in "$@"; do
			if [ "$name" = -- ]; then
				role=sensors
				continue
			fi
			echo "  $name: {ports: {p0: p0}}"
			list+="${list:+, }$name.p0"
			roles[$role]+="${roles[$role]:+, }$name"
		done
		echo "links: [[$list]]"
		echo "roles: {generators: [${roles[generators]}], sensors: [${roles[sensors]}]}"
	} >"$file"
}

# assert_clean NAME...: no process of capbench's anywhere, no lock taken, nothing left to be undone, and the
# machines' ports as they were when note_ports was called.
assert_clean() # MESSAGE NAME...
{
	local message=$1 name
	shift
	until_true 10 nobody_left || {
		ps -eo pid,ppid,stat,etime,args --forest >&2
		fail "$message: processes were left behind"
	}
	for name in "$@"; do
		in_machine "$name" flock -n /run/lock/capbench true 2>/dev/null ||
			fail "$message: $name is still locked"
		[ -z "$(in_machine "$name" find /run/capbench -name '*.undo' 2>/dev/null)" ] ||
			fail "$message: $name has something to undo"
		ports_of "$name" >"$T/ports.now"
		diff "$T/ports.$name" "$T/ports.now" >&2 || fail "$message: $name is not as it was"
	done
	[ -z "$(find /run/capbench -mindepth 1 2>/dev/null)" ] || fail "$message: $(find /run/capbench)"
}

nobody_left()
{
	[ -z "$(others)" ] && ! pgrep -x capbench-undo >/dev/null && ! pgrep -x ssh >/dev/null
}

note_ports()
{
	local name
	for name in "$@"; do
		ports_of "$name" >"$T/ports.$name"
	done
}

# What of the port is set.
ports_of()
{
	# shellcheck disable=SC2016
	in_machine "$1" bash -c 'cd /sys/class/net/p0 2>/dev/null || exit 0
		grep . flags threaded queues/rx-*/rps_cpus /proc/sys/net/ipv6/conf/p0/addr_gen_mode 2>/dev/null
		ethtool -k p0' 2>/dev/null || true
}
