#!/usr/bin/env bash
# What a host needs: glibc, sh, tar and the file tools, and nothing else. The machine's SSH sessions are in
# a root of their own that has just these; in the tier all it is what debootstrap calls minimal.
# timeout: 240
# shellcheck disable=SC2016  # of other shells

# Packages are fetched while there is a network, which the test itself has not.
if [ "${CAPBENCH_TIER:-commit}" = all ] && [ -z "${CAPBENCH_TEST_ISOLATED:-}" ]; then
	bare=${CAPBENCH_BARE:-$(cd "$(dirname "$0")/../.." && pwd -P)/build-asan/bare.tgz}
	if [ ! -s "$bare" ] && [ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null; then
		mkdir -p "$(dirname "$bare")"
		debootstrap --variant=minbase --make-tarball="$bare.tmp" "$(. /etc/os-release && echo "$VERSION_CODENAME")" \
			"$bare.root" >"$bare.log" 2>&1 && mv "$bare.tmp" "$bare"
	fi
	export CAPBENCH_BARE=$bare
fi
. "$(dirname "$0")/lib.sh"
. "$HERE/lib_machines.sh"
need_cmd ldd tar sha256sum dash

controller
make_machine gen
make_machine bare "ChrootDirectory /run/bare"
join_link gen bare
note_ports gen bare
testbed "$T/two.yaml" gen -- bare

if [ "$CAPBENCH_TIER" = all ]; then
	[ -s "$CAPBENCH_BARE" ] || skip "needs debootstrap and a network: $(tail -n 1 "$CAPBENCH_BARE.log" 2>&1)"
	mount -t tmpfs none /mnt
	debootstrap --variant=minbase --unpack-tarball="$CAPBENCH_BARE" \
		"$(. /etc/os-release && echo "$VERSION_CODENAME")" /mnt/bare >"$T/debootstrap.log" 2>&1 ||
		fail "debootstrap: $(tail "$T/debootstrap.log")"
	# The machine has a mount namespace of its own, into which this is carried.
	tar -C /mnt/bare --one-file-system -c . | in_machine bare sh -c 'mkdir /run/bare && tar -C /run/bare -x'
	umount -R /mnt
else
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
# What glibc has beside them.
for library in libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1; do
	cp -L "$(ldconfig -p | sed -n "s/.*$library .*=> //p" | head -n 1)" \
		"$(dirname "$(find $root -name libc.so.6 | head -n 1)")"
done
mv $root/bin/dash $root/bin/sh
echo "root:x:0:0::/root:/bin/sh" >$root/etc/passwd
'
fi
in_machine bare bash -e -c '
mount -t proc none /run/bare/proc
mount --rbind /sys /run/bare/sys
mount --rbind /dev /run/bare/dev
'
if in_machine bare find /run/bare -name 'libjansson*' -o -name 'libbpf*' -o -name 'libyaml*' | grep .; then
	fail "the bare root is not bare"
fi
ssh -o BatchMode=yes bare 'echo "$HOME" && test ! -e /usr/bin/python3 && test ! -e /usr/bin/ip' >"$T/out" 2>&1 ||
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

# ---- an older glibc ----

# The root's C library no longer knows the newest version that capbench asks for, as an older one does
# not; its own loader says so. What the copying needs must run all the same.
newest=$(grep -aoE 'GLIBC_2\.[0-9]+' "$CAPBENCH" | sort -uV | tail -n 1)
tools=()
for tool in sh uname mkdir mv rm ls touch sha256sum tar; do
	tools+=("/run/bare/$(in_machine bare chroot /run/bare sh -c "command -v $tool")")
done
if in_machine bare grep -aqF "$newest" "${tools[@]}"; then
	echo "an older glibc is not tried: tar and the others here need $newest, too"
	exit 0
fi
in_machine bare bash -e -c '
libc=$(readlink -f "$(find /run/bare/ -path "*/proc" -prune -o -name libc.so.6 -print | head -n 1)")
LC_ALL=C sed -i "s/$1/GLIBC_0.${1#GLIBC_2.}/" "$libc" # of the same length
rm -rf /run/bare/root/.cache/capbench
cp --remove-destination "$2" /run/bare/bin/bash # the login shell
' bash "$newest" "${tools[0]}"
expect 4 "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/two.yaml" --out "$T/older" --no-pictures
assert_grep "bare: its C library is older than the one that this capbench was built with .*$newest.* not found.*build on the host with the oldest" \
	"$T/err" "an older glibc"
[ -z "$(in_machine bare find /run/bare/root/.cache/capbench -type f)" ] || fail "what does not start was left there"
until_true 5 nobody_left || fail "left behind: $(others)"
