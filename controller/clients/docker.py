"""The one way to a Docker engine: what may be called, for how long, and how much may come back.

Reads are tried again a few times here; mutations never are: the journal knows what was intended, and asks. Operations
bear the names of the Engine API (https://docs.docker.com/reference/api/engine/).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from controller.clients.docker_calls import MUTATIONS, READS, demand, refuse_unlisted
from controller.clients.docker_errors import TooLarge, TooOld, is_about_versions, of_failure, of_pull, of_status
from controller.clients.docker_events import EngineEvents
from controller.clients.docker_guard import GUARDED, container_of, refuse_mending
from controller.clients.docker_transport import Attempt, EngineAddress, Transport
from controller.domain.errors import Transient
from controller.domain.laps import lap
from controller.domain.ports import Clock

Document = Mapping[str, Any]
T = TypeVar("T")

PARSED_ASIDE_BYTES = 256 * 1024
"""Larger answers are parsed in a thread: a megabyte of JSON takes the loop's time for 10 ms."""


@dataclass(frozen=True, slots=True)
class EngineBounds:
    """How long, how often, how much. read_seconds, mutation_seconds: for one call as a whole, retries included; pulling
    an image has pull_seconds, and stopping a container its own time to end besides. attempts: of a read.
    answer_bytes: of one answer."""

    read_seconds: float = 15.0
    answer_seconds: float = 6.0
    mutation_seconds: float = 30.0
    pull_seconds: float = 240.0
    attempts: int = 3
    answer_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One call, as it is made. most_bytes: of its answer, where that is fewer than of any."""

    operation: str
    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Document | None = None
    most_bytes: int | None = None

    @property
    def call(self) -> str:
        """Its name in journals and messages."""
        return f"docker.{self.operation}"

    @property
    def mutates(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"


class Engines:
    """Connections to every engine, made at first use and shared. Close with `aclose`."""

    def __init__(self, clock: Clock, bounds: EngineBounds = EngineBounds()) -> None:
        self.clock = clock
        self.bounds = bounds
        self._engines: dict[EngineAddress, Engine] = {}

    def at(self, address: EngineAddress) -> "Engine":
        """The engine of this address; nothing is connected yet."""
        return self._engines.setdefault(address, Engine(address, self.clock, self.bounds))

    async def aclose(self) -> None:
        """Close every connection."""
        engines, self._engines = list(self._engines.values()), {}
        await asyncio.gather(*(engine.aclose() for engine in engines))


class Engine:
    """One engine. All methods raise PlatformError, with `perhaps` where a mutation may have happened.

    events: what it tells by itself, of which a stream is kept open from the first use on.
    """

    def __init__(self, address: EngineAddress, clock: Clock, bounds: EngineBounds = EngineBounds()) -> None:
        self.address = address
        self._clock = clock
        self._bounds = bounds
        self._transport = Transport(address, refuse_unlisted)
        self.events = EngineEvents(self._transport, clock)

    @property
    def clock(self) -> Clock:
        """The clock it waits by."""
        return self._clock

    async def read(self, operation: str, path: str, **query: Any) -> Any:
        """The JSON that one of READS answers with. query: its parameters; mappings and lists are sent as JSON.

        Raises ForbiddenCall for anything else, and PlatformError after the last attempt.
        """
        demand(READS, operation, "GET", path)
        return await self._reading(Request(operation, "GET", path, query), _document)

    async def read_bytes(self, operation: str, path: str, most_bytes: int | None = None, **query: Any) -> bytes:
        """The same, as it came: of logs. most_bytes: fewer than any answer may have."""
        demand(READS, operation, "GET", path)
        return await self._reading(Request(operation, "GET", path, query, most_bytes=most_bytes), _as_it_came)

    async def mutate(
        self,
        operation: str,
        path: str,
        *,
        method: str = "POST",
        body: Document | None = None,
        seconds: float = 0.0,
        **query: Any,
    ) -> Any:
        """Make one of MUTATIONS, once; its answer. seconds: that it may take beyond the usual, such as the `t` that a
        container has to stop. A flag that is False is the engine's default and is not sent.

        Raises ForbiddenCall for anything else, Permanent with code `mending` for what may not be done to this container
        (see docker_guard), and PlatformError, with `perhaps` when it may have happened.
        """
        query = {name: value for name, value in query.items() if value is not False}
        demand(MUTATIONS, operation, method, path, query)
        if operation in GUARDED:
            about = container_of(operation, path, body)
            refuse_mending(operation, await self.read("ContainerInspect", f"/containers/{about}/json"))
        most = self._bounds.mutation_seconds + seconds
        self.events.expect(operation, container_of(operation, path, body), most)
        return await self._within(most, Request(operation, method, path, query, body), _document)

    async def pull(self, reference: str) -> None:
        """Fetch one image, and wait until it is there. reference: `[HOST/]NAME[:TAG][@DIGEST]`; the tag is `latest`
        where neither is said, because the engine would fetch every tag there is."""
        name = reference.rpartition("/")[2]
        query = {"fromImage": reference} if ":" in name or "@" in name else {"fromImage": reference, "tag": "latest"}
        demand(MUTATIONS, "ImageCreate", "POST", "/images/create", query)
        pulling = Request("ImageCreate", "POST", "/images/create", query)
        # The answer is a row of JSON objects, with status 200 also where the registry refused.
        for told in await self._within(self._bounds.pull_seconds, pulling, _rows):
            if "error" in told:
                raise of_pull("docker.ImageCreate", str(told["error"]))

    async def aclose(self) -> None:
        """Close its connections, and the stream of its events."""
        await self.events.aclose()
        await self._transport.aclose()

    async def _reading(self, request: Request, parse: Callable[[bytes], Awaitable[T]]) -> T:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            stop=stop_after_attempt(self._bounds.attempts),
            wait=wait_exponential(multiplier=0.1, max=1.0) + wait_random(0, 0.2),
            sleep=self._clock.sleep,
            reraise=True,
        )
        once = partial(self._within, self._bounds.answer_seconds, request, parse)
        try:
            async with asyncio.timeout(self._bounds.read_seconds):
                return await retrying(once)
        except TimeoutError as error:
            raise of_failure(error, request.call, perhaps=False) from None

    async def _within(self, seconds: float, request: Request, parse: Callable[[bytes], Awaitable[T]]) -> T:
        """One request, its answer parsed; nothing that goes wrong leaves untranslated."""
        attempt = Attempt()
        with lap(self._clock, request.call, is_call=True):
            try:
                async with asyncio.timeout(seconds):
                    return await parse(await self._once(attempt, request))
            except (aiohttp.ClientError, OSError, TimeoutError, TooLarge, TooOld, ValueError, RecursionError) as error:
                raise of_failure(error, request.call, perhaps=attempt.sent and request.mutates) from None

    async def _once(self, attempt: Attempt, request: Request) -> bytes:
        most = self._bounds.answer_bytes if request.most_bytes is None else request.most_bytes
        status, content = await self._transport.send(
            attempt, request.method, request.path, request.query, request.body, most
        )
        if 200 <= status < 300 or (status == 304 and request.mutates):  # 304: it is so already
            return content
        words = _words(content)
        if is_about_versions(words):
            self._transport.forget_version()
        raise of_status(status, request.call, words, mutation=request.mutates)


async def _as_it_came(content: bytes) -> bytes:
    return content


async def _document(content: bytes) -> Any:
    """The JSON of an answer; None for an empty one."""
    if len(content) > PARSED_ASIDE_BYTES:
        return await asyncio.to_thread(json.loads, content)
    return json.loads(content) if content else None


async def _rows(content: bytes) -> list[Document]:
    """The JSON objects of an answer, one a line."""
    rows = [json.loads(line) for line in content.splitlines() if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("no rows of JSON objects")
    return rows


def _words(content: bytes) -> str:
    """The engine's own words: its errors are `{"message": ...}`. Others' pages in HTML have none."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        text = content[:300].decode(errors="replace").strip()
        return "" if text.startswith("<") else text
    return str(told.get("message", "")) if isinstance(told, dict) else ""
