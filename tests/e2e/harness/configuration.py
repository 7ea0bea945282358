"""Writes a daemon's configuration: what has to be waited for takes a second, and deadlines are far away."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

PACE: Mapping[str, Any] = {
    "max_image_age": "30d",
    "limits": {"max_in_flight": 1, "replacements_per_hour": 1000},
    "verify": {"ready_within": "2m", "warm_up": "0s", "bake": "1s", "deadline": "2m"},
    "drain": {"timeout": "2m"},
    "deadlines": {"launch": "2m", "terminate": "2m", "undo": "5m"},
    "blind_after": "2m",
    "warm_up": "0s",
    "poll": "0.2s",
}
"""What every fleet says here."""

FLEET: Mapping[str, Any] = {
    **PACE,
    "degraded_when": [{"name": "failing checks", "target_health": {}, "for": "0s", "urgent": True}],
}
"""What every Auto Scaling group says here."""

LEASE_SECONDS = 3.0
"""Long enough for a busy machine to renew in time, short enough to be waited for."""


def write(path: Path, region: str, groups: Sequence[str], changes: Mapping[str, Any], top: Mapping[str, Any]) -> None:
    """A configuration of one fleet per group, each bearing the group's name, with its journal beside the file.

    changes: over what every fleet says here. top: over what the file says outside its fleets.
    """
    fleet = merged(FLEET, changes)
    write_fleets(path, {name: merged({"asg": {"name": name, "region": region}}, fleet) for name in groups}, top)


def write_fleets(path: Path, fleets: Mapping[str, Mapping[str, Any]], top: Mapping[str, Any]) -> None:
    """A configuration of these fleets, with its journal beside the file. top: over what the file says outside them."""
    document = {
        "version": 1,
        "mode": "act",
        "state": f"sqlite:///{path.with_suffix('.db')}",
        "tick": "1s",
        "reload_every": "0s",
        "lease": {"ttl": f"{LEASE_SECONDS:g}s"},
        "listen": "127.0.0.1:0",
        "limits": {"replacements_per_hour": 1000, "stop_after_failures": 1},
        "fleets": deepcopy(dict(fleets)),
    }
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(merged(document, top), file)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, mapping by mapping."""
    both = {
        key: merged(base[key], over[key])
        for key in base.keys() & over.keys()
        if isinstance(base[key], Mapping) and isinstance(over[key], Mapping)
    }
    return {**base, **over, **both}
