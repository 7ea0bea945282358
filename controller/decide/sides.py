"""Predecessor, successor and siblings under one condition, in numbers: what a verification compares, and its trace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from controller.decide.explain import isoformat
from controller.decide.runs import points_back
from controller.domain.model import Instance, Reading, Snapshot, Unknown
from controller.domain.policy import Condition


@dataclass(frozen=True, slots=True)
class Side:
    """What was measured of one instance under one condition since it counts. unread: why there is nothing."""

    instance_id: str
    readings: tuple[Reading, ...]
    breached: int
    unread: str = ""

    @property
    def last(self) -> float | str | None:
        """The newest value."""
        return self.readings[-1].value if self.readings else None


def side(snapshot: Snapshot, instance_id: str, condition: Condition, since: datetime) -> Side:
    """All readings since then, where the source keeps history; elsewhere the newest, if it is that young."""
    signal = snapshot.signal(instance_id, condition.name)
    if isinstance(signal, Unknown):
        return Side(instance_id, (), 0, signal.reason)
    known = signal.readings if condition.history else (signal.latest,)
    readings = tuple(sorted((item for item in known if item.measured_at >= since), key=lambda item: item.measured_at))
    breached = sum(point.breached for point in points_back(readings, condition))
    return Side(instance_id, readings, breached, "" if readings else f"nothing measured since {since:%H:%M:%S}")


def siblings(
    snapshot: Snapshot, members: Sequence[Instance], condition: Condition, since: datetime
) -> tuple[Side, ...]:
    """The same of these members, those without data left out."""
    sides = (side(snapshot, member.id, condition, since) for member in members)
    return tuple(item for item in sides if item.readings)


def most(others: Sequence[Side]) -> bool:
    """Whether at least half of those with data breach: then it is the fleet's trouble, and not the successor's."""
    return bool(others) and 2 * sum(item.breached > 0 for item in others) >= len(others)


def sides_json(
    condition: Condition, before: Mapping[str, Any] | None, after: Side, others: Sequence[Side]
) -> list[dict[str, Any]]:
    """One object per side, for the facts of a verification. before: the predecessor's evidence at acceptance."""
    told = []
    if before is not None:
        kept = ("value", "measured_at", "outcome", "for_seconds", "breached_for_seconds", "reason", "query")
        numbers = {key: before[key] for key in kept if before.get(key) not in (None, "")}
        told.append({"side": "predecessor", **_asked(condition), **numbers})
    told.append({"side": "successor", "instance": after.instance_id, **_asked(condition), **_numbers(after)})
    if others:
        last = [item.last for item in others if isinstance(item.last, int | float)]
        about = {"instances": len(others), "breached": sum(item.breached > 0 for item in others)}
        told.append({"side": "siblings", **_asked(condition), **about, **({"median": median(last)} if last else {})})
    return told


def _asked(condition: Condition) -> dict[str, Any]:
    unit = {"unit": condition.unit} if condition.unit else {}
    return {"rule": condition.name, "threshold": str(condition.threshold), **unit}


def _numbers(after: Side) -> dict[str, Any]:
    if not after.readings:
        return {"readings": 0, "reason": after.unread}
    values = [item.value for item in after.readings if isinstance(item.value, int | float)]
    spread = {"min": min(values), "max": max(values)} if values else {}
    newest = after.readings[-1]
    return {
        "readings": len(after.readings),
        "breached": after.breached,
        **spread,
        "last": newest.value,
        "measured_at": isoformat(newest.measured_at),
    }
