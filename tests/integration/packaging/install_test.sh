#!/usr/bin/env bash
# `make install`: any prefix, DESTDIR and a move afterwards, links, paths with blanks, upgrades under a running slice, uninstall.
. "$(dirname "${BASH_SOURCE[0]}")/../cli/support.sh"
need clinfo
[[ -e /etc/OpenCL/vendors/pocl.icd ]] || skip "the driver pocl is not installed (tools/install-packages run)"
install_fake gpu
[[ -f "$build/packaging/cmake_install.cmake" ]] || skip "$build is not a build that is installed"

# expect_install STATUS WHAT DESTDIR PREFIX [ARGUMENT…]
expect_install() {
  expect "$1" "$2" env "DESTDIR=$3" "PREFIX=$4" "$FLEXAI_SOURCE_DIR/tools/install" --from "$build" "${@:5}"
}
tree_of() { (cd "$1" && find . -printf '%y %P\n' | LC_ALL=C sort); }

# works PROGRAM PREFIX: the layer is that of the installation, a program really runs in a slice, doctor is content.
works() {
  expect 0 "version of $1" "$1" version -o wide
  says "OpenCL layer $2/lib/flexai/libflexai_opencl.so"
  expect 0 "doctor of $1" "$1" doctor
  says "loads flexai's layer"
  # shellcheck disable=SC2016 # the slice's own variable
  expect 0 "a slice by $1" "$1" run --name installed -- sh -c 'echo "layers: $OPENCL_LAYERS"'
  says "layers: $2/lib/flexai/libflexai_opencl.so"
}

# Below DESTDIR, with folders that others have there.
mkdir -p "$work/root/usr/bin" "$work/root/usr/share/doc"
echo other >"$work/root/usr/bin/other"
tree_of "$work/root" >"$work/before"
expect_install 0 "install into DESTDIR" "$work/root" /usr
works "$work/root/usr/bin/flexai" "$work/root/usr"
grep -rqF "$work/root" "$work/root/usr/lib" "$work/root/usr/libexec" "$work/root/usr/share" && fail "an installed file names DESTDIR"

# Again, over itself: the same files, and the library is a new one beside the old, which whoever has it mapped keeps.
tree_of "$work/root" >"$work/once"
library="$(readlink -f "$work/root/usr/lib/flexai/libflexai_opencl.so")"
[[ "${library##*/}" == libflexai_opencl.so.[0-9]* ]] || fail "the layer's file does not carry a version: $library"
exec 7<"$library"
first="$(stat -Lc %i /proc/self/fd/7)"
expect_install 0 "install again" "$work/root" /usr
tree_of "$work/root" | cmp -s - "$work/once" || fail "a second installation left other files"
[[ "$(stat -c %i "$library")" != "$first" ]] || fail "the second installation wrote into the library of the first"
exec 7<&-

# A file that only the release before had goes.
echo 'f lib/flexai/libflexai_opencl.so.0.0.1' >>"$work/root/usr/lib/flexai/installed"
touch "$work/root/usr/lib/flexai/libflexai_opencl.so.0.0.1"
expect_install 0 "upgrade" "$work/root" /usr
tree_of "$work/root" | cmp -s - "$work/once" || fail "the upgrade left a file of the release before"

# An upgrade under a running slice: what it starts afterwards is held by the layer as before.
mkfifo "$work/go"
mkdir "$work/real"
cp /etc/OpenCL/vendors/pocl.icd "$work/real/"
# shellcheck disable=SC2016 # the slice's own variables
OCL_ICD_VENDORS="$work/real" "$work/root/usr/bin/flexai" run --name upgraded --memory 512Mi -- sh -c 'echo started; read -r _ <"$0"; exec clinfo --raw' \
  "$work/go" >"$work/running" 2>&1 &
wait_until "the slice" has_line "$work/running" started
mv "$library" "$library.9"
ln -sfn "${library##*/}.9" "$work/root/usr/lib/flexai/libflexai_opencl.so"
echo >"$work/go"
wait $! || fail "the slice across an upgrade: $(cat "$work/running")"
grep -q "CL_DEVICE_GLOBAL_MEM_SIZE  *$((512 << 20))\$" "$work/running" || fail "after an upgrade programs of the slice run without the layer"
mv "$library.9" "$library"
ln -sfn "${library##*/}" "$work/root/usr/lib/flexai/libflexai_opencl.so"

# Moved, into a folder whose name has blanks; by a link from elsewhere; by a relative path.
mkdir "$work/a folder"
mv "$work/root/usr" "$work/a folder/flex ai"
works "$work/a folder/flex ai/bin/flexai" "$work/a folder/flex ai"
mkdir "$work/links"
ln -s "$work/a folder/flex ai/bin/flexai" "$work/links/flexai"
works "$work/links/flexai" "$work/a folder/flex ai"
cd "$work/links"
works ./flexai "$work/a folder/flex ai"
cd - >/dev/null
mv "$work/a folder/flex ai" "$work/root/usr"

# The demo finds its programs: without them it stops at the first act that needs one.
for program in flexai-load flexai-example-matmul; do
  [[ -x "$build/bin/$program" ]] || continue
  [[ -x "$work/root/usr/libexec/flexai/$program" ]] || fail "$program is not installed"
done

# A prefix of its own, without DESTDIR.
expect_install 0 "install into a prefix" "" "$work/opt/x"
works "$work/opt/x/bin/flexai" "$work/opt/x"
expect_install 0 "uninstall from the prefix" "" "$work/opt/x" --uninstall
[[ -z "$(ls -A "$work/opt/x")" ]] || fail "uninstall left $(ls -A "$work/opt/x")"

# What was there before is there again, and nothing else.
expect_install 0 "uninstall" "$work/root" /usr --uninstall
tree_of "$work/root" | diff - "$work/before" >&2 || fail "uninstall does not restore what was there"
expect_install 1 "uninstall twice" "$work/root" /usr --uninstall
warns "nothing of flexai is installed"
expect_install 1 "a relative prefix" "" usr
warns "no absolute path"
