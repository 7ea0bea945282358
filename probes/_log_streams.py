"""Which instance a log stream (or another field's value) belongs to."""

import re
from collections.abc import Iterable, Mapping

from controller.domain.model import Instance

PLACE = "{instance}"


def owners(template: str, values: Iterable[str], instances: Iterable[Instance]) -> Mapping[str, str]:
    """Value -> id of its instance; values of strangers, and of more than one instance, are left out.

    template: such as `{instance}` or `{instance}/system*`; `{instance}` is the id or a name, `*` anything.
    """
    named = _by_name(instances)
    before, _, after = (re.escape(part).replace(r"\*", ".*") for part in template.partition(PLACE))
    shape = re.compile(f"{before}({'|'.join(map(re.escape, sorted(named, key=len, reverse=True)))}){after}", re.DOTALL)
    found = {}
    for value in values:
        matched = shape.fullmatch(value) if named else None
        owner = named[matched[1]] if matched else None
        if owner is not None:
            found[value] = owner
    return found


def _by_name(instances: Iterable[Instance]) -> dict[str, str | None]:
    """Name -> id; None where two have the same. An id is its instance's alone."""
    found: dict[str, str | None] = {}
    members = tuple(instances)
    for member in members:
        for name in filter(None, member.names):
            found[name] = None if found.get(name, member.id) != member.id else member.id
    return {**found, **{member.id: member.id for member in members}}
