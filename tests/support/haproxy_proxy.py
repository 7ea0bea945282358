"""A proxy on a unix socket of its own, in front of HAProxy's runtime socket: it names, logs, holds and strikes."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path

from tests.support.wiretap import Answer, Cut, Proxy, Request, Wiretap

READS = ("show", "get", "help", "prompt", "quit")
WELL = re.compile(r"|New server registered\.|Server deleted\.|.* by 'stats socket command'")
"""What HAProxy 2.6 answers to a change that it has made; everything else is why it has not."""


def operation(command: str) -> str:
    """A command by its first words: AddServer, SetServer, EnableHealth, DeleteServer; of reads, Show."""
    words = {"del": "Delete"}
    named = [words.get(word, word.capitalize()) for word in command.split()[:2]]
    return named[0] if command.split(maxsplit=1)[0] in READS else "".join(named)


class HaproxyProxy(Proxy):
    """What stands in front of one runtime socket. One connection carries one line, as HAProxy's own default is."""

    def __init__(self, tap: Wiretap, socket: Path, behind: Path) -> None:
        super().__init__(tap, socket, behind)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._serve, str(self.socket))

    async def aclose(self) -> None:
        """Stop, and let what is held go nowhere."""
        await super().aclose()
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._one(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = self.askers.key(writer.get_extra_info("socket"))
        try:
            line = await reader.readline()
            commands = [part.strip() for part in line.decode().split(";") if part.strip()]
            if commands:
                answer = await self._asked(key, line, commands)
                writer.write(answer.content)
                await writer.drain()
        except Cut:
            writer.transport.abort()
        except (ConnectionError, OSError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError, OSError):
                await writer.wait_closed()

    async def _asked(self, key: str, line: bytes, commands: list[str]) -> Answer:
        told = [command for command in commands if command.split()[0] not in READS]
        action = "+".join(operation(command) for command in told or commands)
        request = Request("haproxy", action, key, bool(told), path=" ".join((told or commands)[0].split()[2:3]))
        request.body = "; ".join(told or commands)

        async def ask() -> Answer:
            try:
                content = await ask_haproxy(self.behind, line)
            except OSError as error:
                request.error = f"HAProxy: {error}"
                raise Cut from None
            words = content.decode(errors="replace").strip()
            well = all(WELL.fullmatch(part.strip()) for part in words.splitlines())
            return Answer(200, content, well, None if well or not told else words)

        answer = await self.tap.passes(request, ask)
        return answer if answer.status == 200 else Answer(answer.status, f"{answer.error}\n\n".encode())


async def ask_haproxy(socket: Path, line: bytes) -> bytes:
    """What HAProxy answers to one line, whole."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        writer.write(line if line.endswith(b"\n") else line + b"\n")
        await writer.drain()
        return await reader.read()
    finally:
        writer.close()
        with suppress(ConnectionError, OSError):
            await writer.wait_closed()
