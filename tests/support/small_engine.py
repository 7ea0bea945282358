"""A Docker engine's API on a unix socket, over containers and images that a test makes up. It reads as the real one
does; what a real engine does with a container is shown by the tests in tests/docker."""

import asyncio
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.support.virtual import START

Json = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """What the engine does instead of answering requests whose `METHOD PATH` this is found in. times: how often."""

    where: str
    status: int = 500
    message: str = "the engine is unwell"
    hang: bool = False
    reset: bool = False
    times: int = 1_000_000


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"


@dataclass
class SmallEngine:
    """containers: by full id, as inspect tells them. images: by id; tags: reference to id. registry: reference to
    digest. requests: `METHOD PATH` of each, in order. before: called with each, before it is answered."""

    name: str = "host-1"
    containers: dict[str, Json] = field(default_factory=dict)
    images: dict[str, Json] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    registry: dict[str, str] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    info: Json = field(default_factory=lambda: {"OSType": "linux"})
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    most_at_once: int = 0
    url: str = ""
    _now: int = 0

    def image(self, reference: str, seed: str = "", *, created: datetime = START, **changed: Any) -> str:
        """An image that the reference means from now on; its id."""
        image_id = f"sha256:{digest(f'image {reference} {seed}')}"
        config = {"Labels": changed.pop("labels", None), **changed.pop("config", {})}
        self.images[image_id] = {
            "Id": image_id,
            "Created": stamp(created),
            "Config": config,
            "RepoDigests": [],
        } | changed
        self.tags[reference] = image_id
        return image_id

    def container(self, name: str, image: str = "app:1", **changed: Any) -> str:
        """A running container with the label fleet=edge; its full id. changed: labels, state, health, mounts, networks,
        created, config and host (merged into Config and HostConfig)."""
        container_id, born = digest(f"container {name}"), changed.get("created", START - timedelta(days=9))
        address = f"172.17.0.{len(self.containers) + 2}"
        bridge = {"bridge": {"IPAddress": address, "GlobalIPv6Address": "", "IPAMConfig": None}}
        state = changed.get("state", "running")
        self.containers[container_id] = {
            "Id": container_id,
            "Name": f"/{name}",
            "Created": stamp(born),
            "Image": self.tags.get(image) or self.image(image),
            "State": {"Status": state, "Running": state in ("running", "paused"), "Health": changed.get("health")},
            "Config": {
                "Image": image,
                "Hostname": container_id[:12],
                "Labels": changed.get("labels", {"fleet": "edge"}),
            }
            | changed.get("config", {}),
            "HostConfig": {"NetworkMode": "default", "PortBindings": {}} | changed.get("host", {}),
            "Mounts": changed.get("mounts", []),
            "NetworkSettings": {"Networks": changed.get("networks", bridge), "Ports": {}},
        }
        return container_id

    def labels(self, container_id: str) -> Json:
        labels: Json = self.containers[container_id]["Config"]["Labels"]
        return labels

    def calls(self, pattern: str) -> int:
        """How many requests have reached it that this is found in."""
        return sum(bool(re.search(pattern, request)) for request in self.requests)

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="engine")
        socket = Path(self._folder.name) / "s"
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(socket)).start()
        self._stopping = asyncio.Event()
        self.url = f"unix://{socket}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        await self._runner.cleanup()
        self._folder.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = re.sub(r"^/v\d+\.\d+", "", request.path)
        said = f"{request.method} {path}"
        self.requests.append(said)
        self.before(said)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(0)
            fault = self._fault(said)
            if fault is None:
                return self._answer(path, request.query)
            if fault.hang:
                await self._stopping.wait()
            if (fault.hang or fault.reset) and request.transport is not None:
                request.transport.abort()
            return _refusal(fault.status, fault.message)
        finally:
            self._now -= 1

    def _fault(self, said: str) -> Fault | None:
        for place, fault in enumerate(self.faults):
            if fault.times and re.search(fault.where, said):
                self.faults[place] = Fault(**{**fault.__dict__, "times": fault.times - 1})
                return fault
        return None

    def _answer(self, path: str, query: Mapping[str, str]) -> web.Response:
        match path.strip("/").split("/"):
            case ["version"]:
                return web.json_response({"ApiVersion": "1.41", "MinAPIVersion": "1.12"})
            case ["info"]:
                return web.json_response({"Name": self.name, **self.info})
            case ["volumes"]:
                part = json.loads(query.get("filters", "{}")).get("name", [""])[0]
                return web.json_response({"Volumes": [{"Name": name} for name in self.volumes if part in name]})
            case ["containers", "json"]:
                return web.json_response([entry_of(one) for one in self.containers.values()])
            case ["containers", name, "json"]:
                return _found(self._container(name), f"No such container: {name}")
            case ["images", *reference, "json"]:
                return _found(self._image("/".join(reference)), f"No such image: {'/'.join(reference)}")
            case ["distribution", *reference, "json"]:
                known = self.registry.get("/".join(reference))
                descriptor = {"Descriptor": {"digest": known}} if known else None
                return _found(descriptor, "manifest unknown", otherwise=403)
        return _refusal(404, "page not found")

    def _container(self, name: str) -> Json | None:
        """By its name, its id, or the beginning of its id."""
        named = (one for one in self.containers.values() if one["Name"] == f"/{name}" or one["Id"].startswith(name))
        return next(named, None)

    def _image(self, name: str) -> Json | None:
        found = self.images.get(self.tags.get(name, name))
        return found or next((one for key, one in self.images.items() if key.startswith(f"sha256:{name}")), None)


def entry_of(told: Json) -> Json:
    """As ContainerList tells of it."""
    health = (told["State"].get("Health") or {}).get("Status")
    said = {"starting": "health: starting"}.get(str(health), health)
    published = [
        {"PrivatePort": int(inner.split("/")[0]), "PublicPort": int(one["HostPort"]), "Type": "tcp"}
        for inner, bindings in told["HostConfig"]["PortBindings"].items()
        for one in bindings or ()
        if one.get("HostPort", "").isdecimal()
    ]
    return {
        "Id": told["Id"],
        "Names": [told["Name"]],
        "Image": told["Config"]["Image"],
        "ImageID": told["Image"],
        "Created": int(datetime.fromisoformat(told["Created"][:26]).replace(tzinfo=UTC).timestamp()),
        "Labels": told["Config"]["Labels"],
        "State": told["State"]["Status"],
        "Status": f"Up 9 days ({said})" if said else "Up 9 days",
        "HostConfig": {"NetworkMode": told["HostConfig"]["NetworkMode"]},
        "NetworkSettings": {"Networks": told["NetworkSettings"]["Networks"]},
        "Mounts": told["Mounts"],
        "Ports": published,
    }


def _found(document: Json | None, message: str, otherwise: int = 404) -> web.Response:
    return web.json_response(document) if document is not None else _refusal(otherwise, message)


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
