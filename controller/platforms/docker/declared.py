"""What was declared of a container: its inspect, less what its image and the engine put there. Pure.

The engine merges an image's configuration into that of each container made from it (`merge` in moby's
daemon/commit.go), so what equals the image's is left out here, and the defaults of the new image take hold. A value
that was declared and equals the image's cannot be told from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.platforms.docker.declared_host import host_config
from controller.platforms.docker.declared_networks import endpoints
from controller.platforms.docker.inspected import FLEET, REPLACEMENT

Json = Mapping[str, Any]

PLAIN = ("Domainname", "Tty", "OpenStdin", "StdinOnce", "NetworkDisabled", "MacAddress", "StopTimeout")
"""Fields of a container's Config that no image sets."""

DEFAULTED = ("User", "WorkingDir", "StopSignal", "Shell")
"""Fields that are the image's unless they were declared."""

OURS = frozenset({REPLACEMENT, FLEET})
"""Labels that we put on successors: a predecessor's are not its successor's."""

COMPOSE_IMAGE = "com.docker.compose.image"
"""Compose's note of the image's id: where it is not the container's, Compose wants to create it anew."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the configuration says about successors.

    labels: ours. member_label: the key of the label that makes a container a member: it stays, wherever it came from.
    ports: the range (`8000-8099`) of host ports in place of fixed ones. share_volumes: whether the successor gets the
    predecessor's anonymous volumes too, and not fresh ones.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    member_label: str = ""
    ports: str | None = None
    share_volumes: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """How to make another one.

    body: of ContainerCreate, on the first network, without aliases. further: the other networks, by name, each with the
    configuration of its endpoint. aliases: by network, the endpoint's configuration with the aliases that the
    predecessor answers to, for when the successor is ready.
    """

    body: Json
    further: Mapping[str, Json]
    aliases: Mapping[str, Json]


def declared(container: Json, image: Json, wishes: Wishes = Wishes(), image_id: str = "") -> Declared:
    """How to make a successor of `container` (its inspect), which was made from `image` (its inspect).

    image_id: of the image that the successor will be made from.
    """
    config, default = container["Config"], image.get("Config") or {}
    networks = endpoints(container)
    body: dict[str, Any] = {"Image": config["Image"]}
    body |= {name: config[name] for name in PLAIN if config.get(name)}
    body |= {name: config[name] for name in DEFAULTED if config.get(name) and config[name] != default.get(name)}
    body |= _command(config, default)
    body |= _more_than(config, default, ("ExposedPorts", "Volumes"))
    if _is_own(config.get("Hostname"), container):
        body["Hostname"] = config["Hostname"]
    env = [item for item in config.get("Env") or () if item not in (default.get("Env") or ())]
    health = _healthcheck(config.get("Healthcheck") or {}, default.get("Healthcheck") or {})
    body |= {"Env": env} if env else {}
    body |= {"Healthcheck": health} if health else {}
    body["Labels"] = _labels(config.get("Labels") or {}, default.get("Labels") or {}, wishes, image_id)
    body["HostConfig"] = host_config(
        container, networks.primary, ports=wishes.ports, share_volumes=wishes.share_volumes
    )
    if networks.first:
        body["NetworkingConfig"] = {"EndpointsConfig": networks.first}
    if wishes.share_volumes:
        body.pop("Volumes", None)  # those are mounted by name now
    return Declared(body, networks.further, networks.aliases)


def _is_own(hostname: str | None, container: Json) -> bool:
    """Whether a host name was declared: by itself it is the beginning of the id, or the host's own."""
    shares = str((container.get("HostConfig") or {}).get("NetworkMode", ""))
    if shares == "host" or shares.startswith("container:"):
        return False
    return bool(hostname) and hostname != container["Id"][:12]


def _command(config: Json, default: Json) -> dict[str, Any]:
    """Entrypoint and Cmd, where they were declared. An image's Cmd counts only while its entrypoint does, and an empty
    entrypoint is declared as a list of one empty word."""
    entrypoint, command = config.get("Entrypoint") or [], config.get("Cmd") or []
    same_entrypoint = entrypoint == (default.get("Entrypoint") or [])
    if same_entrypoint and command == (default.get("Cmd") or []):
        return {}
    if same_entrypoint and command:
        return {"Cmd": command}
    return {"Entrypoint": entrypoint or [""]} | ({"Cmd": command} if command else {})


def _more_than(config: Json, default: Json, names: tuple[str, ...]) -> dict[str, Any]:
    """Sets of keys, less the image's."""
    found: dict[str, Any] = {}
    for name in names:
        added: dict[str, Any] = {key: {} for key in config.get(name) or {} if key not in (default.get(name) or {})}
        found |= {name: added} if added else {}
    return found


def _healthcheck(health: Json, default: Json) -> dict[str, Any]:
    """The fields that differ: the engine takes each of the others from the image."""
    return {name: value for name, value in health.items() if value and value != default.get(name)}


def _labels(labels: Mapping[str, str], default: Mapping[str, str], wishes: Wishes, image_id: str) -> dict[str, str]:
    found = {
        key: value
        for key, value in labels.items()
        if key == wishes.member_label or (key not in OURS and default.get(key) != value)
    }
    if image_id and COMPOSE_IMAGE in found:
        found[COMPOSE_IMAGE] = image_id
    return found | dict(wishes.labels)
