#!/usr/bin/env bash
# What can be known about the code without running it. Stops at the first stage that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/stages.sh

stage "format" .venv/bin/ruff format --check .
stage "lint" .venv/bin/ruff check .
stage "types" .venv/bin/mypy
stage "layers" .venv/bin/lint-imports --no-logo --no-cache
stage "tidy" .venv/bin/python -m pytest -q tests/house/test_tidy.py
