"""Containers, images and networks as an engine keeps them: what they are made of, and how it lists them."""

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.virtual import START

JSON = dict[str, Any]
NETWORKS = ("bridge", "host", "none")


def stamp(at: datetime) -> str:
    """A time as engines write it: nine digits of a second."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"


@dataclass
class Change:
    """One mutation that took effect: which container, and who served before and after."""

    call: str
    subject: str
    before: frozenset[str]
    after: frozenset[str]


@dataclass
class Made:
    """A container. boots: advances until it is healthy; None: it never is. exits: the code with which it ends by the
    first advance."""

    document: JSON
    boots: int | None = 0
    exits: int | None = None
    log: bytes = b""

    @property
    def id(self) -> str:
        return str(self.document["Id"])

    @property
    def name(self) -> str:
        return str(self.document["Name"]).removeprefix("/")

    @property
    def status(self) -> str:
        return str(self.document["State"]["Status"])

    def become(self, status: str, **state: Any) -> None:
        """Have this status, as inspect tells it."""
        flags = {"Running": status in ("running", "paused", "restarting"), "Paused": status == "paused"}
        flags["Restarting"] = status == "restarting"
        self.document["State"] |= {"Status": status, **flags, **state}

    @property
    def labels(self) -> Mapping[str, str]:
        return self.document["Config"]["Labels"] or {}

    @property
    def serving(self) -> bool:
        health = (self.document["State"].get("Health") or {}).get("Status")
        return self.status == "running" and health in (None, "healthy")


def has_label(made: Made, label: str) -> bool:
    key, says, value = label.partition("=")
    return key in made.labels and (not says or made.labels[key] == value)


def listed(document: JSON) -> JSON:
    """What the list tells of an inspected container."""
    status, health = document["State"]["Status"], (document["State"].get("Health") or {}).get("Status")
    words = f" ({'health: starting' if health == 'starting' else health})" if health else ""
    return {
        "Id": document["Id"],
        "Names": [document["Name"]],
        "Image": document["Config"]["Image"],
        "ImageID": document["Image"],
        "Labels": document["Config"]["Labels"],
        "State": status,
        "Status": f"Up 5 minutes{words}" if status == "running" else status,
        "Created": int(datetime.fromisoformat(document["Created"][:26]).replace(tzinfo=UTC).timestamp()),
        "Ports": [
            {"PrivatePort": int(inner.split("/")[0]), "PublicPort": int(one["HostPort"]), "Type": "tcp"}
            for inner, bindings in document["HostConfig"].get("PortBindings", {}).items()
            for one in bindings or ()
            if one.get("HostPort", "").isdecimal()
        ],
        "Mounts": document["Mounts"],
        "HostConfig": {"NetworkMode": document["HostConfig"]["NetworkMode"]},
        "NetworkSettings": {"Networks": document["NetworkSettings"]["Networks"]},
    }


def merged(body: Mapping[str, Any], image: Mapping[str, Any], container_id: str) -> JSON:
    """A container's Config from what was asked for and its image's, by `merge` of moby's daemon/commit.go."""
    config: JSON = {
        key: deepcopy(value) for key, value in body.items() if key not in ("HostConfig", "NetworkingConfig")
    }
    if not config.get("Entrypoint"):
        config["Cmd"] = config.get("Cmd") or image.get("Cmd")
        if config.get("Entrypoint") is None:
            config["Entrypoint"] = image.get("Entrypoint")
    if config.get("Entrypoint") == [""]:
        config["Entrypoint"] = None
    keys = {item.partition("=")[0] for item in config.get("Env") or ()}
    added = [item for item in image.get("Env") or () if item.partition("=")[0] not in keys]
    config["Env"] = [*(config.get("Env") or ()), *added]
    for name in ("Labels", "ExposedPorts", "Volumes"):
        config[name] = {**(image.get(name) or {}), **(config.get(name) or {})}
    for name in ("User", "WorkingDir", "StopSignal"):
        config[name] = config.get(name) or image.get(name) or ""
    health = {**(image.get("Healthcheck") or {}), **(config.get("Healthcheck") or {})}
    config |= {"Healthcheck": health} if health else {}
    config.setdefault("Hostname", container_id[:12])
    return config


class Refusal(Exception):
    """The engine says no. status: of its answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass
class Kept:
    """What an engine has. images: reference or id -> inspect. changes: every mutation that was asked for at its socket.
    next_boots, next_exits: of the containers that are created from now on."""

    images: dict[str, JSON] = field(default_factory=dict)
    containers: dict[str, Made] = field(default_factory=dict)
    networks: set[str] = field(default_factory=lambda: set(NETWORKS))
    changes: list[Change] = field(default_factory=list)
    next_boots: int | None = 0
    next_exits: int | None = None
    now: datetime = START
    made: int = 0

    def image(self, reference: str, *, created: datetime = START, digests: Sequence[str] = (), **config: Any) -> str:
        """Have a reference mean a new image with this configuration; its id."""
        image_id = "sha256:" + hashlib.sha256(f"{reference}{len(self.images)}".encode()).hexdigest()
        document = {"Id": image_id, "Created": stamp(created), "RepoTags": [reference], "RepoDigests": [*digests]}
        self.images[reference] = self.images[image_id] = {**document, "Config": config}
        return image_id

    def container(self, name: str, image: str = "app:1", **told: Any) -> Made:
        """One that is there already, nine days old and running, with the label fleet=edge, whatever made it so.
        told: labels, state, health, mounts, networks, config and host (of its Config and HostConfig)."""
        if image not in self.images:
            self.image(image)
        config = {"Image": image, "Labels": told.get("labels", {"fleet": "edge"}), **told.get("config", {})}
        made = self._made(name, {**config, "HostConfig": told.get("host", {})})
        bridge = {"bridge": {"IPAddress": self._address(made), "GlobalIPv6Address": "", "IPAMConfig": None}}
        made.document |= {"Created": stamp(START - timedelta(days=9)), "Mounts": told.get("mounts", [])}
        made.document["NetworkSettings"]["Networks"] = told.get("networks", bridge)
        made.become(told.get("state", "running"), Health=told.get("health"))
        return made

    def run(self, name: str, **body: Any) -> Made:
        """Create and start a container, as a person would; it is healthy at once."""
        made = self.create(name, body)
        self.start(made)
        if "Health" in made.document["State"]:
            made.document["State"]["Health"]["Status"] = "healthy"
        self.changes.clear()
        return made

    def named(self, name: str) -> Made:
        return next(one for one in self.containers.values() if one.name == name)

    def find(self, reference: str) -> Made:
        """By id, name, or the beginning of an id, in this order."""
        by_name = [one for one in self.containers.values() if one.name == reference]
        by_id = [one for key, one in self.containers.items() if key.startswith(reference)]
        for one in (self.containers.get(reference), *by_name, *by_id):
            if one is not None:
                return one
        raise Refusal(404, f"No such container: {reference}")

    def advance(self) -> None:
        """Some time passes."""
        self.now += timedelta(seconds=5)
        for one in self.containers.values():
            state = one.document["State"]
            if one.status != "running":
                continue
            if one.exits is not None:
                self._end(one, one.exits)
            elif one.boots == 0 and (state.get("Health") or {}).get("Status") == "starting":
                state["Health"]["Status"] = "healthy"
            elif one.boots:
                one.boots -= 1

    @property
    def serving(self) -> frozenset[str]:
        """The ids of what runs and is healthy."""
        return frozenset(one.id for one in self.containers.values() if one.serving)

    def create(self, name: str, body: Mapping[str, Any]) -> Made:
        if any(one.name == name for one in self.containers.values()):
            raise Refusal(409, f'Conflict. The container name "/{name}" is already in use')
        if body["Image"] not in self.images:
            raise Refusal(404, f"No such image: {body['Image']}")
        endpoints = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
        if len(endpoints) > 1:
            raise Refusal(400, "Container cannot be connected to network endpoints")
        made = self._made(name, body)
        mode = made.document["HostConfig"]["NetworkMode"]
        mode = "bridge" if mode == "default" else mode
        self.join(made, mode, endpoints.get(mode) or {})
        return made

    def _made(self, name: str, body: Mapping[str, Any]) -> Made:
        self.made += 1
        container_id = hashlib.sha256(f"{name}{self.made}".encode()).hexdigest()
        image = self.images[body["Image"]]
        logs = {"Type": "json-file", "Config": {}}
        document: JSON = {
            "Id": container_id,
            "Name": f"/{name}",
            "Created": stamp(self.now),
            "Image": image["Id"],
            "RestartCount": 0,
            "State": {"Status": "created", "ExitCode": 0, "Error": "", "StartedAt": "0001-01-01T00:00:00Z"},
            "Config": merged(body, image["Config"], container_id),
            "HostConfig": {"NetworkMode": "default", "LogConfig": logs, **body.get("HostConfig", {})},
            "Mounts": [],
            "NetworkSettings": {"Networks": {}, "Ports": {}},
        }
        made = self.containers[container_id] = Made(document, self.next_boots, self.next_exits)
        made.become("created")
        return made

    def join(self, made: Made, network: str, endpoint: Mapping[str, Any]) -> None:
        if network not in self.networks:
            raise Refusal(404, f"network {network} not found")
        joined = made.document["NetworkSettings"]["Networks"]
        if network in joined:
            raise Refusal(403, f"endpoint with name {made.name} already exists in network {network}")
        aliases = [*(endpoint.get("Aliases") or ()), made.id[:12]] if network not in NETWORKS else None
        joined[network] = {"IPAMConfig": None, "Links": None, "Aliases": aliases, "NetworkID": f"id-of-{network}"}
        joined[network] |= {"IPAddress": self._address(made) if made.status == "running" else ""}

    def leave(self, made: Made, network: str) -> None:
        if made.document["NetworkSettings"]["Networks"].pop(network, None) is None:
            raise Refusal(404, f"container {made.id} is not connected to network {network}")

    def start(self, made: Made) -> None:
        if made.status == "running":
            raise Refusal(304, "")
        state = made.document["State"]
        made.become("running", StartedAt=self.now.isoformat(), Error="")
        if made.document["Config"].get("Healthcheck"):
            state["Health"] = {"Status": "starting", "Log": []}
        for endpoint in made.document["NetworkSettings"]["Networks"].values():
            endpoint["IPAddress"] = self._address(made)

    def stop(self, made: Made) -> None:
        if made.status not in ("running", "paused", "restarting"):
            raise Refusal(304, "")
        self._end(made, 0)

    def remove(self, made: Made) -> None:
        if made.status == "running":
            raise Refusal(409, f"You cannot remove a running container {made.id}. Stop the container before")
        del self.containers[made.id]

    def rename(self, made: Made, name: str) -> None:
        if any(one.name == name for one in self.containers.values()):
            raise Refusal(409, f'Conflict. The container name "/{name}" is already in use')
        made.document["Name"] = f"/{name}"

    def _end(self, made: Made, code: int) -> None:
        made.become("exited", ExitCode=code)
        made.document["State"].pop("Health", None)

    def _address(self, made: Made) -> str:
        number = list(self.containers).index(made.id) + 2
        return f"172.30.{number // 250}.{number % 250}"

    def find_image(self, name: str) -> JSON:
        """By a reference, its id, or the beginning of its id."""
        by_id = (one for key, one in self.images.items() if key.startswith(f"sha256:{name}"))
        found = self.images.get(name) or next(by_id, None)
        if found is None:
            raise Refusal(404, f"No such image: {name}")
        return found
