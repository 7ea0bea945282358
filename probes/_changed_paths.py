"""Which of the paths that an engine calls changed were changed by somebody in the container. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

KINDS = ("changed", "added", "deleted")
"""By the number that the engine gives each."""

BY_THE_ENGINE = (
    "/.dockerenv",
    "/dev",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/mtab",
    "/etc/resolv.conf",
    "/proc",
    "/run/secrets",
    "/sys",
)
"""What the engine itself puts into every container, or mounts over it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One path and what became of it: changed, added or deleted."""

    path: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} {self.path}"


def changes_of(told: object) -> list[Change]:
    """An engine's answer to ContainerChanges. Raises LookupError, TypeError or ValueError for what is none."""
    if told is None:
        return []
    if not isinstance(told, list):
        raise TypeError("no list of changes")
    return [Change(_path(item["Path"]), KINDS[int(item["Kind"])]) for item in told]


def mounted(inspected: Mapping[str, Any]) -> frozenset[str]:
    """Where volumes, binds and temporary file systems lie: what is written there is not in the container's layer."""
    host = inspected.get("HostConfig") or {}
    mounts = [*(inspected.get("Mounts") or ()), *(host.get("Mounts") or ())]
    paths = [str(mount.get("Destination") or mount.get("Target") or "") for mount in mounts]
    return frozenset(path.rstrip("/") for path in (*paths, *(host.get("Tmpfs") or ())) if path.strip("/"))


def foreign(changes: Iterable[Change], excepted: Iterable[str], mounts: Iterable[str]) -> list[Change]:
    """The changes that nothing accounts for, in the order of their paths.

    Accounted for: what lies at or below an excepted path, a mount or what the engine writes; the folders above those,
    which an engine makes or touches for their sake; and a folder that is `changed` because of something listed in it.
    """
    below = _below(tuple(sorted({*excepted, *mounts, *BY_THE_ENGINE})))
    above = _folders({*mounts, *BY_THE_ENGINE, *(path for path in excepted if "*" not in path)})
    told = list(changes)
    parents = _folders(change.path for change in told)
    return sorted(
        (
            change
            for change in told
            if not below.fullmatch(change.path)
            and not (change.path in above and change.kind != "deleted")
            and not (change.path in parents and change.kind == "changed")
        ),
        key=lambda change: change.path,
    )


def _path(told: object) -> str:
    if not isinstance(told, str) or not told.startswith("/"):
        raise ValueError("no path")
    return told


def _folders(paths: Iterable[str]) -> set[str]:
    """Every folder above these paths."""
    found: set[str] = set()
    for path in paths:
        above = path.rpartition("/")[0]
        while above and above not in found:
            found.add(above)
            above = above.rpartition("/")[0]
    return found


@lru_cache(maxsize=256)
def _below(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Matches what one of the patterns names, and all below it. `*` is anything within one name, `**` across names."""
    words = {"**": ".*", "*": "[^/]*"}
    written = ("".join(words.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*)", one)) for one in patterns)
    return re.compile(f"(?:{'|'.join(written)})(?:/.*)?", re.DOTALL)
