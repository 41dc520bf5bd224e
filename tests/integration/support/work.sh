# shellcheck shell=bash
# A folder of the test's own, $work. When the test ends its jobs do, with their descendants, and the folder goes. Sourced.

work="$(mktemp -d)"

# end_tree PID: a killed `flexai run` leaves its program alone, so descendants come first.
end_tree() {
  local child
  for child in $(grep -lsE "^PPid:[[:space:]]+$1\$" /proc/[0-9]*/status || true); do
    child="${child#/proc/}"
    end_tree "${child%/status}"
  done
  kill -KILL "$1" 2>/dev/null || true
}
cleanup() {
  local pid
  for pid in $(jobs -p); do end_tree "$pid"; done
  rm -rf "$work"
}
trap cleanup EXIT
