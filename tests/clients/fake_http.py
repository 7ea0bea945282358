"""A telemetry source on a real socket that answers what it is told to, well or badly, and notes what reaches it."""

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web


@dataclass
class Heard:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body))

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Says:
    """What to answer. hang: never. reset: break the connection. short: promise more than is sent. drip: stop midway."""

    body: str | bytes = ""
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    reset: bool = False
    short: bool = False
    drip: bool = False


def says(content: object, status: int = 200, **headers: str) -> Says:
    """An answer in JSON."""
    return Says(json.dumps(content), status, headers={name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class FakeHttp:
    """Gives `answers` in turn, the last of them for ever. most_at_once: requests that were in the air together."""

    answers: list[Says] = field(default_factory=lambda: [says({})])
    requests: list[Heard] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    gate: asyncio.Event | None = None
    most_at_once: int = 0
    url: str = ""
    _now: int = 0
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def says(self, *answers: Says) -> None:
        self.answers = list(answers)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.tls).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"{'https' if self.tls else 'http'}://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(Heard(request.path, dict(request.headers), await request.text()))
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            if self.gate is not None:
                await self.gate.wait()
            return await self._send(request, self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        finally:
            self._now -= 1

    async def _send(self, request: web.Request, answer: Says) -> web.StreamResponse:
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        if answer.hang:
            await self._stopping.wait()
        if answer.reset or answer.hang:
            if request.transport is not None:  # None: the client was the first to leave
                request.transport.abort()
            return web.Response()
        response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.kind, **answer.headers})
        if answer.short:
            response.content_length = len(body) + 100
        await response.prepare(request)
        for piece in [body[:20], body[20:]] if answer.drip else [body]:
            await response.write(piece)
            if answer.drip:
                await self._stopping.wait()
        if answer.short:
            assert request.transport is not None
            request.transport.close()
        return response
