"""The one way to HAProxy: its runtime API, over a unix socket or TCP; what may be said, for how long, how much.

Each look and each command has a connection of its own, which HAProxy closes after the answer. Reads are tried again a
few times here; mutations never are: the journal knows what was intended, and asks.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from controller.clients.haproxy_calls import MUTATIONS, READS, demand, meaning, refusal, refuse_unlisted
from controller.clients.haproxy_rows import ServerRow, rows_of
from controller.domain.errors import Permanent, PlatformError, Transient
from controller.domain.laps import lap
from controller.domain.ports import Clock

ADDRESS = r"(/[^\s;]+|[A-Za-z0-9.-]+:\d{1,5}|\[[0-9A-Fa-f:.]+\]:\d{1,5})"
"""PATH or HOST:PORT."""


@dataclass(frozen=True, slots=True)
class RuntimeBounds:
    """How long, how often, how much. answer_seconds, answer_bytes: of one answer. attempts: of a read."""

    answer_seconds: float = 4.0
    attempts: int = 3
    answer_bytes: int = 4 * 1024 * 1024


class Haproxies:
    """Every HAProxy that is spoken to, by its address."""

    def __init__(self, clock: Clock, bounds: RuntimeBounds = RuntimeBounds()) -> None:
        self._clock = clock
        self._bounds = bounds

    def at(self, address: str) -> "RuntimeApi":
        """The runtime API at this address; nothing is connected yet."""
        return RuntimeApi(address, self._clock, self._bounds)

    async def aclose(self) -> None:
        """Nothing is kept open."""


class RuntimeApi:
    """The runtime API of one HAProxy. All methods raise PlatformError, with `perhaps` where a mutation may have
    happened, and ForbiddenCall for a command that is not listed."""

    def __init__(self, address: str, clock: Clock, bounds: RuntimeBounds = RuntimeBounds()) -> None:
        self.address = address
        self._clock = clock
        self._bounds = bounds

    async def servers(self, backend: str) -> tuple[ServerRow, ...]:
        """The servers of a backend. Both tables come over one connection, and so from one process: while HAProxy
        reloads, two listen."""
        rows, hidden = await self._tables(backend, backend)
        if hidden:  # `show stat` by name tells of a frontend, where one bears the backend's name
            rows, _ = await self._tables(backend, "-1")
        return rows

    async def _tables(self, backend: str, of: str) -> tuple[tuple[ServerRow, ...], bool]:
        """The servers, and whether there are some of which `show stat` of that proxy (-1: of all) says nothing."""
        commands = (f"show servers state {backend}", f"show stat {of} 4 -1")
        for operation, command in zip(("ShowServersState", "ShowStat"), commands, strict=True):
            demand(READS, operation, command)
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            stop=stop_after_attempt(self._bounds.attempts),
            wait=wait_exponential(multiplier=0.05, max=1.0) + wait_random(0, 0.1),
            sleep=self._clock.sleep,
            reraise=True,
        )
        return await retrying(partial(self._servers, backend, commands))

    async def mutate(self, operation: str, command: str) -> None:
        """Give one of MUTATIONS, once."""
        demand(MUTATIONS, operation, command)
        answer = await self._within(f"haproxy.{operation}", (command,), mutation=True)
        problem = refusal(operation, answer)
        if problem is not None:
            raise problem

    async def _servers(self, backend: str, commands: Sequence[str]) -> tuple[tuple[ServerRow, ...], bool]:
        call = "haproxy.ShowServersState"
        answer = await self._within(call, commands, mutation=False)
        states, _, stats = answer.partition("\n\n")
        if not re.match(r"\d+\n#", states):
            raise meaning("ShowServersState", states)
        if not stats.endswith("\n\n"):
            raise Transient(f"{call}: the answer is cut short", call=call, code="truncated")
        try:
            rows = rows_of(states, stats.strip(), backend)
            return rows, not rows and len(states.splitlines()) > 2
        except (ValueError, KeyError) as error:
            raise Permanent(f"{call}: the answer cannot be read: {error}", call=call, code="unreadable") from None

    async def _within(self, call: str, commands: Sequence[str], *, mutation: bool) -> str:
        with lap(self._clock, call, is_call=True):
            try:
                async with asyncio.timeout(self._bounds.answer_seconds):
                    reader, writer = await self._connected(call)
                    try:
                        return await self._exchange(call, reader, writer, commands, mutation=mutation)
                    finally:
                        writer.close()
            except TimeoutError:
                message = f"{call}: HAProxy gave no answer in time"
                raise Transient(message, call=call, code="timeout", perhaps=mutation) from None

    async def _connected(self, call: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            if self.address.startswith("/"):
                return await asyncio.open_unix_connection(self.address)
            host, _, port = self.address.rpartition(":")
            return await asyncio.open_connection(host.strip("[]"), int(port))
        except OSError as error:
            message = f"{call}: no connection to HAProxy at {self.address}: {error.strerror or type(error).__name__}"
            raise Transient(message, call=call, code="connection") from None

    async def _exchange(
        self,
        call: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        commands: Sequence[str],
        *,
        mutation: bool,
    ) -> str:
        for command in commands:
            refuse_unlisted(command)
        try:
            writer.write((";".join(commands) + "\n").encode("ascii"))
            await writer.drain()
            content = bytearray()
            while piece := await reader.read(65536):
                content += piece
                if len(content) > self._bounds.answer_bytes:
                    raise _broken(call, "too_large", "the answer is too large", mutation=mutation)
            text = content.decode("utf-8", errors="replace")
        except OSError:
            what = "the connection broke before the answer was complete"
            raise _broken(call, "connection", what, mutation=mutation) from None
        if not text.endswith("\n"):
            what = "HAProxy gave no answer" if not text else "the answer is cut short"
            raise _broken(call, "truncated", what, mutation=mutation)
        return text


def _broken(call: str, code: str, what: str, *, mutation: bool) -> PlatformError:
    return Transient(f"{call}: {what}", call=call, code=code, perhaps=mutation)
