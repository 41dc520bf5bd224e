#!/usr/bin/env bash
# Debian's package on a Debian that has nothing but what it depends on, and PoCL: install, the demo, upgrade, removal, purge.
# The system is installed once, into build/package-root/<what it depends on>.tar, from the mirror that mmdebstrap takes by itself.
. "$(dirname "${BASH_SOURCE[0]}")/../cli/support.sh"
watchdog=300
unset OCL_ICD_VENDORS FLEXAI_RUNTIME_DIR POCL_CACHE_DIR
[[ -f "$build/CPackConfig.cmake" ]] || skip "$build is not a build that is installed"
for program in dpkg-shlibdeps mmdebstrap unshare; do need "$program"; done
((EUID == 0)) || skip "only root can start another system's programs"
unshare --mount --pid --fork true 2>/dev/null || skip "namespaces cannot be made here"

expect 0 "the package" "$FLEXAI_SOURCE_DIR/tools/package" --from "$build" --into "$work/packages"
package="$(find "$work/packages" -name 'flexai_*.deb')"
if command -v lintian >/dev/null; then expect 0 "lintian" lintian --allow-root --fail-on error,warning "$package"; fi
if dpkg-deb --control "$package" "$work/control" && [[ -e "$work/control/conffiles" ]]; then fail "there is no configuration, so no conffiles"; fi

# What the package says it needs is all there is: a dependency that is missing in it is missing in that system.
depends="$(dpkg-deb -f "$package" Depends)"
base="$(dirname "$build")/package-root/$(printf '%s %s' bookworm "$depends" | sha256sum | cut -c1-16).tar"
if [[ ! -f "$base" ]]; then
  mkdir -p "$(dirname "$base")"
  names="$(sed 's/([^)]*)//g; s/ *| *[^,]*//g; s/ //g' <<<"$depends"),pocl-opencl-icd"
  timeout -k 5 300 mmdebstrap --quiet --variant=minbase --include="$names" bookworm "$base.new.tar" >"$work/mmdebstrap" 2>&1 ||
    {
      cat "$work/mmdebstrap" && rm -f "$base.new.tar"
      if grep -qE 'Unable to locate package|unmet dependencies' "$work/mmdebstrap"; then fail "Debian has not what the package depends on"; fi
      skip "no Debian could be installed (is there a network?)"
    }
  rm -f "${base%/*}"/*[0-9a-f].tar # of other dependencies
  mv "$base.new.tar" "$base"
fi
root="$work/root"
mkdir "$root"
tar -C "$root" --numeric-owner -xf "$base"
cp "$package" "$root/flexai.deb"

cat >"$root/inside" <<'END'
set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root POCL_CACHE_DIR=/dev/shm/pocl
fail() { printf 'FAILED: %s\n' "$*" >&2 && exit 1; }
# All files but what dpkg writes down, and logs.
files() { find / -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /var/cache/debconf \) -prune -o -print | LC_ALL=C sort; }
waits() { # waits COMMAND…: until it succeeds
  local began=$SECONDS
  until "$@"; do ((SECONDS - began < 60)) || fail "waited in vain: $*"; sleep 0.05; done
}
touch /before /etc/{passwd,shadow,group,gshadow,subuid,subgid}- # made by whoever adds users and groups
files >/before

dpkg -i /flexai.deb >/dev/null || fail "the package cannot be installed"
[[ "$(stat -c '%U:%G %a' /run/flexai)" == "root:flexai 2770" ]] || fail "/run/flexai is $(stat -c '%U:%G %a' /run/flexai)"
[[ "$(getent group flexai | cut -d: -f3)" -lt 1000 ]] || fail "the group flexai is no system group"
dpkg -V flexai || fail "files are not as they were packed"
flexai version -o wide | grep -qx 'OpenCL layer /usr/lib/flexai/libflexai_opencl.so' || fail "$(flexai version -o wide)"
flexai doctor || fail "doctor ends with $?"
gzip -dc /usr/share/man/man1/flexai-run.1.gz | grep -q 'flexai.*run' || fail "there is no manual page"
# Its acts are measured, and the machine is not ours alone: once more before that is a failure.
demo() { flexai demo --quick --html /dev/shm/demo.html; }
demo || demo || fail "the demo ends with $?, twice"
[[ -n "$(ls /run/flexai)" ]] || fail "root's regions are not in /run/flexai"
# Somebody outside of the group has regions of his own.
useradd -M outsider && runuser -u outsider -- env POCL_CACHE_DIR=/tmp/pocl flexai run -- true || fail "a user outside of the group: $?"
userdel outsider && rm -rf /tmp/pocl /dev/shm/flexai-*

# Installed again under a running slice: the library that is mapped keeps its bytes, the file is a new one.
mkfifo /dev/shm/end
flexai run --name across -- sh -c 'echo started >/dev/shm/started; read -r _ </dev/shm/end; flexai slice ls across' >/dev/shm/across 2>&1 &
waits test -s /dev/shm/started
library="$(readlink -f /usr/lib/flexai/libflexai_opencl.so)"
exec 7<"$library"
inode="$(stat -Lc %i /proc/self/fd/7)" before="$(sha256sum </proc/self/fd/7)"
dpkg -i /flexai.deb >/dev/null || fail "the package cannot be installed again"
[[ "$(stat -c %i "$library")" != "$inode" ]] || fail "the package wrote into a library in use"
[[ "$(sha256sum </proc/self/fd/7)" == "$before" ]] || fail "the library changed under those who have it"
exec 7<&-
echo >/dev/shm/end
wait $! || fail "the slice across the installation: $(cat /dev/shm/across)"

# Removed under a running slice: its region stays while it lives.
rm -f /dev/shm/started
flexai run --name last -- sh -c 'echo started >/dev/shm/started; read -r _ </dev/shm/end' &
waits test -s /dev/shm/started
dpkg -r flexai >/dev/null 2>/dev/shm/removal || fail "the package cannot be removed: $(cat /dev/shm/removal)"
grep -q 'programs still run in slices' /dev/shm/removal || fail "the removal does not say that a slice lives"
[[ -d /run/flexai ]] || fail "the removal took the region of a living slice"
echo >/dev/shm/end
wait $! || fail "the slice did not survive the removal"
dpkg -P flexai >/dev/null || fail "the package cannot be purged"
files | diff /before - || fail "the purge does not leave what was there before"
getent group flexai && fail "the group is still there"

# Removed in peace: everything goes but the group.
dpkg -i /flexai.deb >/dev/null
dpkg -r flexai >/dev/null
files | diff /before - || fail "the removal does not leave what was there before"
getent group flexai >/dev/null || fail "the removal took the group, which is the administrator's to keep"
END
status=0
# shellcheck disable=SC2016 # for the shell inside
timeout -k 5 "$watchdog" unshare --mount --pid --fork --kill-child bash -c '
  set -e
  mount --make-rprivate /
  mount -t proc proc "$0/proc"
  mount -t sysfs -o ro sys "$0/sys" || mount --rbind -o ro /sys "$0/sys"
  mount -t tmpfs tmpfs "$0/run"
  mkdir -p "$0/dev/shm" "$0/run/lock"
  mount -t tmpfs -o size=2g tmpfs "$0/dev/shm"
  exec chroot "$0" bash /inside' "$root" </dev/null >"$work/log" 2>&1 || status=$?
cat "$work/log"
((status == 0)) || fail "in the other system (status $status)"
