#!/usr/bin/env bash
# Makes a base image from Debian packages, where no image registry can be asked: Python, its venv and the authorities' certificates.
# Prints its name on standard output. It is kept on the engine and made again when it is a week old.
#   tools/base_image.sh    needs root, debootstrap and an apt that is configured for Debian or Ubuntu
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"

days_to_keep=7
packages=python3,python3-venv,ca-certificates

say() { printf 'base image: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Where apt gets this machine's own release from, and what that is called: `mirror codename`.
own_archive() {
  apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(SITE) $(CODENAME)' 'Created-By: Packages' 2>/dev/null |
    awk '($1 == "Debian" || $1 == "Ubuntu") && $2 == "main" && $4 !~ /-/ {print $3, $4; exit}'
}

command -v docker >/dev/null || fail "docker is missing. On Debian or Ubuntu: apt-get install docker.io"
command -v apt-get >/dev/null || fail "this machine has no apt: name a base image of a registry instead, see docs/image.md"
read -r mirror suite < <(own_archive) || fail "apt has no archive of Debian or Ubuntu yet: run apt-get update"
name="repave-base:$suite"

made="$(docker image inspect --format '{{.Created}}' "$name" 2>/dev/null || true)"
if [[ -n "$made" ]] && (($(date +%s) - $(date -d "$made" +%s) < days_to_keep * 86400)); then
  echo "$name"
  exit 0
fi

command -v debootstrap >/dev/null || fail "debootstrap is missing. On Debian or Ubuntu: apt-get install debootstrap"
[[ $(id -u) -eq 0 ]] || fail "debootstrap needs root: name a base image of a registry instead, see docs/image.md"

folder="$(mktemp -d "${TMPDIR:-/var/tmp}/repave-base.XXXXXX")"
trap 'rm -rf "$folder"' EXIT
eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
[[ -z "${http_proxy:-}" ]] || export http_proxy

say "making $name from Debian packages"
debootstrap --variant=minbase --include="$packages" "$suite" "$folder/root" "$mirror" >"$folder/log" 2>&1 ||
  { tail -20 "$folder/log" >&2; fail "debootstrap failed"; }
# Labelled as what a build leaves behind: the next one takes the name away from it.
tar -C "$folder/root" --exclude=./var/cache/apt --exclude=./var/lib/apt/lists -c . |
  docker import --change 'CMD ["python3"]' --change 'LABEL repave.stage="build"' - "$name" >/dev/null
echo "$name"
