"""Instances by what people call them: an id, a name that the platform tells, or the beginning of a container's id."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from controller.operations.nearest import NotFound

_BEGINNING = re.compile(r"[0-9a-f]{4,64}")
_CONTAINER = re.compile(r"[0-9a-f]{64}")


def instance_id(said: str, instances: Iterable[Mapping[str, Any]]) -> str:
    """The id of the one that is meant, out of instances as in `plan --json`; what was said, when it is nobody.

    An id goes before a name, and a name before the beginning of an id. Raises NotFound when it may be several.
    """
    members = list(instances)
    if any(member["id"] == said for member in members):
        return said
    ids = _named(said, members) or _begun(said, members)
    if len(ids) > 1:
        raise NotFound(f"{said!r} may be {', '.join(sorted(ids))}; say which by its id")
    return next(iter(ids), said)


def known_by(instances: Iterable[Mapping[str, Any]]) -> set[str]:
    """What a mistyped one was probably meant to be: ids, and the names of containers."""
    return {word for member in instances for word in (member["id"], member.get("name")) if word}


def _named(said: str, members: Iterable[Mapping[str, Any]]) -> set[str]:
    return {member["id"] for member in members if said in (member.get("names") or ())}


def _begun(said: str, members: Iterable[Mapping[str, Any]]) -> set[str]:
    """Only of containers: the ids of hosts are given whole."""
    if not _BEGINNING.fullmatch(said):
        return set()
    full = ((name, member["id"]) for member in members for name in member.get("names") or ())
    return {id_ for name, id_ in full if _CONTAINER.fullmatch(name) and name.startswith(said)}
