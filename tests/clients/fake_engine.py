"""A Docker engine on a unix socket that answers what it is told to, well or badly, and notes what it is asked."""

import asyncio
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from controller.clients.docker_transport import EngineAddress
from tests.clients.fake_http import Says, says

VERSION = says({"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"})
NO_SUCH = says({"message": "No such container: that one"}, 404)


@dataclass
class FakeEngine:
    """answers: path without the version (`/containers/ab12/json`) -> what is said there; elsewhere `otherwise`.
    gone_mad: said to everything but /version, whatever was told. row: the same, in turn, and the last for ever.
    requests: method, path and query of all but /version. most_at_once: requests that were in the air together."""

    socket: Path | None = None
    answers: dict[str, Says] = field(default_factory=dict)
    otherwise: Says = field(default_factory=lambda: NO_SUCH)
    gone_mad: Says | None = None
    row: list[Says] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def says(self, path: str, content: Any, status: int = 200) -> None:
        """Answer with this JSON, or these bytes, at a path."""
        body = content if isinstance(content, bytes) else json.dumps(content)
        self.answers[path] = Says(body, status)

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def addresses(self) -> tuple[EngineAddress, ...]:
        """As a platform's options name their engines."""
        return (EngineAddress(self.url),)

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="engine")
        self.socket = self.socket or Path(self._folder.name, "e.sock")
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(self.socket)).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        await self._runner.cleanup()
        self._folder.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if path.startswith("/v1."):
            path = "/" + path.split("/", 2)[2]
        if path == "/version":
            return await _send(request, VERSION)
        self.requests.append((request.method, path, dict(request.query)))
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        for _ in range(20):  # so that what is sent together is seen together
            await asyncio.sleep(0)
        try:
            answer = self._answer(path)
            endless = path == "/events" and "until" not in request.query and path in self.answers
            return await (_stream(request, answer, self._closing) if endless else _send(request, answer))
        finally:
            self._now -= 1

    def _answer(self, path: str) -> Says:
        if self.row:
            return self.row.pop(0) if len(self.row) > 1 else self.row[0]
        return self.gone_mad or self.answers.get(path, self.otherwise)


async def _stream(request: web.Request, answer: Says, closing: asyncio.Event) -> web.StreamResponse:
    """Events that end with the engine."""
    response = web.StreamResponse(status=answer.status)
    await response.prepare(request)
    await response.write(answer.body.encode() if isinstance(answer.body, str) else answer.body)
    await closing.wait()
    return response


async def _send(request: web.Request, answer: Says) -> web.StreamResponse:
    if answer.reset:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.kind, **answer.headers})
    body = answer.body.encode() if isinstance(answer.body, str) else answer.body
    if answer.short:
        response.content_length = len(body) + 100
    await response.prepare(request)
    await response.write(body)
    if answer.short:
        assert request.transport is not None
        request.transport.close()
    return response
