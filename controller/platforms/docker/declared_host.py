"""The host's side of what was declared: mounts, limits, ports. Inspect's HostConfig is what was asked for, plus the
engine's own defaults, which mean the same when they are asked for."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

LEFT_OUT = frozenset({"ContainerIDFile", "ConsoleSize", "Links", "PortBindings", "NetworkMode", "Binds", "Mounts"})
"""What is the predecessor's alone, or made anew below."""

ONLY_WHEN_SET = frozenset({"KernelMemory", "KernelMemoryTCP", "OomKillDisable"})
"""What newer engines warn about when it is mentioned."""


def host_config(container: Json, network: str, *, ports: str | None, share_volumes: bool) -> dict[str, Any]:
    """The HostConfig of a successor whose first network is `network`. ports, share_volumes: see Wishes."""
    host = container["HostConfig"]
    found = {name: value for name, value in host.items() if value is not None and name not in LEFT_OUT}
    found = {name: value for name, value in found.items() if value or name not in ONLY_WHEN_SET}
    found["NetworkMode"] = network
    bindings = {port: [_rebound(one, ports) for one in taken or ()] for port, taken in _bindings(host).items()}
    binds, mounts = list(host.get("Binds") or ()), [dict(one) for one in host.get("Mounts") or ()]
    if share_volumes:
        binds, mounts = _shared(container, binds, mounts)
    links = [_link(link) for link in host.get("Links") or ()]
    added = {"PortBindings": bindings, "Binds": binds, "Mounts": mounts, "Links": links}
    return found | {name: value for name, value in added.items() if value}


def _bindings(host: Json) -> Mapping[str, Any]:
    return host.get("PortBindings") or {}


def _is_fixed(binding: Json) -> bool:
    port = str(binding.get("HostPort") or "")
    low, _, high = port.partition("-")
    return port not in ("", "0") and (not high or low == high)


def _rebound(binding: Json, ports: str | None) -> dict[str, Any]:
    """A fixed host port becomes the range: the engine takes the first one of it that is free."""
    return {**binding, "HostPort": ports} if ports and _is_fixed(binding) else dict(binding)


def _shared(container: Json, binds: list[str], mounts: list[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """The mounts with the predecessor's anonymous volumes by their names."""
    volumes = {one["Destination"]: one for one in container.get("Mounts") or () if one.get("Type") == "volume"}
    for mount in mounts:
        known = volumes.pop(str(mount.get("Target")), None)
        if known is not None and mount.get("Type") == "volume":
            mount.setdefault("Source", known["Name"])
    for bind in binds:
        volumes.pop(bind.split(":")[1] if ":" in bind else bind, None)
    anonymous = set(container["Config"].get("Volumes") or ())
    added = [
        f"{one['Name']}:{where}{'' if one.get('RW', True) else ':ro'}"
        for where, one in sorted(volumes.items())
        if where in anonymous
    ]
    return binds + added, mounts


def _link(link: str) -> str:
    """Inspect shows `/db:/web/alias` for what was declared as `db:alias`."""
    target, _, alias = link.partition(":")
    return f"{target.removeprefix('/')}:{alias.rpartition('/')[2]}"
