#!/usr/bin/env bash
# What a new user meets: each thing that is not as it should be is said with what to do, before anything
# is measured, and leaves nothing behind.
# timeout: 240
# shellcheck disable=SC2016  # variables of jq and of other shells
. "$(dirname "$0")/lib.sh"
. "$HERE/lib_machines.sh"
need_cmd runuser

controller
make_machines gen cap
join_link gen cap
note_ports gen cap
testbed "$T/two.yaml" gen -- cap
tiny_scenario "$T/tiny.yaml"
cp /root/.ssh/known_hosts "$T/known_hosts"
cp /root/.ssh/config "$T/config"
tries=0
capbench=$SANITIZED

# refused STATUS PATTERN MESSAGE [TESTBED]
refused()
{
	tries=$((tries + 1))
	expect "$1" "$capbench" run "$T/tiny.yaml" --testbed "${4:-$T/two.yaml}" --out "$T/refused$tries"
	assert_grep "$2" "$T/err" "$3"
	[ ! -s "$T/refused$tries/trials.jsonl" ] || fail "$3: measured all the same"
	assert_clean "$3" gen cap
}

# In the file's own words.
edit()
{
	sed "$1" "$T/two.yaml" >"$T/edited.yaml"
}

# ---- ssh ----

sed -i '/^10.99.2.2/d' /root/.ssh/known_hosts
refused 5 'cap: its host key is not known yet: run +ssh cap true' "an unknown host key"
ssh-keygen -q -t ed25519 -N '' -f "$T/other"
echo "10.99.2.2 $(cut -d ' ' -f 1,2 "$T/other.pub")" >>/root/.ssh/known_hosts
refused 5 'cap: its host key has CHANGED.*ssh-keygen -f .* -R .*10.99.2.2' "a changed host key"
# Whatever the user's configuration says about that.
printf 'Host *\n\tStrictHostKeyChecking no\n' >>/root/.ssh/config
refused 5 'host key has CHANGED' "a changed host key with StrictHostKeyChecking no"
cp "$T/known_hosts" /root/.ssh/known_hosts
cp "$T/config" /root/.ssh/config

edit 's/cap: {/cap: {ssh: nouser@cap, /'
refused 5 'cap: ssh can.t connect: .*Permission denied.*ssh nouser@cap true' "a wrong user" "$T/edited.yaml"
edit 's/cap: {/cap: {ssh: no-such-host.invalid, /'
refused 5 'cap: ssh can.t connect: .*Could not resolve.*`control`' "a wrong name" "$T/edited.yaml"
edit 's/cap: {/cap: {control: 10.99.2.77, /'
refused 5 'cap: ssh .*10.99.2.77 cap true' "nobody at that address" "$T/edited.yaml"
stop_sshd cap
until_true 5 eval '! sshd_listens cap'
refused 5 'cap: ssh can.t connect: .*Connection refused.*ssh cap true' "no SSH server"
start_sshd cap

capbench=$CAPBENCH
# What a configuration may say does no harm: a master of its own, forwardings, keep-alives, a command.
cat >>/root/.ssh/config <<-END
	Host *
		ControlMaster auto
		ControlPath /run/own-%h
		ServerAliveInterval 1
		LocalForward 12345 localhost:1
		RequestTTY force
		RemoteCommand exit 1
		PermitLocalCommand yes
		LocalCommand touch /run/local-command
END
measure "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/two.yaml" --out "$T/config-run" --no-pictures
assert_complete "$T/config-run" 4 "a busy configuration"
assert_clean "a busy configuration" gen cap
[ ! -e /run/local-command ] || fail "LocalCommand was run"
cp "$T/config" /root/.ssh/config

# ---- privileges ----

# A user of the machine's own: it is in its mount namespace that /etc/passwd is another.
in_machine cap bash -c 'cp /etc/passwd /run/passwd && echo "bob:x:4242:4242::/run/bob:/bin/sh" >>/run/passwd &&
	mount --bind /run/passwd /etc/passwd && mkdir -m 755 /run/bob && chown 4242:4242 /run/bob'
edit 's/cap: {/cap: {ssh: bob@cap, /'
refused 4 'cap: .*CAP_NET_RAW and CAP_NET_ADMIN.*become: sudo' "a user without privileges" "$T/edited.yaml"
edit 's/cap: {/cap: {ssh: bob@cap, become: sudo, /'
# sudo as a host may have it; no host here has to have one.
sudo_says()
{
	in_machine cap bash -c 'mkdir -p /run/sudo-bin && printf "%s\n" "#!/bin/sh" "$1" >/run/sudo-bin/sudo &&
		chmod 755 /run/sudo-bin/sudo' bash "$1"
}
stop_sshd cap
in_machine cap sed -i 's|^SetEnv|SetEnv PATH=/run/sudo-bin:/usr/bin:/bin:/usr/sbin|' /run/sshd_config
start_sshd cap
refused 5 'cap: there is no sudo: install it, or log in as root' "no sudo" "$T/edited.yaml"
sudo_says 'echo "sudo: a password is required" >&2; exit 1'
refused 5 'cap: sudo wants a password: .*NOPASSWD' "sudo with a password" "$T/edited.yaml"
sudo_says 'echo "Sorry, user bob may not run sudo on cap." >&2; exit 1'
refused 5 'cap: the user may not use sudo' "a user who may not use sudo" "$T/edited.yaml"

# ---- the disk ----

in_machine cap mount -t tmpfs -o size=1m none /run/bob
in_machine cap chown 4242:4242 /run/bob
refused 5 'cap: the copy in ~/.cache/capbench is not whole: .*No space left.*it needs [0-9]+ MB.*`directory`' \
	"a full disk" "$T/edited.yaml"
[ -z "$(in_machine cap find /run/bob -type f)" ] || fail "a part of the copy was left on the full disk"
in_machine cap mount -o remount,ro none /run/bob
refused 5 'cap: ~/.cache/capbench can.t be written: .*Read-only.*`directory`' "a read-only home" "$T/edited.yaml"
in_machine cap umount /run/bob
in_machine cap bash -c 'mkdir /run/noexec && mount -t tmpfs -o noexec none /run/noexec'
edit 's/cap: {/cap: {directory: \/run\/noexec, /'
refused 5 'cap: capbench does not start in /run/noexec: .*programs may be executed' "a noexec directory" "$T/edited.yaml"

# ---- other machines ----

in_machine cap bash -c 'printf "%s\n" "#!/bin/sh" "echo riscv64" >/run/sudo-bin/uname && chmod 755 /run/sudo-bin/uname'
refused 4 'cap is riscv64, and this capbench is built for ' "another architecture"
in_machine cap rm /run/sudo-bin/uname

# ---- two at a time ----

background first "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/two.yaml" --out "$T/first" --no-pictures \
	--set trial.duration=8s --set retries=0 --set repetitions=1 --set vary.traffic.rate=10k
until_true 20 test -s "$T/first/journal.jsonl"
locked() { ! in_machine cap flock -n /run/lock/capbench true; }
until_true 20 locked || fail "no lock"
expect 5 "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/two.yaml" --out "$T/second"
assert_grep "in use by root@.*process ${pid[first]}, since 20.*wait for its end" "$T/err" "a host in use"
finish first 90
assert_measured first
assert_complete "$T/first" 1 "the first of two runs"
assert_clean "two runs at once" gen cap
# A lock file that is left over, or full of nonsense, is no lock.
in_machine cap bash -c 'head -c 3000 /dev/urandom >/run/lock/capbench'
measure "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/two.yaml" --out "$T/third" --no-pictures
assert_complete "$T/third" 4 "after a lock that was left over"
