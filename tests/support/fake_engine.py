"""A Docker engine in memory that keeps containers, images and networks, and answers for them on a unix socket.

It merges an image's configuration into a container's as moby does, gives a name once, and refuses what moby refuses.
Time is the test's: `advance` lets what was started become healthy, or end.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.support.fake_containers import JSON, T0, Change, Made, has_label, merged, row

NETWORKS = ("bridge", "host", "none")


class Refusal(Exception):
    """The engine says no. status: of its answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass
class FakeEngine:
    """images: reference or id -> inspect. fail: by operation (`start`, `create`, `rename` ...), refusals to answer with
    first, in order. after: called once by that name when the operation has taken effect. changes: every mutation."""

    socket: Path | None = None
    images: dict[str, JSON] = field(default_factory=dict)
    containers: dict[str, Made] = field(default_factory=dict)
    networks: set[str] = field(default_factory=lambda: set(NETWORKS))
    volumes: set[str] = field(default_factory=set)
    registry: dict[str, JSON] = field(default_factory=dict)
    fail: dict[str, list[Refusal]] = field(default_factory=dict)
    after: dict[str, Callable[[], object]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[JSON] = field(default_factory=list)
    next_boots: int | None = 0
    next_exits: int | None = None
    away: bool = False
    now: datetime = T0
    made: int = 0

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def image(self, reference: str, **config: Any) -> str:
        """Have a reference mean a new image with this configuration; its id."""
        image_id = "sha256:" + hashlib.sha256(f"{reference}{len(self.images)}".encode()).hexdigest()
        document = {"Id": image_id, "Created": "2026-09-01T00:00:00Z", "RepoTags": [reference], "Config": config}
        self.images[reference] = self.images[image_id] = document
        return image_id

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
            elif one.boots == 0 and state.get("Health", {}).get("Status") == "starting":
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
        image = self.images.get(body["Image"])
        if image is None:
            raise Refusal(404, f"No such image: {body['Image']}")
        if len((body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}) > 1:
            raise Refusal(400, "Container cannot be connected to network endpoints")
        self.made += 1
        container_id = hashlib.sha256(f"{name}{self.made}".encode()).hexdigest()
        host = {
            "NetworkMode": "default",
            "LogConfig": {"Type": "json-file", "Config": {}},
            **body.get("HostConfig", {}),
        }
        config = merged(body, image["Config"], container_id)
        document: JSON = {
            "Id": container_id,
            "Name": f"/{name}",
            "Created": self.now.isoformat(),
            "Image": image["Id"],
            "RestartCount": 0,
            "State": {"Status": "created", "ExitCode": 0, "Error": "", "StartedAt": "0001-01-01T00:00:00Z"},
            "Config": config,
            "HostConfig": host,
            "Mounts": [],
            "NetworkSettings": {"Networks": {}, "Ports": {}},
        }
        mode = "bridge" if host["NetworkMode"] == "default" else host["NetworkMode"]
        endpoints = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
        made = self.containers[container_id] = Made(document, self.next_boots, self.next_exits)
        made.become("created")
        self.join(made, mode, endpoints.get(mode) or {})
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

    # on the wire

    async def serve(self, socket: Path) -> web.AppRunner:
        """Answer there until the runner is cleaned up."""
        self.socket = socket
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.UnixSite(runner, str(socket)).start()
        return runner

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = re.sub(r"^/v\d+\.\d+", "", request.path)
        if self.away:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if path == "/version":
            return web.json_response({"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"})
        self.requests.append((request.method, path))
        try:
            body = await request.json() if request.can_read_body else {}
            answer = self._answer(request.method, path, dict(request.query), body)
        except Refusal as refusal:
            if refusal.status == 304:
                return web.Response(status=304)
            return web.json_response({"message": str(refusal)}, status=refusal.status)
        await asyncio.sleep(0)
        if isinstance(answer, bytes):
            return web.Response(body=answer)
        return web.Response(status=204) if answer is None else web.json_response(answer)

    def _answer(self, method: str, path: str, query: Mapping[str, str], body: JSON) -> Any:
        parts = path.strip("/").split("/")
        if method == "GET":
            return self._read(parts, query)
        match method, parts:
            case "POST", ["containers", "create"]:
                self.bodies.append(body)
                return self._mutate("create", "", lambda: self.create(query["name"], body))
            case "POST", ["containers", reference, "rename"]:
                return self._on("rename", reference, lambda made: self.rename(made, query["name"]))
            case "POST", ["containers", reference, "start" | "stop" as verb]:
                return self._on(verb, reference, self.start if verb == "start" else self.stop)
            case "DELETE", ["containers", reference]:
                return self._on("remove", reference, self.remove)
            case "POST", ["networks", network, "connect"]:
                joins = body.get("EndpointConfig") or {}
                return self._on("connect", body["Container"], lambda made: self.join(made, network, joins))
            case "POST", ["networks", network, "disconnect"]:
                return self._on("disconnect", body["Container"], lambda made: self.leave(made, network))
            case "POST", ["images", "create"]:
                return self._pull(query["fromImage"])
        raise Refusal(404, f"page not found: {method} {path}")

    def _on(self, call: str, reference: str, effect: Callable[[Made], None]) -> None:
        made = self.find(reference)
        self._mutate(call, made.id, lambda: effect(made))

    def _mutate(self, call: str, subject: str, effect: Callable[[], Made | None]) -> JSON | None:
        if self.fail.get(call):
            raise self.fail[call].pop(0)
        before = self.serving
        made = effect()
        self.changes.append(Change(call, made.id if made else subject, before, self.serving))
        then = self.after.pop(call, None)
        if then:
            then()
        return {"Id": made.id, "Warnings": []} if made else None

    def _pull(self, reference: str) -> bytes:
        if reference not in self.registry:
            return json.dumps({"error": "dial tcp: no such host"}).encode()
        document = self.registry[reference]
        self.images[reference] = self.images[document["Id"]] = document
        return json.dumps({"status": "Downloaded"}).encode()

    def _read(self, parts: list[str], query: Mapping[str, str]) -> Any:
        match parts:
            case ["info"]:
                return {"Name": "host-1", "OSType": "linux", "LiveRestoreEnabled": True}
            case ["volumes"]:
                return {"Volumes": [{"Name": name} for name in sorted(self.volumes)]}
            case ["containers", "json"]:
                return self._list(query)
            case ["containers", reference, "json"]:
                return self.find(reference).document
            case ["containers", reference, "logs"]:
                return self.find(reference).log
            case ["containers", _, "changes"]:
                return []
            case ["containers", _, "stats" | "top"]:
                return {}
            case ["images", *reference, "json"]:
                if "/".join(reference) in self.images:
                    return self.images["/".join(reference)]
                raise Refusal(404, f"No such image: {'/'.join(reference)}")
        raise Refusal(404, f"page not found: {parts}")

    def _list(self, query: Mapping[str, str]) -> list[JSON]:
        wanted = json.loads(query.get("filters", "{}")).get("label", [])
        return [row(one) for one in self.containers.values() if all(has_label(one, label) for label in wanted)]
