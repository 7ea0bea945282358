"""A proxy on a unix socket of its own, in front of a real Docker engine: it names, logs, holds and strikes requests."""

import asyncio
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, web

from tests.support.wiretap import Answer, Cut, Proxy, Request, Wiretap

MOST_BODY_BYTES = 32 << 20
KEPT_BODY_BYTES = 64 << 10
KINDS = {
    "containers": "Container",
    "images": "Image",
    "networks": "Network",
    "volumes": "Volume",
    "exec": "Exec",
    "plugins": "Plugin",
    "services": "Service",
    "swarm": "Swarm",
}
HOP = frozenset({"host", "connection", "transfer-encoding", "content-length", "upgrade"})
_VERSION = re.compile(r"^/v\d+\.\d+(?=/)")
_CONTAINER = re.compile(r"^/containers/(?!create$|prune$)([^/]+)")


def operation(method: str, path: str) -> str:
    """The Engine API's name of an operation, told from its method and path without its version: ContainerStart."""
    first, *rest = path.strip("/").split("/")
    if first == "commit":
        return "ImageCommit"
    if first == "build":
        return "ImageBuild"
    kind = KINDS.get(first)
    if kind is None:
        return f"{method} {path}"
    if method == "DELETE":
        return f"{kind}Delete"
    if method in ("GET", "HEAD"):
        reads = {"json": "List" if len(rest) == 1 else "Inspect"}
        return f"{kind}{reads.get(rest[-1], rest[-1].capitalize()) if rest else 'List'}"
    return f"{kind}{rest[-1].capitalize() if rest else 'Update'}"


class EngineProxy(Proxy):
    """What stands in front of one engine."""

    def __init__(self, tap: Wiretap, socket: Path, behind: Path) -> None:
        super().__init__(tap, socket, behind)
        self._session = ClientSession(
            connector=UnixConnector(str(behind), limit=0, force_close=True),
            timeout=ClientTimeout(total=None),
            auto_decompress=False,
        )
        app = web.Application(client_max_size=MOST_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True)
        self._site: web.UnixSite | None = None
        self._passing: set[asyncio.Task[Answer]] = set()

    @property
    def url(self) -> str:
        """Its address as a configuration says it."""
        return f"unix://{self.socket}"

    async def start(self) -> None:
        """Listen."""
        await self._runner.setup()
        await self.accept()

    async def accept(self) -> None:
        """Take connections (again)."""
        if self._site is None:
            self._site = web.UnixSite(self._runner, str(self.socket))
            await self._site.start()

    async def refuse(self) -> None:
        """Take no connection until `accept`, and break those that are there at their next request."""
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()
            self.socket.unlink(missing_ok=True)

    async def aclose(self) -> None:
        """Stop, and let what is held go nowhere."""
        await super().aclose()
        await self._runner.cleanup()
        for task in list(self._passing):
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)
        await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        connection = request.transport
        if connection is None or self._site is None:
            return _cut(connection)
        try:
            asked = await self._asked(request, self.askers.key(connection.get_extra_info("socket")))
            if not asked.mutating:
                return await self._read(request, asked)
            body = await request.read()
            # Whoever asked may be killed meanwhile: what has reached the engine happens all the same.
            passing = asyncio.ensure_future(self.tap.passes(asked, lambda: self._perform(request, asked, body)))
            self._passing.add(passing)
            passing.add_done_callback(self._done)
            answer = await asyncio.shield(passing)
        except Cut:
            return _cut(connection)
        return web.Response(status=answer.status, body=answer.content, content_type=answer.content_type)

    def _done(self, task: "asyncio.Task[Answer]") -> None:
        self._passing.discard(task)
        if not task.cancelled():
            task.exception()  # Cut is told to whoever waits for it, if anybody does

    async def _asked(self, request: web.Request, key: str) -> Request:
        path = _VERSION.sub("", request.path)
        name = operation(request.method, path)
        mutating = request.method not in ("GET", "HEAD") and name != "ContainerWait"
        asked = Request("docker", name, key, mutating, request.method, path, dict(request.query))
        if mutating:
            content = await request.read()
            asked.body = _readable(content)
            asked.target = await self._target(path, asked.body)
        return asked

    async def _target(self, path: str, body: Any) -> Mapping[str, Any] | None:
        """What the container that a call is about was like right before it."""
        found = _CONTAINER.match(path)
        name = found[1] if found else (body or {}).get("Container") if isinstance(body, Mapping) else None
        if not name:
            return None
        async with self._session.get(f"http://engine/containers/{name}/json") as response:
            if response.status != 200:
                return {"name": name, "there": False}
            seen = await response.json()
        labels, bears = seen["Config"]["Labels"] or {}, seen["Name"].removeprefix("/")
        successor = labels.get("repave.replacement") == bears
        running = bool(seen["State"]["Running"])
        about = {"id": seen["Id"][:12], "name": bears, "running": running, "successor": successor}
        return {**about, "there": True, "labels": labels}

    async def _perform(self, request: web.Request, asked: Request, body: bytes) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        url = f"http://engine{request.raw_path}"
        try:
            async with self._session.request(request.method, url, data=body or None, headers=headers) as response:
                content = await response.read()
        except ClientError as error:
            asked.error = f"the engine: {error}"
            raise Cut from None
        words = _words(content) if response.status >= 400 or b'"errorDetail"' in content else None
        effect = response.status < 300 and words is None
        return Answer(response.status, content, effect, words, response.content_type)

    async def _read(self, request: web.Request, asked: Request) -> web.StreamResponse:
        """Piece by piece: a stream of events has no end. Rules strike it before; its answer is not kept."""
        reply: list[web.StreamResponse] = []

        async def ask() -> Answer:
            headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
            try:
                async with self._session.request(
                    request.method, f"http://engine{request.raw_path}", headers=headers
                ) as response:
                    passed = web.StreamResponse(status=response.status)
                    passed.content_type = response.content_type
                    await passed.prepare(request)
                    async for piece in response.content.iter_any():
                        await passed.write(piece)
                    with suppress(ConnectionResetError):
                        await passed.write_eof()
                    reply.append(passed)
                    return Answer(response.status, b"")
            except ClientError as error:
                asked.error = f"the engine: {error}"
                raise Cut from None

        answer = await self.tap.passes(asked, ask)
        return reply[0] if reply else web.Response(status=answer.status, body=answer.content)


def _cut(connection: asyncio.BaseTransport | None) -> web.Response:
    if isinstance(connection, asyncio.WriteTransport):
        connection.abort()
    return web.Response(status=499)


def _readable(content: bytes) -> Any:
    """A body as JSON, shortened where it is long."""
    if not content:
        return None
    if len(content) > KEPT_BODY_BYTES:
        return f"{len(content)} bytes"
    try:
        return json.loads(content)
    except ValueError:
        return f"{len(content)} bytes"


def _words(content: bytes) -> str:
    try:
        told = json.loads(content)
    except ValueError:
        return content[-300:].decode(errors="replace")
    return str(told.get("message") or told.get("error") or told) if isinstance(told, dict) else str(told)
