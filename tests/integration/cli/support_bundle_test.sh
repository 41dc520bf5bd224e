#!/usr/bin/env bash
# support-bundle: what is in it, that it is the caller's alone, and that nothing of what is secret is in it.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
need python3
need tar

# Secrets in the environment, in arguments, in the names of a program's folder, of drivers' folders and files, of the runtime directory.
secret=hunter2-swordfish
mkdir -p "$work/$secret/v end" "$work/run $secret"
cp "$work"/vendors/*.icd "$work/$secret/v end/" 2>/dev/null || true
printf '%s\n' "$fakes/libfake_opencl_gpu.so" >"$work/$secret/v end/$secret.icd"
printf '%s\n' "$work/$secret/lib$secret.so" >"$work/$secret/v end/missing-$secret.icd"
export OCL_ICD_VENDORS="$work/$secret/v end" FLEXAI_RUNTIME_DIR="$work/run $secret"
export AWS_SECRET_ACCESS_KEY="$secret" FLEXAI_NOTE="$secret" LD_LIBRARY_PATH="$work/$secret/lib" PLAIN="$secret" POCL_AFFINITY=1
ln -s "$(command -v sleep)" "$work/$secret/sleep"
mkfifo "$work/end"
expect 0 "a slice that ends" "$flexai" run --name before -- "$work/$secret/sleep" 0
# shellcheck disable=SC2016 # for the slice
"$flexai" run --name ward -- sh -c 'echo started; read -r _ <"$0"' "$work/end" "--password=$secret" "$secret" >"$work/slice" 2>&1 &
wait_until "the slice" has_line "$work/slice" started

cd "$work"
expect 0 "a bundle" "$flexai" support-bundle --file "$work/bundle.tar.gz"
says "wrote $work/bundle.tar.gz"
silent
[[ "$(stat -c %a bundle.tar.gz)" == 600 ]] || fail "others may read the bundle"
mkdir unpacked
tar -xzf bundle.tar.gz -C unpacked
cd unpacked/flexai-support
if grep -rn "$secret" .; then fail "a secret is in the bundle"; fi
if grep -rn 'swordfish\|--password' .; then fail "a part of a secret is in the bundle"; fi
if grep -rnF "$work" .; then fail "a path of the user is in the bundle"; fi

# What a bug report needs is there, and the manifest names each file, and no other.
for file in version.json doctor.json smi.json history.json regions.json drivers.json; do python3 -m json.tool "$file" >/dev/null || fail "$file is no JSON"; done
grep -q "\"id\": \"$card\"" smi.json || fail "the card is missing"
grep -q '"name": "ward"' smi.json || fail "the slice is missing"
grep -q '"name": "before"' history.json || fail "the slice that ended is missing"
grep -q '"command": "sh"' smi.json || fail "the program's name is missing"
grep -q "\"name\": \"xpu-$card.state\"" regions.json || fail "the region is missing"
grep -q '^POCL_AFFINITY=1$' environment.txt || fail "a setting is missing"
grep -q '^FLEXAI_NOTE is set; its value is left out$' environment.txt || fail "a variable of unknown meaning is missing"
grep -q PLAIN environment.txt && fail "a variable of other people's is there"
grep -q '^kernel: Linux' system.txt || fail "the kernel is missing"
[[ "$(sed -n 's/^  \([a-z.]*\.\(json\|txt\)\): .*/\1/p' MANIFEST | LC_ALL=C sort)" == "$(find . -type f ! -name MANIFEST -printf '%f\n' | LC_ALL=C sort)" ]] ||
  fail "the manifest does not list what is there"
grep -q 'Left out:' MANIFEST || fail "the manifest does not say what is left out"

cd "$work"
echo mine >mine.tar.gz
refuses 3 "is there already, and is not overwritten" "$flexai" support-bundle --file mine.tar.gz
[[ "$(cat mine.tar.gz)" == mine ]] || fail "a file was overwritten"
ln -s "$work/elsewhere" link.tar.gz
refuses 3 "is there already" "$flexai" support-bundle -f link.tar.gz
refuses 1 "cannot be written" "$flexai" support-bundle -f "$work/nowhere/x.tar.gz"
mkdir "$work/empty" && cd "$work/empty"
(umask 0 && expect 0 "a bundle of a name of its own" "$flexai" support-bundle)
[[ "$(stat -c %a flexai-support-*.tar.gz)" == 600 ]] || fail "others may read the bundle"
if TMPDIR="$work/nowhere" timeout 30 "$flexai" support-bundle -f half.tar.gz 2>/dev/null; then fail "without a place for its parts"; fi
[[ ! -e half.tar.gz ]] || fail "a failed bundle is left"
