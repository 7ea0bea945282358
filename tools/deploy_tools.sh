#!/usr/bin/env bash
# Creates or refreshes .venv-deploy: the tools that check deploy/ and the Dockerfile, pinned in requirements/deploy.txt.
# They are apart from .venv because they hold back what the daemon needs newer. Running it again costs a moment.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh dev
exec 9>.venv/.deploy-tools # tests side by side ask for them: one at a time, where there is flock
if command -v flock >/dev/null; then flock 9; fi
state="$(.venv/bin/python -V) $PWD $(<requirements/deploy.txt)"
if [[ "$(cat .venv-deploy/.state 2>/dev/null)" == "$state" ]]; then exit 0; fi

echo "deploy tools: installing into .venv-deploy" >&2
rm -rf .venv-deploy
.venv/bin/uv venv --quiet --python .venv/bin/python .venv-deploy
.venv/bin/uv pip sync --quiet --python .venv-deploy/bin/python --require-hashes requirements/deploy.txt
printf '%s' "$state" >.venv-deploy/.state
