"""Servers of the tests' own: what they answer, well or badly, and how that goes over the wire."""

import asyncio
import json
import ssl
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web


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


async def send(request: web.Request, answer: Says, stopping: asyncio.Event) -> web.StreamResponse:
    """Answer so. stopping: until then hangs what hangs."""
    body = answer.body.encode() if isinstance(answer.body, str) else answer.body
    if answer.hang:
        await stopping.wait()
    if answer.reset or answer.hang:
        return cut(request)
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.kind, **answer.headers})
    if answer.short:
        response.content_length = len(body) + 100
    await response.prepare(request)
    for piece in [body[:20], body[20:]] if answer.drip else [body]:
        await response.write(piece)
        if answer.drip:
            await stopping.wait()
    if answer.short:
        assert request.transport is not None
        request.transport.close()
    return response


def cut(request: web.Request) -> web.Response:
    """Break the connection; what is returned reaches nobody."""
    if request.transport is not None:  # None: the client was the first to leave
        request.transport.abort()
    return web.Response()


class Serving:
    """A server that hands every request to `handle`, for as long as its context lasts."""

    tls: ssl.SSLContext | None = None
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The answer to one request."""
        raise NotImplementedError

    async def listen(self, runner: web.AppRunner) -> str:
        """Take connections; the address."""
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self.tls).start()
        host, port = runner.addresses[0][:2]
        return f"{'https' if self.tls else 'http'}://{host}:{port}"

    async def __aenter__(self) -> Self:
        self.stopping, self.closing = asyncio.Event(), ExitStack()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        self.url = await self.listen(self._runner)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        await self._runner.cleanup()
        self.closing.close()
