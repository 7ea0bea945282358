"""On which EC2 instance, or in which container, this process runs. Asks nobody: files and a variable know."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

VARIABLE = "REPAVE_INSTANCE_ID"
BOARD_ASSET_TAG = Path("/sys/devices/virtual/dmi/id/board_asset_tag")
"""Holds the instance id on Nitro hosts, also within a container
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html)."""

PROC = Path("/proc")

_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")
_OWN_MOUNT = re.compile(r" /\S*/containers/([0-9a-f]{64})/\S+ /etc/(?:hostname|hosts|resolv\.conf) ")
"""Of `/proc/self/mountinfo`: an engine mounts these files of a container over the image's. On the host itself, other
containers' mounts are listed too, but none at these places."""

_OWN_GROUP = re.compile(r"[/-]([0-9a-f]{64})(?:\.scope)?$", re.MULTILINE)
"""Of `/proc/self/cgroup`, where control groups are seen from the host: `/docker/ID`, `docker-ID.scope`."""

_HOST_NAME = re.compile(r"[0-9a-f]{12}")
"""What an engine calls a container's host unless it is told otherwise: the beginning of its id."""


def own_instances(environ: Mapping[str, str], file: Path = BOARD_ASSET_TAG, proc: Path = PROC) -> frozenset[str]:
    """The id or name that the variable says, whatever it looks like; else all that the files say, ids in full."""
    named = environ.get(VARIABLE, "").strip()
    if named:
        return frozenset({named})
    return frozenset({*_host(file), *_container(proc)})


def _host(file: Path) -> Iterator[str]:
    told = _text(file).strip()
    if _INSTANCE_ID.fullmatch(told):
        yield told


def _container(proc: Path) -> Iterator[str]:
    """A container that lends us its network lends us these files too: it counts as ours, which it is in effect."""
    yield from _OWN_MOUNT.findall(_text(proc / "self" / "mountinfo"))
    yield from _OWN_GROUP.findall(_text(proc / "self" / "cgroup"))
    name = _text(proc / "sys" / "kernel" / "hostname").strip()
    if _HOST_NAME.fullmatch(name):
        yield name


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
