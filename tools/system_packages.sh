#!/usr/bin/env bash
# The system packages that the tests need. As root on Debian or Ubuntu the missing ones are installed; anywhere else each is
# named with the tests that do without it. One line per package: Debian's name, how to see that it is there, who needs it.
set -euo pipefail

python="${PYTHON:-python3}"
export PATH="$PATH:/usr/sbin:/sbin"

missing=()
need() {
  local package="$1" probe="$2" needed_by="$3"
  if ! bash -c "$probe" >/dev/null 2>&1; then
    missing+=("$package")
    echo "system packages: $package is missing; needed by: $needed_by" >&2
  fi
}

need python3-venv "$python -c 'import ensurepip, venv' || .venv/bin/python -m pip --version" "everything (it creates .venv)"
need prometheus "command -v prometheus" "tests/probes (a real Prometheus)"
need docker.io "command -v dockerd || [[ -S /var/run/docker.sock ]]" "tests/docker, tests/e2e (a real Docker engine)"
need iptables "command -v iptables" "the Docker engine (its networks)"
need iproute2 "command -v ip" "the Docker engine (its networks)"
need busybox-static "command -v busybox" "tests/docker, tests/e2e (in the images that they build)"
need haproxy "command -v haproxy || command -v /usr/sbin/haproxy" "tests/balancers (a real HAProxy), tests/docker, tests/e2e"
need postgresql "compgen -G '/usr/lib/postgresql/*/bin/initdb' || command -v initdb" "tests/journal, tests/e2e (a real PostgreSQL)"
need debootstrap "command -v debootstrap || command -v /usr/sbin/debootstrap" "tests/image (the base image, where no registry can be asked)"
need docker-compose "docker compose version || command -v docker-compose" "tests/docker (deploy/compose.yaml, as a person starts it)"
need npm "command -v npm" "tests/terraform (fetches the schema of the AWS provider)"
need e2fsprogs "command -v mkfs.ext4 || command -v /usr/sbin/mkfs.ext4" "tests/e2e (an engine whose disk is full)"

# In no Debian repository: https://developer.hashicorp.com/terraform/install
command -v terraform >/dev/null || echo "system packages: terraform 1.11 or newer is missing; needed by: tests/terraform" >&2

if [[ ${#missing[@]} -eq 0 ]]; then
  echo "system packages: nothing is missing"
elif [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
  # The tests start servers of their own; the packages' need not run beside them.
  for server in prometheus haproxy postgresql; do
    [[ ! " ${missing[*]} " =~ " $server " ]] || systemctl disable --now "$server" >/dev/null 2>&1 || true
  done
  echo "system packages: installed ${missing[*]}"
else
  echo "system packages: on Debian or Ubuntu: apt-get install ${missing[*]}" >&2
fi
