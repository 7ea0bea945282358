# Sourced by test.sh. Rows of tests side by side: most tests wait for processes of their own, or keep one core busy.

lane_names=()
lane_pids=()
lane_logs=()
failed_lanes=()
most_again=3

# lane NAME PYTEST-ARGUMENTS...: starts tests in the background. What they say is kept until join_lanes shows it.
lane() {
  local name="$1"
  shift
  rm -rf "$(lane_cache "$name")"
  beside "$name" .venv/bin/python -m pytest -o "cache_dir=$(lane_cache "$name")" "$@"
}

# lane_cache NAME: where a lane's pytest keeps what failed; lanes that shared one would write over each other.
lane_cache() {
  printf '%s/.pytest_cache/%s' "$PWD" "${1//[^a-z]/-}"
}

# again_alone: the few tests that failed beside others, once more, while nothing else runs. What is broken fails again; what
# hung on a busy machine does not, and is named as what has to be mended. Anything but a few failed tests stays a failure.
again_alone() {
  local name cache count total=0 names="" code=0
  ((${#failed_lanes[@]})) || return 1
  for name in "${failed_lanes[@]}"; do
    cache="$(lane_cache "$name")"
    count="$(.venv/bin/python -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$cache/v/cache/lastfailed" 2>/dev/null || true)"
    if [[ ! "$count" =~ ^[1-9]$ ]] || (((total += count) > most_again)); then
      printf '%s: %s failed, which is not for a second look\n' "$name" "${count:-something else}"
      return 1
    fi
    names+="$(cat "$cache/v/cache/lastfailed")"$'\n'
    .venv/bin/python -m pytest tests -m "" --last-failed --last-failed-no-failures none -o "cache_dir=$cache" || code=$?
  done
  ((code)) || printf '\nFAILED BESIDE OTHERS, PASSED ALONE; to be mended, see above for what they said:\n%s' "$names"
  return "$code"
}

# beside NAME COMMAND...: the same for any command.
beside() {
  local name="$1" log
  shift
  log="$(mktemp)"
  set -m # a group of its own: else a shell makes what it starts in the background deaf to Ctrl-C, and tests send that
  "$@" >"$log" 2>&1 </dev/null &
  set +m
  lane_names+=("$name")
  lane_pids+=($!)
  lane_logs+=("$log")
}

# join_lanes: waits for all, saying now and then how far they are; shows what each said; fails when one of them did.
join_lanes() {
  local index code=0 next=60 began="$SECONDS"
  trap 'end_lanes; exit 130' INT TERM
  for index in "${!lane_pids[@]}"; do
    while kill -0 "${lane_pids[$index]}" 2>/dev/null; do
      sleep 1
      if ((SECONDS - began >= next)); then
        printf '  %4d s  %s\n' "$next" "$(progress)"
        ((next += 60))
      fi
    done
  done
  trap - INT TERM
  for index in "${!lane_pids[@]}"; do
    wait "${lane_pids[$index]}" || { code=$? && failed_lanes+=("${lane_names[$index]}"); }
    printf '\n-- %s\n' "${lane_names[$index]}"
    cat "${lane_logs[$index]}"
    rm -f "${lane_logs[$index]}"
  done
  lane_names=() lane_pids=() lane_logs=()
  return "$code"
}

# progress: how far each lane is, by pytest's own percentages.
progress() {
  local index
  for index in "${!lane_names[@]}"; do
    printf '%s: %s  ' "${lane_names[$index]}" "$(grep -o '[0-9]*%' "${lane_logs[$index]}" | tail -1 || true)"
  done
}

end_lanes() {
  local index
  for index in "${!lane_pids[@]}"; do
    kill -INT -- "-${lane_pids[$index]}" 2>/dev/null || true
  done
  wait
}
