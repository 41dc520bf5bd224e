#!/usr/bin/env bash
# tools/gen_hooks --check finds each kind of mistake in a table of OpenCL functions, and a page that is older than it.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

[[ -e /usr/include/CL/cl_icd.h ]] || { echo "skipped: the OpenCL headers are not installed" && exit 77; }

# table SED…: the repository's table with a fault.
table() {
  put api/hooks/opencl.def < <(sed "$@" "$SOURCE/api/hooks/opencl.def")
}
mkdir "$tree/docs"

table ''
expect 1 "no page yet" "$TOOLS/gen_hooks" --check
expect_text "run tools/gen_hooks"
expect 0 "writing the page" "$TOOLS/gen_hooks"
expect 0 "a fresh page" "$TOOLS/gen_hooks" --check

table 's/^FLEXAI_API(clFlush, 100, flush, send)/FLEXAI_API(clFlush, 100, pass, send)/'
expect 1 "a table newer than the page" "$TOOLS/gen_hooks" --check
expect_text "run tools/gen_hooks"

table '/^FLEXAI_API(clFlush,/d'
expect 1 "a missing slot" "$TOOLS/gen_hooks" --check
expect_text "clFinish stands where cl_icd_dispatch has clFlush"

table 's/^FLEXAI_API(clFlush, 100/FLEXAI_API(clFlush, 200/'
expect 1 "a wrong version" "$TOOLS/gen_hooks" --check
expect_text "clFlush is listed under OpenCL 1.0 in the header, not 2.0"

table 's/^FLEXAI_API(clFlush, 100, flush/FLEXAI_API(clFlush, 100, gates/'
expect 1 "an unknown class" "$TOOLS/gen_hooks" --check
expect_text "clFlush has the class gates"

table 's/^FLEXAI_API(clFlush, /FLEXAI_API(clFlush,/'
expect 1 "a malformed line" "$TOOLS/gen_hooks" --check
expect_text "api/hooks/opencl.def:"

table '/^FLEXAI_EXT_API(clDeviceMemAllocINTEL,/d'
expect 1 "an extension function that is not listed" "$TOOLS/gen_hooks" --check
expect_text "clDeviceMemAllocINTEL is declared"

table '/^FLEXAI_WITHHELD(cl_intel_unified_shared_memory,/d'
expect 1 "a withheld function of a visible extension" "$TOOLS/gen_hooks" --check
expect_text "clDeviceMemAllocINTEL is withhold"

table 's/^\(FLEXAI_EXT_API(clMemFreeINTEL.*\)/\1\n\1/'
expect 1 "a function twice" "$TOOLS/gen_hooks" --check
expect_text "clMemFreeINTEL is listed twice"

expect 1 "an unknown option" "$TOOLS/gen_hooks" --nonsense
expect_text "tools/gen_hooks --check"
