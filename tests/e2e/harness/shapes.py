"""The shape of `plan --json`, written down as it was promised to users, and a checker of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Shape = Any
"""A type; a set of allowed values; a mapping of keys (further ones may be there); a list of one shape; `OrNone`."""


class OrNone:
    """This shape, or null."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape


class Time:
    """A time in UTC as `2026-11-23T12:00:00Z`."""


EVIDENCE: Shape = {
    "rule": str,
    "probe": str,
    "value": OrNone((int, float, str)),
    "unit": str,
    "threshold": str,
    "for_seconds": (int, float),
    "breached_for_seconds": (int, float),
    "query": str,
    "measured_at": OrNone(Time),
    "outcome": {"ok", "breached", "unknown"},
}

INSTANCE: Shape = {
    "id": str,
    "zone": str,
    "state": {"pending", "in_service", "standby", "terminating", "detached"},
    "age_seconds": OrNone((int, float)),
    "image": {"id": str, "created_at": OrNone(Time), "age_seconds": OrNone((int, float))},
    "verdict": {"healthy", "degraded", "aged", "drifted", "tampered", "blind"},
    "findings": [{"degraded", "aged", "drifted", "tampered", "blind"}],
    "evidence": [EVIDENCE],
    "decision": {"keep", "replace", "hold"},
    "vetoes": [{"rule": str, "reason": str}],
}

PLAN: Shape = {
    "generated_at": Time,
    "mode": {"observe", "ask", "act"},
    "fleets": [
        {"name": str, "platform": str, "hold": OrNone({"rule": str, "reason": str}), "instances": [INSTANCE]},
    ],
}


def misfits(value: Any, shape: Shape, where: str = "") -> list[str]:
    """Where a JSON value is not of a shape, one sentence each."""
    match shape:
        case OrNone():
            return [] if value is None else misfits(value, shape.shape, where)
        case Mapping():
            return _keys(value, shape, where)
        case set():
            return [] if value in shape else [f"{where} is {value!r}, none of {sorted(shape)}"]
        case [item]:
            return _items(value, item, where)
    if shape is Time:
        return [] if _is_time(value) else [f"{where} is {value!r}, no time in UTC"]
    return [] if isinstance(value, shape) and not isinstance(value, bool) else [f"{where} is {value!r}"]


def _keys(value: Any, shape: Mapping[str, Shape], where: str) -> list[str]:
    if not isinstance(value, Mapping):
        return [f"{where} is no object"]
    found = [f"{where}.{key} is missing" for key in shape if key not in value]
    for key in (key for key in shape if key in value):
        found += misfits(value[key], shape[key], f"{where}.{key}")
    return found


def _items(value: Any, item: Shape, where: str) -> list[str]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return [f"{where} is no list"]
    return [misfit for place, one in enumerate(value) for misfit in misfits(one, item, f"{where}[{place}]")]


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and value.endswith("Z") and datetime.fromisoformat(value) is not None
    except ValueError:
        return False
