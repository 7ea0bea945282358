# Sourced by test.sh. Two rows of tests side by side: most of them wait for processes of their own, or keep one core busy.

# lane NAME PYTEST-ARGUMENTS...: starts one in the background; what it says is kept until join_lanes shows it.
lane_names=()
lane_pids=()
lane_logs=()

lane() {
  local name="$1" log
  shift
  log="$(mktemp)"
  .venv/bin/python -m pytest "$@" >"$log" 2>&1 &
  lane_names+=("$name")
  lane_pids+=($!)
  lane_logs+=("$log")
}

# join_lanes: waits for all, shows what each said, and fails when one of them did.
join_lanes() {
  local index code=0 started="$SECONDS"
  for index in "${!lane_pids[@]}"; do
    while kill -0 "${lane_pids[$index]}" 2>/dev/null; do
      sleep 1
      (((SECONDS - started) % 60)) || printf '  %4d s  %s\n' $((SECONDS - started)) "$(progress)"
    done
    wait "${lane_pids[$index]}" || code=$?
    printf '\n-- %s\n' "${lane_names[$index]}"
    cat "${lane_logs[$index]}"
    rm -f "${lane_logs[$index]}"
  done
  return "$code"
}

# progress: how far each lane is, by pytest's own percentages.
progress() {
  local index
  for index in "${!lane_names[@]}"; do
    [[ ! -f ${lane_logs[$index]} ]] || printf '%s:%s ' "${lane_names[$index]}" "$(grep -o '[ 0-9]*%' "${lane_logs[$index]}" | tail -1 || true)"
  done
}
