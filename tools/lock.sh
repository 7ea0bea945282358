#!/usr/bin/env bash
# Writes requirements/*.txt from pyproject.toml and requirements/setup.in: exact versions with hashes, no registry in them.
# Versions that are already pinned stay; `tools/lock.sh --upgrade` takes the newest, `--upgrade-package NAME` one of them.
set -euo pipefail
cd "$(dirname "$0")/.."

# compile OUTPUT INPUT... : one file, for every platform and every Python from the floor up.
compile() {
  local output="$1"
  shift
  .venv/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
    --output-file "requirements/$output" "$@"
}

# dev holds every other set, so the others are held to its versions: one package, one version, everywhere.
compile dev.txt --extra demo --group dev "$@" pyproject.toml
compile demo.txt --extra demo --constraint requirements/dev.txt pyproject.toml
compile runtime.txt --constraint requirements/dev.txt pyproject.toml
compile setup.txt --constraint requirements/dev.txt "$@" requirements/setup.in
compile image.txt --constraint requirements/dev.txt --constraint requirements/setup.txt requirements/image.in

# Apart: its tools hold back what the daemon needs newer. No set is held to it, and it to none.
compile deploy.txt "$@" requirements/deploy.in
