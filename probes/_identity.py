"""Whose row is it: a source's rows are matched to instances by the names that both know.

How names are compared. A row names its instance under `identity` of the rule or of the source; where none is declared,
under the first of KEYS that it has. That one name is compared with each instance's id and names (private DNS name, host
name, addresses, container name), in this order, and the first that fits anybody decides:

1. as it stands, letter for letter;
2. without its port, where it is `host:port` or `[address]:port`;
3. both of these without regard to case and to a dot at the end, because DNS knows neither.

A name that fits nobody is reported and has no other effect. A name that fits several instances (an address that was
handed on) is nobody's reading, and makes all of them unknown: a contradiction is no evidence.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller.domain.model import Instance

KEYS = (
    "instance_id",
    "InstanceId",
    "instanceId",
    "host.id",
    "container_id",
    "hostname",
    "host",
    "instance",
)
"""Tried in this order where no identity is declared; a row is known by the first that it has."""

NAMELESS = "(a row without a name)"
LONGEST_NAME = 120

_WITH_PORT = re.compile(r"(?:\[(?P<bracketed>[^\[\]]+)\]|(?P<host>[^:\[\]]+)):[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Row:
    """One row or series of a source. labels: what it says of itself. points: its values by the source's timestamps."""

    labels: Mapping[str, str]
    points: Mapping[datetime, float]


@dataclass(slots=True)
class Matched:
    """rows: of each instance that has any. unclear: why an instance's rows may be somebody else's. unmatched: names
    that are nobody's, ready to be shown."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    unclear: dict[str, str] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)


class Names:
    """Finds instances by name."""

    def __init__(self, instances: Iterable[Instance]) -> None:
        self._exact: dict[str, set[str]] = {}
        self._folded: dict[str, set[str]] = {}
        for instance in instances:
            for name in (instance.id, *instance.names):
                self._exact.setdefault(name, set()).add(instance.id)
                self._folded.setdefault(_folded(name), set()).add(instance.id)

    def owners(self, name: str) -> frozenset[str]:
        """The ids of the instances that go by this name; one, as a rule."""
        bare = _without_port(name)
        for known, asked in (
            (self._exact, name),
            (self._exact, bare),
            (self._folded, _folded(name)),
            (self._folded, _folded(bare)),
        ):
            if asked in known:
                return frozenset(known[asked])
        return frozenset()


def match(rows: Sequence[Row], instances: Sequence[Instance], identity: str | None) -> Matched:
    """Each row beside its instance. identity: the label that names it; None tries KEYS."""
    names, matched = Names(instances), Matched()
    for row in rows:
        name = name_of(row.labels, identity)
        owners = names.owners(name) if name else frozenset()
        if not owners:
            matched.unmatched.append(shown(name))
        elif len(owners) > 1:
            why = f"the source's name {shown(name)} fits {' and '.join(sorted(owners)[:4])}"
            matched.unclear |= dict.fromkeys(owners, why)
        else:
            matched.rows.setdefault(next(iter(owners)), []).append(row)
    return matched


def name_of(labels: Mapping[str, str], identity: str | None) -> str:
    """What a row calls its instance; empty when it does not say."""
    keys = KEYS if identity is None else (identity,)
    return next((labels[key] for key in keys if labels.get(key)), "")


def shown(name: str) -> str:
    """A name as it can be printed and stored, whatever the source put into it."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name[: LONGEST_NAME + 1])
    return f"{text[:LONGEST_NAME]}..." if len(text) > LONGEST_NAME else text or NAMELESS


def _without_port(name: str) -> str:
    parts = _WITH_PORT.fullmatch(name)
    return (parts["bracketed"] or parts["host"]) if parts else name


def _folded(name: str) -> str:
    return name.casefold().rstrip(".")
