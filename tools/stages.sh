# Sourced by check.sh and test.sh. `stage NAME COMMAND...` runs a command and notes how long it took; the table comes at exit.

stage_names=()
stage_seconds=()

stage() {
  local name="$1" started="$SECONDS" code=0
  shift
  printf '\n== %s\n' "$name"
  "$@" || code=$?
  [[ $code -eq 0 ]] || name="$name (failed)"
  stage_names+=("$name")
  stage_seconds+=($((SECONDS - started)))
  return "$code"
}

print_stages() {
  local index
  printf '\nwhere the time went:\n'
  for index in "${!stage_names[@]}"; do
    printf '  %5d s  %s\n' "${stage_seconds[$index]}" "${stage_names[$index]}"
  done
}
trap print_stages EXIT
