#!/usr/bin/env bash
# Creates or refreshes .venv with exactly the pinned packages of requirements/<set>.txt, and this checkout, editable.
#   tools/setup.sh demo    what `repave demo` needs
#   tools/setup.sh dev     that, and what the tests and checks need
# PYTHON=python3.12 picks the interpreter. Running it again costs a moment while nothing has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

requirement_set="${1:-dev}"
[[ -f "requirements/$requirement_set.txt" ]] || { echo "setup: there is no requirements/$requirement_set.txt" >&2; exit 2; }

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# Sets `python` to the interpreter for .venv: the one asked for, else the first of the usual names that is new enough.
find_python() {
  if [[ -n "${PYTHON:-}" ]]; then
    is_new_enough "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer."
    python="$PYTHON"
    return
  fi
  for python in python3 python3.13 python3.12 python3.11; do
    if is_new_enough "$python"; then return; fi
  done
  fail "Python 3.11 or newer is needed and none was found. Install one, or name it: make setup PYTHON=/path/to/python3.12"
}

python_version() { "$1" -c 'import sys; print(*sys.version_info[:3], sep=".")' 2>/dev/null || echo none; }

# One line that changes whenever .venv would have to: the pins, the project's own metadata, where it stands, its Python.
state_of() {
  .venv/bin/python - "requirements/$1.txt" requirements/setup.txt <<'PY' 2>/dev/null || true
import hashlib, json, os, pathlib, sys, tomllib
pins = b"".join(pathlib.Path(name).read_bytes() for name in sys.argv[1:])
pyproject = tomllib.loads(pathlib.Path("pyproject.toml").read_text(encoding="utf-8"))
metadata = json.dumps([pyproject["build-system"], pyproject["project"], pyproject["tool"]["hatch"]]).encode()
print(hashlib.sha256(pins + metadata).hexdigest(), sys.version.split()[0], os.getcwd())
PY
}

is_current() { [[ -s ".venv/.state-$1" && "$(cat ".venv/.state-$1")" == "$(state_of "$1")" ]]; }

if [[ -n "${PYTHON:-}" && -d .venv ]]; then
  find_python
  if [[ "$(python_version .venv/bin/python)" != "$(python_version "$python")" ]]; then
    say "PYTHON=$PYTHON is another Python than the one in .venv: starting afresh"
    rm -rf .venv
  fi
fi

# dev holds everything that demo does, so a current dev set serves both.
if is_current "$requirement_set" || is_current dev; then exit 0; fi

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  find_python
  "$python" -c 'import ensurepip, venv' 2>/dev/null || fail \
    "$python has no venv or ensurepip module. On Debian or Ubuntu: apt-get install python3-venv"
  say "creating .venv with Python $(python_version "$python")"
  rm -rf .venv
  "$python" -m venv .venv
fi

rm -f .venv/.state-*
say "installing the $requirement_set set"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/setup.txt
.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements/setup.txt "requirements/$requirement_set.txt"
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
state_of "$requirement_set" >".venv/.state-$requirement_set"
say "ready: .venv/bin/repave"
