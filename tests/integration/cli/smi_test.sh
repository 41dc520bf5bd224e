#!/usr/bin/env bash
# smi on machines with good, broken and no drivers.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
need_no_card
need python3

# read_json EXPRESSION: what it gives for the document d on stdout.
read_json() { python3 -c 'import json,sys; d=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1" <<<"$output"; }
expect_json() { [[ "$(read_json "$1")" == "$2" ]] || fail "$1 is $(read_json "$1"), not $2"; }

expect 0 "a machine without drivers" "$flexai" smi
says "no XPU is visible here"
says "apt install"
expect 0 "the same in JSON" "$flexai" smi -o json
expect_json 'd["xpus"]' "[]"
expect_json 'd["schema"]' "flexai.smi/1"

install_fake gpu
expect 0 "one card" "$flexai" smi
says "$card"
says "80Gi"
says "compute, memory"
silent
expect 0 "one card in JSON" "$flexai" smi -o json
expect_json 'd["xpus"][0]["id"]' "$card"
expect_json 'd["xpus"][0]["memory_bytes"]' $((80 << 30))
expect_json 'd["xpus"][0]["free_permille"]' 1000
expect_json 'd["xpus"][0]["enforceable"]["compute"]' True
expect_json 'd["xpus"][0]["pci_address"]' None
expect 0 "one card in YAML" "$flexai" smi -o yaml
says "  - id: $card"
expect 0 "wide" "$flexai" smi -o wide
says "unknown yet"

# A card that only the vendor's library shows cannot be sliced, and says what to install.
LD_LIBRARY_PATH="$fakes/nvml" expect 0 "two cards" "$flexai" smi -o json
expect_json 'sorted(x["enforceable"]["compute"] for x in d["xpus"])' "[False, True]"
says "nvidia-opencl-icd"

# Broken drivers cost a warning, not the others.
for mode in crash exits empty; do install_fake "$mode"; done
printf 'libno_such_driver.so.1\n' >"$work/vendors/absent.icd"
expect 0 "broken drivers beside a good one" "$flexai" smi
says "$card"
warns "driver crash.icd: crashed with SIGSEGV"
warns "driver exits.icd: ended the process"
warns "driver absent.icd: libno_such_driver.so.1"
expect 0 "the same in JSON: stdout is JSON alone" "$flexai" smi -o json
silent
expect_json 'len(d["warnings"])' 3

# A driver that hangs is given up; it is alone here, so that no other has to be quick.
rm "$work/vendors/"*
install_fake hang
FLEXAI_DRIVER_TIMEOUT=1 expect 0 "a driver that hangs" "$flexai" smi
warns "driver hang.icd: did not answer within 1 s"
FLEXAI_DRIVER_TIMEOUT=1 refuses 4 "no XPU is visible here" "$flexai" run -- true
mkdir "$work/tmp"
TMPDIR="$work/tmp" "$flexai" smi &
impatient=$!
asking() { [[ -n "$(ls "$work/tmp")" ]]; }
wait_until "the drivers are asked" asking
kill -TERM "$impatient"
status=0
wait "$impatient" || status=$?
[[ "$status" == 143 ]] || fail "smi ended with $status after SIGTERM"
[[ -z "$(ls "$work/tmp")" ]] || fail "smi left files behind after SIGTERM"
rm "$work/vendors/hang.icd"
install_fake gpu
FLEXAI_DRIVER_TIMEOUT=never expect 0 "a timeout that is none" "$flexai" smi
warns "not a number of seconds"

# No OpenCL at all: what stands in the loader's place is no library.
mkdir "$work/no-opencl"
for name in libOpenCL.so.1 libOpenCL.so; do printf 'no library' >"$work/no-opencl/$name"; done
LD_LIBRARY_PATH="$work/no-opencl" expect 0 "a machine without OpenCL" "$flexai" smi
says "there is no OpenCL loader"
LD_LIBRARY_PATH="$work/no-opencl" refuses 4 "there is no OpenCL loader" "$flexai" run -- true
LD_LIBRARY_PATH="$work/no-opencl" expect 4 "doctor without OpenCL" "$flexai" doctor
says "apt install ocl-icd-libopencl1"

# Watching: a document per line, ended by a signal without an error.
"$flexai" smi --watch --interval 0.1 -o json >"$work/watch" &
watching=$!
two_lines() { (($(wc -l <"$work/watch") >= 2)); }
wait_until "two documents" two_lines
kill -TERM "$watching"
wait "$watching" || fail "watching ended with $?"
while IFS= read -r output; do expect_json 'd["schema"]' "flexai.smi/1"; done <"$work/watch"

# Nobody reads: an error, not a crash.
if "$flexai" smi >/dev/full 2>"$work/stderr"; then fail "a full disk went unnoticed"; fi
