"""Asking a server itself: one GET on a connection of its own, no redirect followed, no body read, no retry."""

import asyncio
import errno
import ssl
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from controller.clients.http_tls import context_of, versions
from controller.domain.ports import Clock

AT_ONCE = 64
"""Connections in the air, to all servers together."""

BUSY = 1.5
"""A wait that lasts longer than this times what was allowed shows that it was not the server who was late."""

REFUSED = frozenset({errno.ECONNREFUSED})
CLOSED = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})
UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ETIMEDOUT})


@dataclass(frozen=True, slots=True)
class TlsCheck:
    """verify: whether the certificate has to be trusted, and be one for server_name. ca_file: by whom, in place of the
    system's authorities."""

    verify: bool = True
    ca_file: str | None = None
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. address: an IP address. host: the Host header, where it is not the address."""

    address: str
    port: int
    path: str
    timeout_seconds: float
    host: str | None = None
    tls: TlsCheck | None = None

    @property
    def url(self) -> str:
        """Where to, as a person would write it."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class Heard:
    """What came. status: of HTTP; None without an answer. seconds: until the status and all headers were there.

    failure: why there is no answer: refused | timeout | closed | unreachable | no TLS | no HTTP. ours: a sentence,
    where the reason is on our side and says nothing about the server.
    """

    status: int | None = None
    seconds: float = 0.0
    failure: str = ""
    ours: str = ""


class HttpChecks:
    """Asks servers. Close with `aclose`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._room = asyncio.Semaphore(AT_ONCE)
        self._session: aiohttp.ClientSession | None = None
        self._contexts: dict[tuple[Any, ...], ssl.SSLContext] = {}

    async def ask(self, ask: Ask) -> Heard:
        """What one server answers. Raises Permanent where a file of authorities cannot be used, and nothing else."""
        context = await self._context(ask.tls)
        async with self._room:
            began_at = self.clock.now()
            try:
                async with asyncio.timeout(ask.timeout_seconds):
                    status = await self._status(ask, context)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                late = self._since(began_at) > ask.timeout_seconds * BUSY
                return Heard(ours="this process was too busy to hear it in time") if late else _failed(error)
            return Heard(status, self._since(began_at))

    def _since(self, began_at: datetime) -> float:
        return max(0.0, (self.clock.now() - began_at).total_seconds())

    async def aclose(self) -> None:
        """Close what is open."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _status(self, ask: Ask, context: ssl.SSLContext | None) -> int:
        headers = {"Host": ask.host} if ask.host else {}
        name = ask.tls.server_name or ask.host if ask.tls else None
        response = await self._open().get(
            ask.url, headers=headers, allow_redirects=False, ssl=context or False, server_hostname=name
        )
        response.close()  # whatever body follows is not waited for
        return response.status

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=AT_ONCE, force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"User-Agent": "repave", "Accept": "*/*"},
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session

    async def _context(self, tls: TlsCheck | None) -> ssl.SSLContext | None:
        """For these certificates; a file that was changed since is read again."""
        if tls is None:
            return None
        key = (tls.verify, await asyncio.to_thread(versions, (tls.ca_file,)))
        if key not in self._contexts:
            context = await asyncio.to_thread(context_of, tls.ca_file, None, None)
            if not tls.verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._contexts[key] = context
        return self._contexts[key]


def _failed(error: Exception) -> Heard:
    """A connector's error is an OSError too, with the number of what lies beneath; TLS comes first, as it has none."""
    match error:
        case TimeoutError():
            return Heard(failure="timeout")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return Heard(failure="no TLS")
        case aiohttp.ServerDisconnectedError():
            return Heard(failure="closed")
        case OSError() if error.errno in REFUSED:
            return Heard(failure="refused")
        case OSError() if error.errno in UNREACHABLE:
            return Heard(failure="unreachable")
        case OSError() if error.errno in CLOSED:
            return Heard(failure="closed")
        case OSError():
            return Heard(ours=f"it could not be asked from here (error {error.errno or type(error).__name__})")
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return Heard(failure="no HTTP")
        case _:
            return Heard(ours=f"it could not be asked ({type(error).__name__})")
