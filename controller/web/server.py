"""The HTTP server: /healthz, /readyz and /metrics."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

SHUTDOWN_SECONDS = 1.0
"""How long a request in flight may take once we stop. aiohttp's own 60 s would outlive a container's 30."""

MOST_BODY_BYTES = 1024
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


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


class Server:
    """The running server. Port 0 takes any free one; `port` says which. Whether an address is safe to listen on is for
    the configuration to say."""

    def __init__(self, sources: Sources, host: str, port: int) -> None:
        self._host = host
        self._wanted_port = port
        self._runner = web.AppRunner(application(sources), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)

    @property
    def port(self) -> int:
        """The port that is listened on; the wanted one before the start."""
        addresses: list[Any] = self._runner.addresses
        return int(addresses[0][1]) if addresses else self._wanted_port

    async def start(self) -> None:
        """Listen.

        Raises OSError when the address is taken.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._wanted_port).start()

    async def stop(self) -> None:
        """Stop listening; requests in flight get a second to end."""
        await self._runner.cleanup()


def application(sources: Sources) -> web.Application:
    """The three routes."""

    async def healthz(_: web.Request) -> web.Response:
        return _plain(sources.alive())

    async def readyz(_: web.Request) -> web.Response:
        return _plain(await sources.ready())

    async def metrics(_: web.Request) -> web.Response:
        headers = {**HEADERS, "Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=await sources.metrics(), headers=headers)

    app = web.Application(client_max_size=MOST_BODY_BYTES)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


def _plain(answer: Answer) -> web.Response:
    return web.Response(status=200 if answer.good else 503, text=f"{answer.sentence}\n", headers=HEADERS)
