"""The HTTP server: /healthz, /readyz, /metrics and the API."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from controller.web.access import May
from controller.web.api import MOST_BODY_BYTES, Api
from controller.web.connection import Connection
from controller.web.guard import Guard

SHUTDOWN_SECONDS = 1.0
"""How long a request in flight may take once we stop. aiohttp's own 60 s would outlive a container's 30."""

IDLE_SECONDS = 30.0
"""After which a connection without a request is closed; an unfinished one counts."""

MOST_LINE_BYTES = 4096
"""Of a request line."""

MOST_HEADER_BYTES = 16 * 1024
"""Of each header: what a load balancer says of who signed in, and its cookies, fill what it lets through."""

MOST_HEADERS = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes or no, and the sentence that says why."""

    good: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the answers come from.

    alive: from memory alone, it asks nothing outside. ready: may ask the journal, within its own time limit.
    metrics: Prometheus' text format, brought up to date.
    """

    alive: Callable[[], Answer]
    ready: Callable[[], Awaitable[Answer]]
    metrics: Callable[[], Awaitable[bytes]]


CONNECTION: dict[str, Any] = {
    "access_log": None,
    "keepalive_timeout": IDLE_SECONDS,
    "max_line_size": MOST_LINE_BYTES,
    "max_field_size": MOST_HEADER_BYTES,
    "max_headers": MOST_HEADERS,
}


class Server:
    """The running server. Port 0 takes any free one; `port` says which. Whether an address is safe to listen on is for
    the configuration to say.

    loopback: whether only this machine can connect; elsewhere /metrics takes somebody who may read.
    """

    def __init__(self, sources: Sources, api: Api, host: str, port: int, *, loopback: bool = True) -> None:
        self._host = host
        self._wanted_port = port
        self.api = api
        self._runner = web.AppRunner(
            application(sources, api, loopback=loopback), shutdown_timeout=SHUTDOWN_SECONDS, **CONNECTION
        )
        self._listening: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; the wanted one before the start."""
        return int(self._listening.sockets[0].getsockname()[1]) if self._listening else self._wanted_port

    async def start(self) -> None:
        """Listen.

        Raises OSError when the address is taken.
        """
        await self._runner.setup()
        server, loop = self._runner.server, asyncio.get_running_loop()
        assert server is not None  # setup has made it
        self._listening = await loop.create_server(
            lambda: Connection(server, loop=loop, **CONNECTION), self._host, self._wanted_port, reuse_address=True
        )

    async def stop(self) -> None:
        """Stop listening; streams end, and requests in flight get a second to."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self.api.hub.close()
        await self._runner.cleanup()


def application(sources: Sources, api: Api, *, loopback: bool) -> web.Application:
    """Every route behind the guard."""

    async def healthz(_: web.Request) -> web.Response:
        return _plain(sources.alive())

    async def readyz(_: web.Request) -> web.Response:
        return _plain(await sources.ready())

    async def metrics(request: web.Request) -> web.Response:
        if not loopback:
            await api.user(request, May.READ)
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=await sources.metrics(), headers=headers)

    app = web.Application(
        client_max_size=MOST_BODY_BYTES, middlewares=[Guard(loopback=loopback, version=api.version).middleware()]
    )
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    api.add_to(app)
    return app


def _plain(answer: Answer) -> web.Response:
    return web.Response(status=200 if answer.good else 503, text=f"{answer.sentence}\n")
