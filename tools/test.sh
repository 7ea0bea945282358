#!/usr/bin/env bash
# `make test`: everything from a clean clone to a verdict. With CI=true a skipped test is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/stages.sh

stage "system packages" tools/system_packages.sh
stage "setup" tools/setup.sh dev
stage "checks" tools/check.sh
stage "tests" .venv/bin/python -m pytest --durations=15
