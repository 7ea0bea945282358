"""A container as its engine lists and inspects it, in our words. Pure.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from controller.domain.model import InstanceState
from controller.domain.ports import Server
from controller.platforms.docker.inspected import REPLACEMENT, address_of, moment
from controller.platforms.docker.names import short_id
from controller.platforms.docker.quarantine import parse

_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
_STATES = {"paused": InstanceState.STANDBY, "removing": InstanceState.TERMINATING}
UP = ("running", "paused", "restarting")


@dataclass(frozen=True, slots=True)
class Born:
    """What was decided when a container was created, and holds until it is gone.

    reference: the image as it was asked for. auto_remove: whether it vanishes when it stops (--rm). shares: the modes
    by which it lives in another's or the host's namespaces, such as `network host`. published: host ports that were
    fixed. mac_address: where one was asked for.
    """

    created_at: datetime | None
    reference: str
    hostname: str
    auto_remove: bool = False
    shares: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    mac_address: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """One entry of an engine's list. id: the full one. state, health: the engine's words; health is empty where the
    container has no check. born: None while it could not be inspected. document: what inspect answered at this look,
    where it was asked."""

    id: str
    name: str
    state: str
    health: str
    image_id: str
    labels: Mapping[str, str]
    created_at: datetime
    networks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mounts: tuple[Mapping[str, Any], ...] = ()
    network_mode: str = ""
    ports: tuple[int, ...] = ()
    born: Born | None = None
    document: Mapping[str, Any] | None = None

    @property
    def short_id(self) -> str:
        """The id that people and the rest of Repave use."""
        return short_id(self.id)

    @property
    def up(self) -> bool:
        """Whether it runs, or would if nobody had paused it."""
        return self.state in UP

    @property
    def is_surge(self) -> bool:
        """Whether it is a successor of ours that has not taken its predecessor's name yet."""
        return self.labels.get(REPLACEMENT) == self.name

    @property
    def is_member(self) -> bool:
        """Not what is kept in quarantine, and of our surges only those that run: the rest is ours to take away."""
        return parse(self.name) is None and (self.up or not self.is_surge)

    @property
    def instance_state(self) -> InstanceState:
        """In the words of all platforms. A container that has ended is in service, and unhealthy."""
        if self.state == "running" and self.health == "starting":
            return InstanceState.PENDING
        return _STATES.get(self.state, InstanceState.IN_SERVICE)

    @property
    def healthy(self) -> bool | None:
        """What the engine says. None: it runs, and has no check of its own that has spoken."""
        if self.state not in ("running", "paused"):
            return False
        return {"healthy": True, "unhealthy": False}.get(self.health)

    def server(self, port: int | None) -> Server:
        """As a balancer has to know it, as far as a list tells. port: on which it answers."""
        name, address = self.labels.get(REPLACEMENT) or self.name, address_of(self.network_mode, self.networks)
        also, running = () if name == self.name else (self.name,), self.state == "running"
        return Server(self.short_id, name, address, port or 0, also=also, running=running, healthy=self.healthy)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its addresses in every network."""
        found = (network.get(key) for network in self.networks.values() for key in ("IPAddress", "GlobalIPv6Address"))
        return tuple(address for address in found if address)


def listed(document: Mapping[str, Any]) -> Container:
    """An entry of ContainerList."""
    names = [name.removeprefix("/") for name in document.get("Names") or ()]
    own = next((name for name in names if "/" not in name), short_id(document["Id"]))  # the others are legacy links'
    return Container(
        id=document["Id"],
        name=own,
        state=document.get("State") or "",
        health=_health(document),
        image_id=document.get("ImageID") or "",
        labels=document.get("Labels") or {},
        created_at=datetime.fromtimestamp(document.get("Created") or 0, UTC),
        networks=(document.get("NetworkSettings") or {}).get("Networks") or {},
        mounts=tuple(document.get("Mounts") or ()),
        network_mode=(document.get("HostConfig") or {}).get("NetworkMode") or "",
        ports=tuple(port["PublicPort"] for port in document.get("Ports") or () if port.get("PublicPort")),
    )


def born(document: Mapping[str, Any]) -> Born:
    """What of an answer of ContainerInspect never changes."""
    config, host = document.get("Config") or {}, document.get("HostConfig") or {}
    return Born(
        created_at=moment(document.get("Created")),
        reference=config.get("Image") or "",
        hostname=config.get("Hostname") or "",
        auto_remove=bool(host.get("AutoRemove")),
        shares=tuple(_shares(host)),
        published=tuple(_published(host)),
        mac_address=config.get("MacAddress") or "",
    )


def _health(document: Mapping[str, Any]) -> str:
    """API 1.52 says it by itself; before, it stands in the words for people: `Up 5 minutes (unhealthy)`."""
    told = (document.get("Health") or {}).get("Status")
    if told is not None:
        return "" if told == "none" else str(told)
    found = _HEALTH.search(document.get("Status") or "")
    return found[1] if found else ""


def _shares(host: Mapping[str, Any]) -> Iterator[str]:
    for key, what in (("NetworkMode", "network"), ("PidMode", "processes"), ("IpcMode", "memory")):
        mode = host.get(key) or ""
        if mode.startswith("container:") or (key == "NetworkMode" and mode == "host"):
            yield f"{what} of {'the host' if mode == 'host' else f'another container ({_other(mode)})'}"


def _other(mode: str) -> str:
    other = mode.removeprefix("container:")
    return short_id(other) if re.fullmatch(r"[0-9a-f]{64}", other) else other


def _published(host: Mapping[str, Any]) -> Iterator[str]:
    """Fixed host ports. Without a number, with 0, or with a range, the engine chooses a free one."""
    for inner, bindings in sorted((host.get("PortBindings") or {}).items()):
        for binding in bindings or ():
            port = binding.get("HostPort") or "0"
            if port.isdecimal() and int(port):
                yield f"{port}->{inner}"
