"""How an engine is reached: a unix socket, or TCP with TLS. Every request passes one gate."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiodocker import Docker

from controller.clients.http_errors import TooLarge
from controller.clients.http_tls import context_of

Gate = Callable[[str, str], None]
"""Raises for a method and path that may not leave the process."""


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """Where an engine is, and what proves who asks. url: unix:///PATH or tcp://HOST:PORT (with TLS, where `ca_file` or
    a certificate is given)."""

    url: str
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None


class Transport(Docker):
    """Sends single requests; aiodocker knows the addresses and the version of the API. Connects at the first one."""

    def __init__(self, address: EngineAddress, gate: Gate) -> None:
        self._address = address
        self._gate = gate
        self._ready = False
        self._lock = asyncio.Lock()

    async def send(
        self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None, most_bytes: int
    ) -> tuple[int, bytes]:
        """Status and content of one answer. Raises what aiohttp raises, ForbiddenCall, or TooLarge."""
        await self._connect()
        async with self.session.request(
            method,
            self._canonicalize_url(path.removeprefix("/")),
            params={name: _text(value) for name, value in query.items()},
            json=body,
        ) as response:
            content = bytearray()
            async for piece in response.content.iter_any():
                content += piece
                if len(content) > most_bytes:
                    raise TooLarge(f"the answer is larger than {most_bytes / 1024**2:g} MiB")
            return response.status, bytes(content)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._ready:
            self._ready = False
            await self.session.close()

    async def _connect(self) -> None:
        async with self._lock:
            if self._ready:
                return
            where = self._address
            secure = where.url.startswith("tcp://") and (where.ca_file or where.client_cert)
            files = (where.ca_file, where.client_cert, where.client_key)
            context = await asyncio.to_thread(context_of, *files) if secure else None
            url = where.url.replace("tcp://", "https://", 1) if secure else where.url
            super().__init__(url, ssl_context=context)
            await self.session.close()
            self.session = aiohttp.ClientSession(
                connector=_connector(url, context),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=3.0),
                middlewares=(self._checked,),
            )
            self._ready = True
            async with self.session.get(self._canonicalize_url("version", versioned_api=False)) as response:
                self.api_version = f"v{(await response.json())['ApiVersion']}"

    async def _checked(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        self._gate(request.method, request.url.path)
        return await handler(request)


def _connector(url: str, context: Any) -> aiohttp.BaseConnector:
    if url.startswith("unix://"):
        return aiohttp.UnixConnector(url.removeprefix("unix://"), limit=16)
    return aiohttp.TCPConnector(limit=16, ssl=context or False)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
