"""Servers side by side on loopback addresses, all at one port, that answer or do not as they are told."""

import asyncio
import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HANG = b""


def status(code: int, *headers: str, body: bytes = b"") -> bytes:
    lines = "".join(f"{line}\r\n" for line in (*headers, f"Content-Length: {len(body)}"))
    return f"HTTP/1.1 {code} Whatever\r\n{lines}\r\n".encode() + body


@dataclass
class Street:
    """opens: at 127.0.0.NUMBER, a server that sends these bytes and closes; HANG: sends nothing and keeps the line.
    heard: what each was sent. most_at_once: connections that were open together."""

    tls: ssl.SSLContext | None = None
    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0
    _servers: list[asyncio.Server] = field(default_factory=list)

    async def opens(self, number: int, says: bytes = OK, *, keeps: bool = False) -> str:
        """The address. keeps: sends what it says, and keeps the line open then."""

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            try:
                self.heard.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(says)
                await writer.drain()
                if keeps or says == HANG:
                    await reader.read()  # until the other side leaves
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                self._now -= 1
                writer.close()

        address = f"127.0.0.{number}"
        server = await asyncio.start_server(answer, address, self.port, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self._servers.append(server)
        return address

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()
