#!/usr/bin/env bash
# `make docs`: the documentation's site, built into site/ and looked at. `make docs ARGS=serve` shows it and builds it again
# at each change of build/docs (run tools/site/stage.py after a change in docs/).
set -euo pipefail
cd "$(dirname "$0")/.."

.venv/bin/python tools/site/stage.py
if [[ "${1:-}" == serve ]]; then
  exec .venv/bin/zensical serve
fi
rm -rf site
# One issue is one too many; what --strict says besides is a traceback of its own.
said="$(NO_COLOR=1 .venv/bin/zensical build --strict --clean 2>&1)" || {
  grep -v -e '^ *File "' -e '^Traceback' <<<"$said" >&2
  exit 1
}
.venv/bin/python tools/site/check.py
