"""A Docker engine in memory that keeps containers, images and networks, and answers for them on a unix socket.

It merges an image's configuration into a container's as moby does, gives a name once, and refuses what moby refuses.
Time is the test's: `advance` lets what was started become healthy, or end. Whatever it knows, a test may have it say
something else, well or badly. What a real engine does with a container is shown by the tests in tests/docker.
"""

import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from controller.clients.docker_transport import EngineAddress
from tests.support.answering import Says, Serving, cut, says, send
from tests.support.fake_containers import JSON, Change, Kept, Made, Refusal, has_label, listed

VERSION = says({"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"})


@dataclass(frozen=True)
class Heard:
    """One request as it arrived; its path without the version."""

    method: str
    path: str
    query: dict[str, str]


@dataclass
class FakeEngine(Serving, Kept):
    """registry: reference -> the image that a pull brings; the digest there is in its RepoDigests.

    answers: path (`/containers/ab12/json`) -> what is said there instead. row: said to everything but /version,
    whatever is there, in turn and the last for ever. fail: by operation (`start`, `create`, `rename` ...), refusals to
    answer with first, in order. away: nobody answers. before: called before each answer. after: called once by that
    name when the operation has taken effect.

    requests: all but /version. bodies: of the creates. most_at_once: requests that were in the air together.
    """

    socket: Path | None = None
    volumes: set[str] = field(default_factory=set)
    registry: dict[str, JSON] = field(default_factory=dict)
    info: JSON = field(default_factory=lambda: {"Name": "host-1", "OSType": "linux", "LiveRestoreEnabled": True})
    answers: dict[str, Says] = field(default_factory=dict)
    row: list[Says] = field(default_factory=list)
    fail: dict[str, list[Refusal]] = field(default_factory=dict)
    away: bool = False
    before: Callable[[], object] = lambda: None
    after: dict[str, Callable[[], object]] = field(default_factory=dict)
    requests: list[Heard] = field(default_factory=list)
    bodies: list[JSON] = field(default_factory=list)
    most_at_once: int = 0
    _in_the_air: int = 0

    @property
    def addresses(self) -> tuple[EngineAddress, ...]:
        """As a platform's options name their engines."""
        return (EngineAddress(self.url),)

    def says(self, path: str, content: Any, status: int = 200) -> None:
        """Answer with this JSON, or these bytes, at a path."""
        self.answers[path] = Says(content if isinstance(content, bytes) else json.dumps(content), status)

    def refuses(self, path: str, status: int) -> None:
        """Answer with an error at a path."""
        self.says(path, {"message": "the engine is unwell"}, status)

    def calls(self, pattern: str = "") -> list[str]:
        """The requests, as `METHOD PATH`, in which this is found."""
        told = (f"{one.method} {one.path}" for one in self.requests)
        return [call for call in told if re.search(pattern, call)]

    # on the wire

    async def listen(self, runner: web.AppRunner) -> str:
        if self.socket is None:
            self.socket = Path(self.closing.enter_context(tempfile.TemporaryDirectory(prefix="engine")), "e.sock")
        await web.UnixSite(runner, str(self.socket)).start()
        return f"unix://{self.socket}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = re.sub(r"^/v\d+\.\d+", "", request.path)
        if self.away:
            return cut(request)
        if path == "/version":
            return await send(request, VERSION, self.stopping)
        self.requests.append(Heard(request.method, path, dict(request.query)))
        self._in_the_air += 1
        self.most_at_once = max(self.most_at_once, self._in_the_air)
        for _ in range(20):  # so that what is sent together is seen together
            await asyncio.sleep(0)
        try:
            self.before()
            return await self._say(request, path)
        finally:
            self._in_the_air -= 1

    async def _say(self, request: web.Request, path: str) -> web.StreamResponse:
        told = (self.row.pop(0) if len(self.row) > 1 else self.row[0]) if self.row else self.answers.get(path)
        if told is not None:
            endless = path == "/events" and "until" not in request.query
            return await (_stream(request, told, self.stopping) if endless else send(request, told, self.stopping))
        try:
            body = await request.json() if request.can_read_body else {}
            answer = self._answer(request.method, path, dict(request.query), body)
        except Refusal as refusal:
            if refusal.status == 304:
                return web.Response(status=304)
            return web.json_response({"message": str(refusal)}, status=refusal.status)
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
                return self.info
            case ["volumes"]:
                part = json.loads(query.get("filters", "{}")).get("name", [""])[0]
                return {"Volumes": [{"Name": name} for name in sorted(self.volumes) if part in name]}
            case ["containers", "json"]:
                return self._list(query)
            case ["containers", reference, "json"]:
                return self.find(reference).document
            case ["containers", reference, "logs"]:
                return self.find(reference).log
            case ["containers", reference, "changes" | "stats" | "top" as part]:
                self.find(reference)
                return [] if part == "changes" else {}
            case ["images", *reference, "json"]:
                return self.find_image("/".join(reference))
            case ["distribution", *reference, "json"]:
                return self._manifest("/".join(reference))
        raise Refusal(404, f"page not found: {parts}")

    def _list(self, query: Mapping[str, str]) -> list[JSON]:
        wanted = json.loads(query.get("filters", "{}")).get("label", [])
        found = (one for one in self.containers.values() if all(has_label(one, label) for label in wanted))
        return [listed(one.document) for one in found]

    def _manifest(self, reference: str) -> JSON:
        digests = self.registry.get(reference, {}).get("RepoDigests")
        if not digests:
            raise Refusal(403, "manifest unknown")
        return {"Descriptor": {"digest": digests[0].partition("@")[2]}}


async def _stream(request: web.Request, answer: Says, closing: asyncio.Event) -> web.StreamResponse:
    """Events that end with the engine."""
    response = web.StreamResponse(status=answer.status)
    await response.prepare(request)
    await response.write(answer.body.encode() if isinstance(answer.body, str) else answer.body)
    await closing.wait()
    return response
