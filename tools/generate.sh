#!/usr/bin/env bash
# Writes again everything in the repository that is written from the code: `make generate`. Tests say when one is out of date.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python

# into FILE COMMAND...: what a command prints becomes the file, and the old one stays where the command fails.
into() {
  local file="$1" text
  shift
  text="$("$@")"
  printf '%s\n' "$text" >"$file"
}

into config/schema.json .venv/bin/repave schema
into docs/cli.md "$python" -m tests.cli.help_page
into docs/api.md "$python" -m tests.web.api_page
"$python" tools/lifecycle_doc.py
"$python" tools/vetoes_doc.py
"$python" tools/metrics_doc.py
"$python" tools/iam_policies.py
"$python" -m tools.reference
"$python" -m tools.dashboards
if [[ -x .venv-deploy/bin/python ]] && command -v terraform >/dev/null; then
  "$python" tools/ecs_json.py
  "$python" tools/terraform_tables.py
else
  echo "generate: deploy/ecs and the tables of deploy/terraform are left as they are: they need terraform and tools/deploy_tools.sh" >&2
fi
