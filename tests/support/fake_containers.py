"""Containers as an engine keeps them: what they are made of, and how the engine lists them."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

JSON = dict[str, Any]


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
    first advance. ignores_stop: it ends only once it is killed."""

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
