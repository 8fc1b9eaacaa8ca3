# The machines of the laboratory and their wires, seen from inside its namespaces (scripts/lab.d/inside).
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables of the scripts that share this

# Here, in a tmpfs that ends with the namespaces, is all that belongs to a laboratory that is up.
lab=/run/lab
hosts=(gen xeon amd)

# The paper's generator and two sensors (its figure 4). What each is, and its data NIC, as `up --nic` has
# it: e1000 is the 82540EM, one queue; virtio and e1000e have interrupts for each queue.
declare -A number=([gen]=1 [xeon]=2 [amd]=3)
declare -A nic=([gen]=virtio [xeon]=e1000 [amd]=virtio2)
# qemu's name of it, and its queues.
declare -A nic_device=([e1000]=e1000 [e1000-82545em]=e1000-82545em [e1000e]=e1000e [virtio]=virtio-net-pci
	[virtio2]="virtio-net-pci,mq=on,vectors=6")
declare -A nic_queues=([e1000]=1 [e1000-82545em]=1 [e1000e]=1 [virtio]=1 [virtio2]=2)

# One wire for the data, which all of them hang on: the bridge forgets at once who sent what, so that
# each frame goes to everybody else. And one for SSH, which reaches out of here nowhere.
wires_make()
{
	local host queues
	ip link set lo up
	echo 1 | tee /proc/sys/net/ipv6/conf/{all,default}/disable_ipv6 >/dev/null
	ip link add name wire type bridge ageing_time 0 mcast_snooping 0 stp_state 0
	ip link add name manage type bridge
	ip addr add 10.99.0.1/24 dev manage
	for host in "${hosts[@]}"; do
		queues=()
		[ "${nic_queues[${nic[$host]}]}" -eq 1 ] || queues=(multi_queue)
		ip tuntap add mode tap "${queues[@]}" name "d-$host"
		ip tuntap add mode tap name "m-$host"
		# Room for what comes while a machine gets no core; a sender at full speed fills it all the same.
		ip link set "d-$host" txqueuelen 10000 master wire arp off up
		ip link set "m-$host" master manage up
	done
	ip link set wire arp off up
	ip link set manage up
}

# machine_boot HOST: begins it; machine_answers says when it is done.
machine_boot()
{
	local host=$1 n=${number[$1]} mac=52:54:00:00:0${number[$1]} model=${nic[$1]} words
	read -ra words <<<"${CAPBENCH_LAB_WORDS:-}"
	boot_guest 512 quiet loglevel=4 lab.role=machine lab.name="$host" "lab.ip=10.99.0.1$n/24" "${words[@]}" -- \
		-serial "file:$lab/$host.console" -device virtio-rng-pci \
		-netdev "tap,id=m,ifname=m-$host,script=no,downscript=no,vhost=off" \
		-device "virtio-net-pci,netdev=m,mac=$mac:ff,romfile=" \
		-netdev "tap,id=d,ifname=d-$host,script=no,downscript=no,vhost=off,queues=${nic_queues[$model]}" \
		-device "${nic_device[$model]},netdev=d,mac=$mac:01,romfile=" >"$lab/$host.qemu" 3<&-
	echo "$guest" >"$lab/$host.pid"
}

# machine_runs HOST
machine_runs()
{
	kill -0 "$(cat "$lab/$1.pid" 2>/dev/null)" 2>/dev/null
}

# machine_ssh HOST COMMAND...: at most five seconds.
machine_ssh()
{
	timeout -k 1 5 "$lab/bin/ssh" -o ConnectTimeout=2 "$@"
}

# machine_answers HOST: over SSH.
machine_answers()
{
	machine_ssh "$1" true >/dev/null 2>"$lab/$1.ssh" </dev/null
}

# machine_clock HOST: sets it, if it answers, as it came from the RTC in whole seconds. It is told the time when
# it listens for it.
machine_clock()
{
	local pid
	# shellcheck disable=SC2016  # a variable of the machine's shell
	coproc LISTENS { machine_ssh "$1" 'echo && read -r now && date -u -s "@$now"' 2>"$lab/$1.ssh"; }
	pid=$!
	{ read -r -t 5 -u "${LISTENS[0]:-}" && echo "$EPOCHREALTIME" >&"${LISTENS[1]}"; } 2>/dev/null
	wait "$pid"
}

# machine_words HOST: the last that it had to say, for an error.
machine_words()
{
	cat "$lab/$1".{qemu,console} 2>/dev/null | tr -d '\r' | tail -n 15 | sed 's/^/      | /'
}

# machine_off HOST: as a power cut does.
machine_off()
{
	local pid i
	pid=$(cat "$lab/$1.pid")
	kill -KILL "$pid" 2>/dev/null || true
	for ((i = 0; i < 50; i++)); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
	say "$1 does not end (process $pid)"
	return 1
}

# machines_wait SECONDS HOST...: until they answer; ends with the reason when one does not.
machines_wait()
{
	local end=$((SECONDS + $1)) host
	shift
	for host in "$@"; do
		machine_wait "$host" $end
	done
}

# machine_wait HOST END: until it answers; ends with the reason when it does not until END.
machine_wait()
{
	until machine_clock "$1"; do
		if ! machine_runs "$1"; then
			say "$1 ended while it was booting. The end of its console:"
		elif [ $SECONDS -ge "$2" ]; then
			say "$1 did not answer over SSH in time: $(tail -n 1 "$lab/$1.ssh")"
			say "The end of its console:"
		else
			sleep 0.2
			continue
		fi
		machine_words "$1" >&2
		exit 1
	done
}

# ssh_make: a configuration, the keys, and a program `ssh` that knows no other.
ssh_make()
{
	local host
	mkdir -p "$lab/bin"
	(umask 077 && cp "$vm/keys/client" "$lab/key")
	for host in "${hosts[@]}"; do
		printf 'Host %s\n\tHostName 10.99.0.1%d\n' "$host" "${number[$host]}"
	done >"$lab/ssh_config"
	cat >>"$lab/ssh_config" <<-END
		Host wire
			HostName 10.99.0.1
		Host *
			User root
			IdentityFile $lab/key
			IdentitiesOnly yes
			UserKnownHostsFile $lab/known_hosts
			StrictHostKeyChecking yes
			HostKeyAlias laboratory
			ServerAliveInterval 2
			ServerAliveCountMax 3
			LogLevel ERROR
	END
	echo "laboratory $(cut -d ' ' -f 1,2 "$vm/keys/host.pub")" >"$lab/known_hosts"
	printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$(command -v ssh)" "$lab/ssh_config" >"$lab/bin/ssh"
	chmod 755 "$lab/bin/ssh"
}

# counters_make: `wire` is the host at which the wire's ends are, for its counters: this namespace, with an
# sshd that answers nobody but who is in it.
counters_make()
{
	mkdir -p /run/sshd
	cp "$vm/keys/client.pub" "$lab/authorized_keys"
	(umask 077 && sed 's/^root:[^:]*:/root:*:/' /etc/shadow >"$lab/shadow")
	mount --bind "$lab/shadow" /etc/shadow # sshd lets nobody into a locked account
	printf '%s\n' 'ListenAddress 10.99.0.1' "HostKey $vm/keys/host" "AuthorizedKeysFile $lab/authorized_keys" \
		'StrictModes no' 'PidFile none' 'UsePAM no' 'UseDNS no' 'PasswordAuthentication no' 'PermitRootLogin yes' \
		>"$lab/sshd_config"
	/usr/sbin/sshd -f "$lab/sshd_config" -E "$lab/wire.log" 3<&-
}

testbed_make()
{
	cat >"$lab/testbed.yaml" <<-'END'
		# The laboratory (scripts/lab): a generator and two sensors on one wire, as in the paper's figure 4.
		name: lab
		hosts:
		  gen: {ports: {p0: data}, cores: [0, 1]}
		  xeon: {ports: {p0: data}, cores: [0, 1]}
		  amd: {ports: {p0: data}, cores: [0, 1]}
		  wire: {ports: {xeon: d-xeon, amd: d-amd}, directory: /run/lab/builds}
		links: [[gen.p0, xeon.p0, amd.p0]]
		roles: {generators: [gen], sensors: [xeon, amd]}
		link_counters: {xeon.p0: wire.xeon, amd.p0: wire.amd}
	END
}
