#!/usr/bin/env bash
# `make test`: everything from a clean clone to a verdict. With CI=true a skipped test is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/stages.sh
source tools/lanes.sh

stage "system packages" tools/system_packages.sh
stage "setup" tools/setup.sh dev
trap 'end_lanes; print_stages' EXIT

# Meanwhile the image is built and the tools of deploy/ are installed, which wait for the network, and a release, before tests
# put files into the checkout.
beside "image" .venv/bin/python -m tests.support.image runtime
beside "deploy tools" tools/deploy_tools.sh
beside "release check" tools/release_check.sh
stage "checks" tools/check.sh
stage "docs" tools/docs.sh

stage "image, release check (the rest of them)" join_lanes

# Rows of about the same length: two cores are busy with them to the end. What needs the image of the demo comes last in its row.
containers_journals=(tests/journal tests/terraform tests/docker tests/handover tests/image)
lanes() {
  beside "image of the demo" .venv/bin/python -m tests.support.image demo
  lane "end to end" tests/e2e --durations=15
  lane "containers, journals" "${containers_journals[@]}" -m "not alone and not full_matrix" --durations=15
  lane "everything else" tests --ignore=tests/e2e "${containers_journals[@]/#/--ignore=}" --durations=15
  join_lanes
}
# Three rows on two cores make tests late that wait for seconds. At most three that failed get a second look, alone; what is
# broken fails there too, and what passes there is named at the end, to be mended.
stage "tests" lanes || stage "what failed, once more and alone" again_alone

# Alone, because it measures: how long a container is in the way, how long a whole fleet takes to be rolled.
stage "tests that measure" .venv/bin/python -m pytest tests/docker -m "alone and not full_matrix" --durations=15
