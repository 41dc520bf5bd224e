# shellcheck shell=bash disable=SC2034
# For tests of completion: one card, one slice of it by the name of `ward`, and `flexai` on the path.
. "$(dirname "${BASH_SOURCE[0]}")/../cli/support.sh"
install_fake gpu
export PATH="$build/bin:$PATH"

mkfifo "$work/end"
# shellcheck disable=SC2016 # for the slice
"$flexai" run --name ward --cores 10 -- sh -c 'echo started; read -r _ <"$0"' "$work/end" >"$work/slice" 2>&1 &
wait_until "the slice" has_line "$work/slice" started
