"""The networks of what was declared: which, and how; aliases apart, and no address that the engine handed out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]

WITHOUT_ALIASES = frozenset({"default", "bridge", "host", "none"})
"""Networks of the engine's own, on which nothing has an alias."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """primary: the network mode. first: the primary network's endpoint, by name; empty where nothing was said about it.
    further, aliases: see Declared."""

    primary: str
    first: Mapping[str, Json] = field(default_factory=dict)
    further: Mapping[str, Json] = field(default_factory=dict)
    aliases: Mapping[str, Json] = field(default_factory=dict)


def endpoints(container: Json) -> Endpoints:
    """The endpoints of a successor, from inspect's answer."""
    mode = str(container["HostConfig"].get("NetworkMode") or "default")
    if mode in ("host", "none") or mode.startswith("container:"):
        return Endpoints(mode)
    joined: Mapping[str, Json] = (container.get("NetworkSettings") or {}).get("Networks") or {}
    primary = _primary(mode, joined)
    plain = {name: _endpoint(one) for name, one in joined.items()}
    aliases = {
        name: {**plain[name], "Aliases": known} for name, one in joined.items() if (known := _aliases(one, container))
    }
    first = {name: one for name, one in plain.items() if name == primary}
    spoken = first if primary not in WITHOUT_ALIASES or any(first.values()) else {}
    further = {name: one for name, one in plain.items() if name != primary}
    own = {name: one for name, one in aliases.items() if name not in WITHOUT_ALIASES}
    return Endpoints(mode if (mode, primary) == ("default", "bridge") else primary, spoken, further, own)


def _primary(mode: str, joined: Mapping[str, Json]) -> str:
    """The first network's name: the mode may be its id, and the container may have been taken out of it since."""
    name = "bridge" if mode == "default" else mode
    by_id = next((key for key, one in joined.items() if one.get("NetworkID") == name), None)
    return name if name in joined or not joined else by_id or next(iter(sorted(joined)))


def _endpoint(endpoint: Json) -> dict[str, Any]:
    wanted = {"IPAMConfig": endpoint.get("IPAMConfig"), "DriverOpts": endpoint.get("DriverOpts")}
    wanted["Links"] = endpoint.get("Links")
    return {name: value for name, value in wanted.items() if value}


def _aliases(endpoint: Json, container: Json) -> list[str]:
    """The aliases, less the one that the engine gives by itself: the beginning of the id."""
    return [alias for alias in endpoint.get("Aliases") or () if alias != container["Id"][:12]]
