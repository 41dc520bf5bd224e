#!/usr/bin/env bash
# Damaged, foreign and full places for regions: each a clear refusal, never a crash, never a run without enforcement.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
install_fake gpu
region="$work/runtime/xpu-$card"
expect 0 "the first run makes the region" "$flexai" run -- true
[[ -s "$region.quota" && -s "$region.state" ]] || fail "there is no region"
mkdir "$work/good"
cp "$region".* "$work/good/"
restore() { rm -f "$region".* && cp "$work/good/"* "$work/runtime/"; }
all_refuse() { # TEXT: run, smi, doctor and slice ls say it; smi still lists the card
  refuses 125 "$1" "$flexai" run -- true
  expect 1 "smi" "$flexai" smi
  warns "$1"
  says "$card"
  expect 1 "doctor" "$flexai" doctor
  says "$1"
  expect 1 "slice ls" "$flexai" slice ls
  restore
}
truncate -s 100 "$region.quota" && all_refuse "is damaged"
truncate -s 100 "$region.state" && all_refuse "is damaged"
truncate -s 0 "$region.state" && all_refuse "is damaged"
rm "$region.state" && all_refuse "is damaged"
printf 'nonsense' | dd of="$region.quota" conv=notrunc status=none && all_refuse "is damaged"
printf '\377\377' | dd of="$region.quota" bs=1 seek=8 conv=notrunc status=none && all_refuse "another major version"
printf '\377' | dd of="$region.state" bs=1 seek=24 conv=notrunc status=none && all_refuse "is damaged" # another pair
expect 0 "the good region again" "$flexai" run -- true

# A region is not followed through a link that somebody laid.
rm "$region.quota" && ln -s "$work/good/xpu-$card.quota" "$region.quota" && all_refuse "belongs to another user"

# The directory.
FLEXAI_RUNTIME_DIR="$work/nothing" refuses 125 "does not exist" "$flexai" run -- true
FLEXAI_RUNTIME_DIR="$work/good/xpu-$card.quota" refuses 125 "Not a directory" "$flexai" run -- true
FLEXAI_RUNTIME_DIR="$work/nothing" expect 1 "smi without a directory" "$flexai" smi
says "$card"
(cd "$work" && FLEXAI_RUNTIME_DIR=runtime expect 0 "a relative directory" "$flexai" run -- sh -c 'cd / && cat "$FLEXAI_SLICE"')

# The region was deleted under a running program: no second one beside it.
mkfifo "$work/hold"
"$flexai" run -- sh -c "echo held; cat <'$work/hold'" >"$work/said" &
wait_until "the slice" has_line "$work/said" held
rm "$region".*
refuses 4 "was deleted while pid" "$flexai" run -- true
expect 1 "doctor" "$flexai" doctor
says "whose region was deleted"
: >"$work/hold"
wait_until "a new region" "$flexai" run -- true

# Nobody goes on while a stopped process holds the lock, and it is named.
need python3
python3 - "$region.lock" <<'END' &
import fcntl, sys, time
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
open(sys.argv[1] + ".held", "w")
time.sleep(1000)
END
holder=$!
wait_until "the lock" test -e "$region.lock.held"
refuses 125 "is locked by pid $holder" "$flexai" run -- true
expect 1 "doctor" "$flexai" doctor
says "kill -CONT $holder"
kill -KILL "$holder"
await_killed "$holder"
expect 0 "the lock is free" "$flexai" run -- true

[[ "$(id -u)" == 0 ]] || skip "the rest needs root: regions of other users, a full tmpfs"

# Regions of somebody else in a directory of one's own: a trap, or a mistake.
need setpriv
as_other=(setpriv --reuid 65533 --regid 65533 --clear-groups --inh-caps=-all)
chmod 711 "$work"
mkdir "$work/own"
cp "$region".* "$work/own/"
chmod 666 "$work/own/"*
chown 65533 "$work/own"
chown 65534 "$work/own/"*
FLEXAI_RUNTIME_DIR="$work/own" refuses 125 "belongs to another user" "${as_other[@]}" "$flexai" run -- true
chmod 600 "$work/own/"*
FLEXAI_RUNTIME_DIR="$work/own" refuses 125 "Permission denied" "${as_other[@]}" "$flexai" run -- true
mkdir -m 700 "$work/private"
FLEXAI_RUNTIME_DIR="$work/private" refuses 125 "Permission denied" "${as_other[@]}" "$flexai" run -- true

mkdir "$work/small"
mount -t tmpfs -o size=64k none "$work/small" 2>/dev/null || skip "the rest needs mount: a full tmpfs"
FLEXAI_RUNTIME_DIR="$work/small" expect 125 "a full tmpfs" "$flexai" run -- true
left="$(find "$work/small" -type f ! -name '*.lock' | wc -l)"
umount "$work/small"
warns "$work/small is full"
[[ "$left" == 0 ]] || fail "half a region was left behind"
