#!/usr/bin/env bash
# Builds the container image and takes its bill of materials out of it. docs/image.md tells more.
#   BASE_IMAGE=python:3.13-slim@sha256:... tools/image.sh    from a registry's image, pinned
#   BASE_IMAGE=debian tools/image.sh                         from a base that is made of Debian packages (tools/base_image.sh)
# REQUIREMENTS=demo adds the embedded AWS behind `repave demo`; IMAGE=name:tag names it; SOURCE=... is where its source is.
# ALLOW_UNPINNED=1 lets a base through that has no digest: for trying out, never for production.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'image: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

requirements="${REQUIREMENTS:-runtime}"
[[ "$requirements" == runtime || "$requirements" == demo ]] || fail "REQUIREMENTS is runtime or demo, not $requirements"
command -v docker >/dev/null || fail "docker is missing. On Debian or Ubuntu: apt-get install docker.io"
tools/setup.sh dev

case "${BASE_IMAGE:-}" in
  "") fail "say what to build on: BASE_IMAGE=python:3.13-slim@sha256:... (\`docker pull python:3.13-slim\` prints the digest), or BASE_IMAGE=debian" ;;
  debian) base="$(tools/base_image.sh)" ;;
  repave-base:* | *@sha256:*) base="$BASE_IMAGE" ;;
  *)
    [[ "${ALLOW_UNPINNED:-}" == 1 ]] || fail "$BASE_IMAGE has no digest, so nobody can tell what is built: add @sha256:..., or set ALLOW_UNPINNED=1"
    base="$BASE_IMAGE"
    ;;
esac

version="$(.venv/bin/python -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')"
revision="$(git rev-parse HEAD 2>/dev/null || true)"
seconds="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}"
created="$(.venv/bin/python -c 'import datetime, sys; print(datetime.datetime.fromtimestamp(int(sys.argv[1]), datetime.UTC).isoformat())' "$seconds")"
[[ -z "$revision" || -z "$(git status --porcelain 2>/dev/null)" ]] || revision="$revision-modified"
name="${IMAGE:-repave:$version$([[ "$requirements" == runtime ]] || echo "-$requirements")}"

# Where this machine's Python and the base's take the same wheels, the pinned ones are fetched here, as this machine fetches any,
# and the build has no network at all. Elsewhere the build fetches them itself.
kind='import platform, sys, sysconfig; print(sysconfig.get_platform(), *sys.version_info[:2], *platform.libc_ver())'
here="$(.venv/bin/python -c "$kind")"
options=(--tag "$name")
if [[ "$(docker run --rm --network none --entrypoint python3 "$base" -c "$kind")" == "$here" ]]; then
  pins="$here $(cat requirements/demo.txt requirements/image.txt | sha256sum)"
  if [[ "$(cat build/wheels/.pins 2>/dev/null)" != "$pins" ]]; then
    say "fetching the pinned wheels"
    rm -rf build/wheels && mkdir -p build/wheels
    .venv/bin/python -m pip --quiet download --require-hashes --only-binary :all: --dest build/wheels \
      --requirement requirements/demo.txt --requirement requirements/image.txt 2> >(grep -v '^WARNING' >&2)
    echo "$pins" >build/wheels/.pins
  fi
  options+=(--network none --build-arg PIP_NO_INDEX=1)
elif [[ -n "${PIP_INDEX_URL:-}" ]]; then
  options+=(--build-arg PIP_INDEX_URL)
fi

say "building $name on $base"
docker build "${options[@]}" --build-arg BASE_IMAGE="$base" --build-arg REQUIREMENTS="$requirements" \
  --build-arg CREATED="$created" --build-arg REVISION="$revision" --build-arg SOURCE="${SOURCE:-}" \
  --build-arg VERSION="$version" --build-arg SOURCE_DATE_EPOCH="$seconds" . >&2

mkdir -p dist
materials="dist/repave-$version-image-$requirements.cdx.json"
container="$(docker create "$name")"
trap 'docker rm "$container" >/dev/null' EXIT
docker cp --quiet "$container:/usr/share/repave/sbom.cdx.json" "$materials" 2>/dev/null ||
  docker cp "$container:/usr/share/repave/sbom.cdx.json" "$materials" >/dev/null
say "$name is $(docker image inspect --format '{{.Id}}' "$name"), $(($(docker image inspect --format '{{.Size}}' "$name") / 1000000)) MB; its parts are listed in $materials"
