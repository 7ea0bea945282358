#!/usr/bin/env bash
# Whether this commit could be released: builds it, installs the wheel with its pins where nothing else is, and runs the demo there.
# What it built, with its bill of materials, is left in dist/.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/stages.sh

python=.venv/bin/python
work="$(mktemp -d)"
trap 'print_stages; rm -rf "$work"' EXIT
SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH
version="$($python -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')"
wheel="repave-$version-py3-none-any.whl"

# Each part is a chain: within what `stage` calls, a command that fails does not end the function by itself.

# One wheel by way of the source distribution, the other from the checkout: they have to be the same.
builds() {
  .venv/bin/uv build --quiet --no-build-isolation --python "$python" --out-dir "$work/dist" &&
    .venv/bin/uv build --quiet --no-build-isolation --python "$python" --out-dir "$work/again" --wheel &&
    $python -m tools.release same "$work/dist/$wheel" "$work/again/$wheel" &&
    $python -m tools.release archives "$work/dist"
}

# As somebody would who has the wheel and the pins, and nothing of the checkout.
alone="$work/alone/bin"
installs() {
  .venv/bin/uv venv --quiet --python "$python" "$work/alone" && mkdir "$work/elsewhere" &&
    .venv/bin/uv pip sync --quiet --python "$alone/python" --require-hashes requirements/demo.txt &&
    .venv/bin/uv pip install --quiet --python "$alone/python" --no-deps --no-index "$work/dist/$wheel" &&
    says_its_version
}

says_its_version() {
  local said
  said="$(cd "$work/elsewhere" && "$alone/repave" --version)"
  [[ "$said" == "repave $version" ]] || { echo "release check: \`repave --version\` says $said, not $version" >&2; return 1; }
}

demo() {
  (cd "$work/elsewhere" && env -u PYTHONPATH -u REPAVE_CONFIG "$alone/repave" demo --until-settled --json) >"$work/demo.json" &&
    $python -m tools.release demo "$work/demo.json"
}

materials() {
  .venv/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
    --output-file "$work/dist/repave-$version.cdx.json" "$alone/python" &&
    $python -m tools.release materials "$work/dist/repave-$version.cdx.json"
}

stage "changelog" $python -m tools.release changelog
stage "builds" builds
stage "installs" installs
stage "bill of materials, licences" materials
stage "demo from the wheel" demo
mkdir -p dist
cp "$work"/dist/repave-* dist/
echo "release check: repave $version could be released; it is in dist/"
