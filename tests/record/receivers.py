"""The other side of a delivery: an outbox that is checked, a clock that is moved by hand, and an HTTP server on
loopback that answers as it is told.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from controller.record.destination import Destination
from tests.record.stories import START


class HandClock:
    """domain.ports.Clock whose time passes only in `sleep`, and then at once. After `most_sleeps` it wants to be
    stopped: it raises CancelledError, as the end of a daemon does."""

    def __init__(self, most_sleeps: int = 1000) -> None:
        self.time = START
        self.slept: list[float] = []
        self._most_sleeps = most_sleeps

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        if len(self.slept) == self._most_sleeps:
            raise asyncio.CancelledError
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)

    def new_id(self, prefix: str) -> str:
        raise AssertionError("delivery makes no ids")


class MemoryOutbox:
    """domain.ports.Outbox in memory. A row is settled once; settling it again, or what was never there, fails."""

    def __init__(self, bodies: Sequence[bytes], created_at: datetime = START) -> None:
        self.waiting = {number: (body, created_at) for number, body in enumerate(bodies, start=1)}
        self.sent: list[int] = []
        self.poison: dict[int, str] = {}

    async def pending(self, limit: int) -> Sequence[tuple[int, bytes, datetime]]:
        return [(number, *row) for number, row in sorted(self.waiting.items())][:limit]

    async def delivered(self, ids: Sequence[int], at: datetime) -> None:
        for number in ids:
            del self.waiting[number]
            self.sent.append(number)

    async def poisoned(self, outbox_id: int, error: str, at: datetime) -> None:
        del self.waiting[outbox_id]
        self.poison[outbox_id] = error


Answering = Callable[[bytes], Awaitable[web.StreamResponse] | web.StreamResponse]


class Backend:
    """What an HTTP server was sent, and where it is."""

    def __init__(self, answering: Answering) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self._answering = answering

    def destination(self, **changes: Any) -> Destination:
        return Destination(self.url, **changes)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.bodies.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        answer = self._answering(body)
        return answer if isinstance(answer, web.StreamResponse) else await answer

    @property
    def span_names(self) -> list[str]:
        return [name for body in self.bodies for name in span_names(body)]


def span_names(body: bytes) -> list[str]:
    request = ExportTraceServiceRequest.FromString(body)
    return [span.name for part in request.resource_spans for scope in part.scope_spans for span in scope.spans]


@asynccontextmanager
async def backend(answering: Answering) -> AsyncIterator[Backend]:
    """A server on a free port of loopback."""
    it = Backend(answering)
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_post("/v1/traces", it.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        it.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces"
        yield it
    finally:
        await runner.cleanup()


def scripted(*statuses: int, **headers: str) -> Answering:
    """These statuses, one for each request, then 200 for ever."""
    left = list(statuses)

    def answer(_: bytes) -> web.Response:
        status = left.pop(0) if left else 200
        return web.Response(status=status, headers=headers if status != 200 else {})

    return answer
