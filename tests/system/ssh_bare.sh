#!/usr/bin/env bash
# What a host needs: glibc, sh, tar and the file tools, and nothing else. The machine's SSH sessions are in
# a root of their own that has just these.
# timeout: 120
# shellcheck disable=SC2016  # of other shells
. "$(dirname "$0")/lib.sh"
. "$HERE/lib_machines.sh"
need_cmd ldd tar sha256sum dash

controller
make_machine gen
make_machine bare "ChrootDirectory /run/bare"
join_link gen bare
note_ports gen bare
testbed "$T/two.yaml" gen -- bare

in_machine bare bash -e -c '
root=/run/bare
mkdir -p $root/{bin,lib,lib64,usr,root,etc,proc,sys,dev,run/lock,tmp}
ln -s ../bin $root/usr/bin
chmod 1777 $root/tmp $root/run/lock
for tool in dash bash uname mkdir mv rm ls touch sha256sum tar; do
	cp "$(command -v $tool)" $root/bin/
	ldd "$(command -v $tool)" | grep -o "/[^ ]*" | while read -r library; do
		mkdir -p "$root$(dirname "$library")"
		cp -nL "$library" "$root$library"
	done
done
cp -L "$(ldconfig -p | sed -n "s/.*libm.so.6 .*=> //p" | head -n 1)" "$(ldconfig -p | sed -n "s/.*libc.so.6 .*=> //p" | head -n 1)" \
	"$(dirname "$(find $root -name libc.so.6 | head -n 1)")"
for old in libpthread.so.0 libdl.so.2 librt.so.1; do
	cp -L "$(ldconfig -p | sed -n "s/.*$old .*=> //p" | head -n 1)" "$(dirname "$(find $root -name libc.so.6 | head -n 1)")"
done
mv $root/bin/dash $root/bin/sh
echo "root:x:0:0::/root:/bin/sh" >$root/etc/passwd
mount -t proc none $root/proc
mount --rbind /sys $root/sys
mount --rbind /dev $root/dev
'
if in_machine bare find /run/bare -name 'libjansson*' -o -name 'libbpf*' -o -name 'libyaml*' | grep .; then
	fail "the bare root is not bare"
fi
ssh -o BatchMode=yes bare 'echo "$HOME" && test ! -e /usr/lib/python3 && test ! -e /bin/find' >"$T/out" 2>&1 ||
	fail "no session in the bare root: $(cat "$T/out"; in_machine bare tail -n 5 /run/sshd.log)"

tiny_scenario "$T/tiny.yaml"
measure "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/two.yaml" --out "$T/r" --no-pictures
assert_complete "$T/r" 4 "a bare root"
[ -n "$(in_machine bare find /run/bare/root/.cache/capbench -name 'libjansson*')" ] ||
	fail "no private libraries"
until_true 5 nobody_left || fail "left behind: $(others)"

# What libpcap is there is loaded when it is wanted; there is none here, which is said.
expect 4 "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/two.yaml" --out "$T/pcap" --no-pictures \
	--set capture.mechanism=pcap
assert_grep 'bare: .*libpcap' "$T/err" "libpcap is missing"
until_true 5 nobody_left || fail "left behind: $(others)"
