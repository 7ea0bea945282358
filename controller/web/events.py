"""Server-sent events: each client gets what happens from now on, and no client can hold anything up."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import web

from controller.web.guard import HEADERS
from controller.web.problem import Problem

MOST_CLIENTS = 32
MOST_WAITING = 256
"""Events that may wait for one client; one that falls further behind is cut off."""

HEARTBEAT_SECONDS = 15.0
LOOK_SECONDS = 1.0
"""How often a quiet stream looks whether its client is still there."""

SLOWEST_WRITE_SECONDS = 10.0

END = None
Queue = asyncio.Queue[bytes | None]


class Hub:
    """Hands every event to every client. heartbeat_seconds: after so much silence a comment is sent."""

    def __init__(self, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._heartbeat_seconds = heartbeat_seconds
        self._queues: set[Queue] = set()
        self._next_id = 1
        self._closed = False

    @property
    def clients(self) -> int:
        """How many listen now."""
        return len(self._queues)

    def publish(self, kind: str, document: dict[str, Any]) -> None:
        """Tell everybody. Returns at once; whoever cannot keep up is cut off."""
        told = f"id: {self._next_id}\nevent: {kind}\ndata: {json.dumps(document, ensure_ascii=True)}\n\n".encode()
        self._next_id += 1
        for queue in tuple(self._queues):
            if queue.qsize() >= MOST_WAITING:
                self._cut(queue)
            else:
                queue.put_nowait(told)

    def cut_all(self) -> None:
        """End every stream; clients may come back."""
        for queue in tuple(self._queues):
            self._cut(queue)

    def close(self) -> None:
        """End every stream, and take no more."""
        self._closed = True
        self.cut_all()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Answer one client for as long as it listens.

        Raises Problem (503) when there are too many, or the daemon is about to end.
        """
        if self._closed or len(self._queues) >= MOST_CLIENTS:
            raise Problem(503, "too many clients listen already", {"Retry-After": "30"})
        async with self._listening() as queue:
            response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream; charset=utf-8"})
            response.headers["X-Accel-Buffering"] = "no"
            await response.prepare(request)
            with suppress(ConnectionError, TimeoutError):
                await self._write(response, b": connected\n\n")
                async for told in self._told(queue, request):
                    await self._write(response, told)
            return response

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[Queue]:
        queue: Queue = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    async def _told(self, queue: Queue, request: web.Request) -> AsyncIterator[bytes]:
        quiet_seconds = 0.0
        while request.transport is not None and not request.transport.is_closing():
            pause = min(LOOK_SECONDS, self._heartbeat_seconds)
            try:
                async with asyncio.timeout(pause):
                    told = await queue.get()
            except TimeoutError:
                quiet_seconds += pause
                if quiet_seconds < self._heartbeat_seconds:
                    continue
                told = b": alive\n\n"
            if told is END:
                return
            quiet_seconds = 0.0
            yield told

    async def _write(self, response: web.StreamResponse, told: bytes) -> None:
        async with asyncio.timeout(SLOWEST_WRITE_SECONDS):
            await response.write(told)

    def _cut(self, queue: Queue) -> None:
        """What still waits is dropped, so that the end comes next."""
        self._queues.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(END)
