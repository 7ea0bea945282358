"""How an engine is reached: a unix socket, or TCP with TLS. Every request passes one gate, in the form in which it goes
out."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiodocker import Docker
from yarl import URL

from controller.clients.docker_errors import NoVersion, TooLarge, TooOld
from controller.clients.http_tls import context_of, versions

Gate = Callable[[str, URL], None]
"""Raises for a method and an address that may not leave the process."""

PROVEN = (1, 41)
"""The version of the API that all of this was tried with. It is spoken wherever the engine still speaks it."""

OLDEST = (1, 40)

CONNECT_SECONDS = 3.0
VERSION_SECONDS = 5.0
MOST_CONNECTIONS = 128
"""Docker 20.10 answers what a container uses at its next second: few at a time would take long."""

MOST_RETIRED = 3
VERSION_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """Where an engine is, and what proves who asks. url: unix:///PATH or tcp://HOST:PORT (with TLS, where `ca_file` or
    a certificate is given)."""

    url: str
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None

    @property
    def tls_files(self) -> tuple[str | None, ...]:
        """The files that TLS needs; none of them over a socket or without TLS."""
        files = (self.ca_file, self.client_cert, self.client_key)
        return files if self.url.startswith("tcp://") and any(files) else ()


@dataclass(slots=True)
class Attempt:
    """One request. sent: whether its first byte may have left: until then, nothing can have happened."""

    sent: bool = False


class Link(Docker):
    """Connections to one engine whose version is known. aiodocker composes the addresses.

    Mutations get a connection of their own each: one that was kept may have been closed by the engine in the meantime,
    and then nobody could tell whether it still took the request.
    """

    def __init__(self, url: str, connector: Callable[[bool], aiohttp.BaseConnector], gate: Gate) -> None:
        self._gate = gate
        kept = connector(False)
        super().__init__(url, connector=kept, session=self._session(kept))
        self.single = self._session(connector(True))

    def url_of(self, path: str) -> URL:
        """The address of a path of the API."""
        return self._canonicalize_url(path.removeprefix("/"))

    @asynccontextmanager
    async def request(
        self, attempt: Attempt, method: str, url: URL, query: Mapping[str, Any], body: Mapping[str, Any] | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Make one request. Raises what aiohttp and the gate raise."""

        async def once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
            # aiohttp by itself sends a DELETE again whose connection broke.
            if attempt.sent and method != "GET":
                raise aiohttp.ServerDisconnectedError
            return await handler(request)

        session = self.session if method == "GET" else self.single
        async with session.request(
            method,
            url,
            params={name: _text(value) for name, value in query.items()},
            json=body,
            allow_redirects=False,
            trace_request_ctx=attempt,
            middlewares=(self._checked, once),
        ) as response:
            yield response

    async def negotiate(self) -> None:
        """Find out which version of the API both sides speak. Raises TooOld, or ValueError for an odd answer."""
        async with (
            asyncio.timeout(VERSION_SECONDS),
            self.request(Attempt(), "GET", self._canonicalize_url("version", versioned_api=False), {}, None) as answer,
        ):
            content = await bounded(answer, VERSION_BYTES)
            if answer.status != 200:
                raise NoVersion(answer.status)
        newest, oldest = _versions(json.loads(content))
        if newest < OLDEST:
            raise TooOld(f"it speaks version {newest[0]}.{newest[1]} of the API; 1.{OLDEST[1]} is needed at least")
        spoken = min(newest, max(PROVEN, oldest))
        self.api_version = f"v{spoken[0]}.{spoken[1]}"

    async def aclose(self) -> None:
        """Close all connections."""
        await self.session.close()
        await self.single.close()

    def _session(self, connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
        sent = aiohttp.TraceConfig()
        sent.on_request_headers_sent.append(_note_sent)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": "repave", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            trace_configs=[sent],
            middlewares=(self._checked,),
        )

    async def _checked(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        self._gate(request.method, request.url)
        return await handler(request)


class Transport:
    """Sends single requests to one engine. Connects at the first one; a connection that failed is tried again at the
    next, and one whose engine speaks another version now is made anew."""

    def __init__(self, address: EngineAddress, gate: Gate) -> None:
        self._address = address
        self._gate = gate
        self._link: Link | None = None
        self._made_of: tuple[Any, ...] = ()
        self._retired: list[Link] = []
        self._lock = asyncio.Lock()

    async def send(
        self,
        attempt: Attempt,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        most_bytes: int,
    ) -> tuple[int, bytes]:
        """Status and content of one answer. Raises what aiohttp raises, ForbiddenCall, TooLarge or TooOld."""
        link = await self.connected()
        async with link.request(attempt, method, link.url_of(path), query, body) as answer:
            return answer.status, await bounded(answer, most_bytes)

    @asynccontextmanager
    async def stream(self, path: str, query: Mapping[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer that does not end. Raises like `send`."""
        link = await self.connected()
        async with link.request(Attempt(), "GET", link.url_of(path), query, None) as answer:
            yield answer

    async def connected(self) -> Link:
        """The connections, whose engine has told its version. Certificates that were changed since are read again."""
        files = self._address.tls_files
        async with self._lock:
            made_of = await asyncio.to_thread(versions, files) if files else ()
            if self._link is None or made_of != self._made_of:
                link = await self._connect(files)
                self.forget_version()
                self._link, self._made_of = link, made_of
                while len(self._retired) > MOST_RETIRED:
                    await self._retired.pop(0).aclose()
            return self._link

    def forget_version(self) -> None:
        """The engine is another one now: ask it for its version at the next request. What is under way goes on."""
        if self._link is not None:
            self._retired.append(self._link)
            self._link = None

    async def aclose(self) -> None:
        """Close the connections."""
        async with self._lock:
            links = [*self._retired, *([self._link] if self._link else [])]
            self._retired, self._link = [], None
            for link in links:
                await link.aclose()

    async def _connect(self, files: tuple[str | None, ...]) -> Link:
        url = self._address.url
        if url.startswith("unix://"):
            path = url.removeprefix("unix://")
            link = Link("unix://localhost", lambda single: _unix(path, single), self._gate)
        else:
            context = await asyncio.to_thread(context_of, *files) if files else False
            scheme = "https://" if files else "http://"
            link = Link(url.replace("tcp://", scheme, 1), lambda single: _tcp(context, single), self._gate)
        try:
            await link.negotiate()
        except BaseException:
            await link.aclose()
            raise
        return link


async def bounded(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The whole content. Raises TooLarge."""
    content = bytearray()
    async for piece in answer.content.iter_any():
        content += piece
        if len(content) > most_bytes:
            raise TooLarge(f"the answer is larger than {most_bytes / 1024**2:g} MiB")
    return bytes(content)


async def _note_sent(_session: aiohttp.ClientSession, context: SimpleNamespace, _about: object) -> None:
    attempt = context.trace_request_ctx
    if isinstance(attempt, Attempt):
        attempt.sent = True


def _unix(path: str, single: bool) -> aiohttp.BaseConnector:
    return aiohttp.UnixConnector(path, limit=MOST_CONNECTIONS, force_close=single)


def _tcp(trusted: Any, single: bool) -> aiohttp.BaseConnector:
    return aiohttp.TCPConnector(limit=MOST_CONNECTIONS, force_close=single, ssl=trusted)


def _versions(told: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """The newest and the oldest that the engine speaks. Raises ValueError for an answer that does not tell."""
    try:
        newest, oldest = (_version(told[name]) for name in ("ApiVersion", "MinAPIVersion"))
    except (KeyError, TypeError):
        raise ValueError("no version of the API") from None
    return newest, oldest


def _version(told: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,4})", told)
    if found is None:
        raise ValueError("no version of the API")
    return int(found[1]), int(found[2])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
