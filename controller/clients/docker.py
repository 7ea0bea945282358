"""The one way to a Docker engine: what may be called, for how long, and how much may come back.

Reads are tried again a few times here; mutations never are: the journal knows what was intended, and asks. Operations
bear the names of the Engine API (https://docs.docker.com/reference/api/engine/).
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from controller.clients.docker_calls import MUTATIONS, READS, demand, refuse_unlisted
from controller.clients.docker_errors import TooLarge, of_failure, of_status
from controller.clients.docker_transport import EngineAddress, Transport
from controller.domain.errors import PlatformError, Transient
from controller.domain.laps import lap
from controller.domain.ports import Clock

Document = Mapping[str, Any]


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
        for engine in engines:
            await engine.aclose()


class Engine:
    """One engine. All methods raise PlatformError, with `perhaps` where a mutation may have happened."""

    def __init__(self, address: EngineAddress, clock: Clock, bounds: EngineBounds = EngineBounds()) -> None:
        self.address = address
        self._clock = clock
        self._bounds = bounds
        self._transport = Transport(address, refuse_unlisted)

    @property
    def clock(self) -> Clock:
        """The clock it waits by."""
        return self._clock

    async def read(self, operation: str, path: str, **query: Any) -> Any:
        """The JSON that one of READS answers with. query: its parameters; mappings and lists are sent as JSON.

        Raises ForbiddenCall for anything else, and PlatformError after the last attempt.
        """
        demand(READS, operation, "GET", path)
        return json.loads(await self._reading(operation, path, query) or b"null")

    async def read_bytes(self, operation: str, path: str, **query: Any) -> bytes:
        """The same, as it came: of logs."""
        demand(READS, operation, "GET", path)
        return await self._reading(operation, path, query)

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
        """Make one of MUTATIONS, once; its answer. seconds: that it may take beyond the usual.

        Raises ForbiddenCall for anything else, and PlatformError, with `perhaps` when it may have happened.
        """
        demand(MUTATIONS, operation, method, path)
        content = await self._within(
            self._bounds.mutation_seconds + seconds, operation, method, path, query, body, mutation=True
        )
        return json.loads(content) if content else None

    async def pull(self, reference: str) -> None:
        """Fetch an image, and wait until it is there."""
        demand(MUTATIONS, "ImageCreate", "POST", "/images/create")
        query = {"fromImage": reference}
        content = await self._within(
            self._bounds.pull_seconds, "ImageCreate", "POST", "/images/create", query, None, mutation=True
        )
        # The answer is a row of JSON objects, with status 200 also where the registry refused.
        for line in content.splitlines():
            told = json.loads(line)
            if "error" in told:
                raise of_status(502, "docker.ImageCreate", str(told["error"]), mutation=False)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._transport.aclose()

    async def _reading(self, operation: str, path: str, query: Mapping[str, Any]) -> bytes:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            stop=stop_after_attempt(self._bounds.attempts),
            wait=wait_exponential(multiplier=0.1, max=1.0) + wait_random(0, 0.2),
            sleep=self._clock.sleep,
            reraise=True,
        )
        once = partial(self._within, self._bounds.answer_seconds, operation, "GET", path, query, None, mutation=False)
        try:
            async with asyncio.timeout(self._bounds.read_seconds):
                return await retrying(once)
        except TimeoutError as error:
            raise of_failure(error, f"docker.{operation}", mutation=False) from None

    async def _within(
        self,
        seconds: float,
        operation: str,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Document | None,
        *,
        mutation: bool,
    ) -> bytes:
        call = f"docker.{operation}"
        with lap(self._clock, call, is_call=True):
            try:
                async with asyncio.timeout(seconds):
                    return await self._once(call, method, path, query, body, mutation=mutation)
            except PlatformError:
                raise
            except (aiohttp.ClientError, OSError, TimeoutError, TooLarge, ValueError) as error:
                raise of_failure(error, call, mutation=mutation) from None

    async def _once(
        self, call: str, method: str, path: str, query: Mapping[str, Any], body: Document | None, *, mutation: bool
    ) -> bytes:
        status, content = await self._transport.send(method, path, query, body, self._bounds.answer_bytes)
        if status >= 300 and not (status == 304 and mutation):  # 304: it is so already
            raise of_status(status, call, _words(content), mutation=mutation)
        return content


def _words(content: bytes) -> str:
    """The engine's own words: its errors are `{"message": ...}`."""
    try:
        told = json.loads(content)
    except ValueError:
        return content[:300].decode(errors="replace")
    return str(told.get("message", "")) if isinstance(told, dict) else ""
