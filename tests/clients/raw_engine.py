"""An engine on a real socket that answers what it is told to, well or badly, and notes what reaches it.

It speaks bytes, so that it can also say what no web framework would.
"""

import asyncio
import json
import re
import ssl
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from controller.clients.docker import Engine, EngineBounds

VERSION = {"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"}
PATIENT = EngineBounds(60.0, 60.0, 60.0, 60.0, answer_bytes=100_000)
"""However busy the machine is."""

HASTY = EngineBounds(0.6, 0.2, 0.2, 0.2, answer_bytes=100_000)
"""While nothing answers."""

STOP = ("ContainerStop", "/containers/web-1/stop")
RING = 256
"""How many events of all kinds an engine keeps."""


@dataclass(frozen=True)
class Heard:
    """One request as it arrived. target: path and query, raw."""

    method: str
    target: str
    body: str

    @property
    def path(self) -> str:
        """Without the version and the query."""
        return re.sub(r"^/v[0-9.]+/", "/", urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass
class Says:
    """What to answer. raw: exactly these bytes, instead of an answer. hang: never. reset: break the connection once the
    request is there. short: promise more than is sent. drip: stop midway."""

    body: bytes = b"{}"
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    hang: bool = False
    reset: bool = False
    short: bool = False
    drip: bool = False


def says(content: object = None, status: int = 200) -> Says:
    """An answer in JSON; an empty one for None."""
    return Says(b"" if content is None else json.dumps(content).encode(), status)


def refuses(status: int, words: str) -> Says:
    """An error as the engine tells it."""
    return says({"message": words}, status)


def container(name: str, status: str = "running", **labels: str) -> dict[str, Any]:
    """What inspecting a container is answered with, as far as the client looks at it."""
    state = {"Status": status, "Running": status in ("running", "paused", "restarting"), "Paused": status == "paused"}
    return {"Id": name * 8, "Name": f"/{name}", "State": state, "Config": {"Labels": dict(labels)}}


@dataclass
class RawEngine:
    """Gives `answers` in turn, the last of them for ever, but for versions, containers and events, which it knows.

    now: its clock, in seconds since 1970. ring: the events that it keeps. listening: connections that hear of new ones.
    """

    path: Path
    tls: ssl.SSLContext | None = None
    answers: list[Says] = field(default_factory=lambda: [says({})])
    version: Says = field(default_factory=lambda: says(VERSION))
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[Heard] = field(default_factory=list)
    now: float = 1_795_000_000.0
    ring: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=RING))
    mute: bool = False
    events: Says | None = None
    listening: set[asyncio.StreamWriter] = field(default_factory=set)
    connections: set[asyncio.StreamWriter] = field(default_factory=set)
    accepted: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}" if self.tls else f"unix://{self.path}"

    def says(self, *answers: Says) -> None:
        self.answers = list(answers)

    def calls(self, *without: str) -> list[str]:
        """What was asked for, but for the version (and what is named)."""
        skipped = {"/version", *without}
        return [f"{one.method} {one.path}" for one in self.requests if one.path not in skipped]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for what comes with a request or a connection; fails after five seconds."""
        async with asyncio.timeout(5):
            while not condition():
                self._moved.clear()
                await self._moved.wait()

    async def start(self) -> None:
        self._stopping = asyncio.Event()
        if self.tls:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
            self.port = self._server.sockets[0].getsockname()[1]
        else:
            self._server = await asyncio.start_unix_server(self._serve, str(self.path))

    async def stop(self) -> None:
        """Break every connection, and take no new one."""
        self._stopping.set()
        if self._server is not None:
            self._server.close()
        self.cut()
        self.path.unlink(missing_ok=True)

    async def restart(self) -> None:
        """As an engine restarts: its events are forgotten."""
        await self.stop()
        self.ring.clear()
        await self.start()

    def cut(self) -> None:
        """Break every connection."""
        for writer in list(self.connections):
            with suppress(OSError, RuntimeError):
                writer.transport.abort()
        self.connections.clear()
        self.listening.clear()

    def happens(self, action: str, name: str = "web-1", kind: str = "container", **attributes: str) -> dict[str, Any]:
        """Something happens a moment later: it is kept, and told to whoever listens (unless mute)."""
        self.now += 0.25
        event = {
            "Type": kind,
            "Action": action,
            "Actor": {"ID": f"{name}-id".ljust(64, "0"), "Attributes": {"name": name, **attributes}},
            "timeNano": int(self.now * 1e9),
        }
        self.ring.append(event)
        for writer in [] if self.mute else list(self.listening):
            self._tell(writer, event)
        return event

    def halves(self, event: dict[str, Any]) -> tuple[bytes, bytes]:
        """An event as two pieces on the wire."""
        line = json.dumps(event).encode() + b"\n"
        first, second = line[:30], line[30:]
        return tuple(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (first, second))  # type: ignore[return-value]

    def _tell(self, writer: asyncio.StreamWriter, event: dict[str, Any]) -> None:
        line = json.dumps(event).encode() + b"\n"
        with suppress(OSError, RuntimeError):
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._moved.set()
        self.connections.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while await self._once(reader, writer):
                pass
        self.connections.discard(writer)
        self.listening.discard(writer)
        self._moved.set()
        writer.close()

    async def _once(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        length = re.search(r"(?im)^content-length: (\d+)", head)
        body = (await reader.readexactly(int(length[1]))).decode() if length else ""
        heard = Heard(method, target, body)
        self.requests.append(heard)
        self._moved.set()
        if heard.path == "/events":
            return await self._events(heard, reader, writer)
        return await self._send(self._answer(heard), writer)

    def _answer(self, heard: Heard) -> Says:
        if heard.path == "/version":
            return self.version
        found = re.fullmatch(r"/containers/([^/]+)/json", heard.path)
        if found and found[1] in self.containers:
            return says(self.containers[found[1]])
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def _send(self, answer: Says, writer: asyncio.StreamWriter) -> bool:
        if answer.hang:
            await self._stopping.wait()
        if answer.hang or answer.reset:
            writer.transport.abort()
            return False
        if answer.raw is not None:
            writer.write(answer.raw)
            await writer.drain()
            return False
        told = {"Content-Type": answer.kind, "Content-Length": str(len(answer.body) + 100 * answer.short)}
        lines = [
            f"HTTP/1.1 {answer.status} .",
            *(f"{name}: {value}" for name, value in {**told, **answer.headers}.items()),
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        writer.write(answer.body[:20] if answer.drip else answer.body)
        await writer.drain()
        if answer.drip:
            await self._stopping.wait()
        return not (answer.short or answer.drip)

    async def _events(self, heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self.events is not None:
            return await self._send(self.events, writer)
        since, until = (_nanoseconds(heard.query.get(name)) for name in ("since", "until"))
        kept = [event for event in self.ring if since is not None and event["timeNano"] >= since]
        told = [event for event in kept if until is None or event["timeNano"] <= until]
        date = formatdate(int(self.now), usegmt=True)
        writer.write(f"HTTP/1.1 200 .\r\nDate: {date}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for event in told:
            self._tell(writer, event)
        if until is not None:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
            return True
        self.listening.add(writer)
        self._moved.set()
        await reader.read()  # until the other side leaves
        return False


def _nanoseconds(told: str | None) -> int | None:
    if told is None:
        return None
    seconds, _, fraction = told.partition(".")
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0") or 0)


@contextmanager
def hurried(engine: Engine) -> Iterator[None]:
    """The client gives an answer up very soon, for as long as the context lasts."""
    engine._bounds = HASTY
    yield
    engine._bounds = PATIENT


async def listing(engine: Engine) -> Any:
    """A read like any other."""
    return await engine.read("ContainerList", "/containers/json", all=True, filters={"label": ["fleet=edge"]})
