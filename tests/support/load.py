"""A steady, bounded load: so many requests a second at their own times, whatever the answers do, and a log of each."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

MOST_REQUESTS = 200_000
MOST_OPEN = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request. at: when it was sent, in seconds since the epoch. status: 0 without an answer. server: who answered
    (the container's short id; empty when nobody said). error: what happened instead of an answer."""

    at: float
    seconds: float
    status: int
    server: str = ""
    error: str = ""

    @property
    def failed(self) -> bool:
        """No answer, or one that says that the server is at fault."""
        return self.status == 0 or self.status >= 500

    def __str__(self) -> str:
        answered = self.error or f"{self.status} from {self.server or 'nobody'}"
        return f"{time.strftime('%H:%M:%S', time.gmtime(self.at))}{self.at % 1:.3f} {answered} in {self.seconds:.3f} s"


@dataclass
class Log:
    """Every outcome, in the order of their ends."""

    outcomes: list[Outcome] = field(default_factory=list)

    def failures(self, apart: Iterable[str] = ()) -> list[Outcome]:
        """What failed, but for what these servers answered themselves."""
        excepted = set(apart)
        return [one for one in self.outcomes if one.failed and one.server not in excepted]

    def between(self, since: float, until: float) -> "Log":
        """What was sent in that time."""
        return Log([one for one in self.outcomes if since <= one.at < until])

    def servers(self) -> Counter[str]:
        """How many good answers each server gave."""
        return Counter(one.server for one in self.outcomes if not one.failed)

    def __str__(self) -> str:
        failed = self.failures()
        lines = [f"{len(self.outcomes)} requests, {len(failed)} failed", *(f"  {one}" for one in failed[:20])]
        return "\n".join(lines)


@asynccontextmanager
async def load(
    url: str, per_second: float, *, timeout_seconds: float = 5.0, most: int = MOST_REQUESTS
) -> AsyncIterator[Log]:
    """Requests to `url` for as long as the context lasts (at most `most` of them); its log, complete at the end."""
    log, ends = Log(), asyncio.Event()
    connector = TCPConnector(limit=MOST_OPEN)
    async with ClientSession(connector=connector, timeout=ClientTimeout(timeout_seconds)) as session:
        generator = asyncio.ensure_future(_generate(session, url, 1.0 / per_second, most, log, ends))
        try:
            yield log
        finally:
            ends.set()
            await generator


async def _generate(session: ClientSession, url: str, pause: float, most: int, log: Log, ends: asyncio.Event) -> None:
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(most):
            wait = began + number * pause - time.monotonic()
            if wait > 0:
                try:
                    async with asyncio.timeout(wait):
                        await ends.wait()
                except TimeoutError:
                    pass
            if ends.is_set():
                return
            group.create_task(_one(session, url, log))


async def _one(session: ClientSession, url: str, log: Log) -> None:
    at, began = time.time(), time.monotonic()
    status, server, error = 0, "", ""
    try:
        async with session.get(url) as response:
            server = response.headers.get("X-Served-By", "")
            await response.read()
            status = response.status
    except (ClientError, OSError, TimeoutError) as failure:
        error = repr(failure)
    log.outcomes.append(Outcome(at, time.monotonic() - began, status, server, error))
