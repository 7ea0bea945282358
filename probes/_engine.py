"""Containers, each asked about at the engine that its group names: what the probes of Docker engines share.

A container that its engine does not know, or cannot tell about, is unknown with the reason; an answer that makes no
sense is no evidence. Only where nothing at all could be read is the source itself the fault.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from controller.clients.docker import Engine, Engines
from controller.clients.docker_looks import EngineLooks
from controller.clients.docker_transport import EngineAddress
from controller.domain.errors import Gone, PlatformError
from controller.domain.model import Instance, Signal, Unknown
from controller.domain.ports import ProbeRequest, Resources

AT_ONCE = 8
"""Questions in the air to all engines of a fleet together; more does not make an engine faster."""

SENSELESS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading an answer trips over that is shaped as no engine's is."""


@dataclass(frozen=True, slots=True)
class Container:
    """One container, its engine, and the moment that it is asked about."""

    id: str
    engine: Engine
    at: datetime
    looks: EngineLooks

    async def inspect(self) -> Mapping[str, Any]:
        """What the engine knows of it."""
        return mapping(await self._read("ContainerInspect", "json", {}))

    async def stats(self) -> Mapping[str, Any]:
        """One measurement of what it uses. An engine that does not know `one-shot` (before API 1.41) makes two."""
        return mapping(await self._read("ContainerStats", "stats", {"stream": False, "one-shot": True}))

    async def changes(self) -> object:
        """What differs from its image: null, or a list."""
        return await self._read("ContainerChanges", "changes", {})

    async def logs(self, since: datetime, most_lines: int, most_bytes: int) -> bytes:
        """Its newest lines of both streams, each after its time. Raises Permanent (`too_large`) where it is more."""
        span = {"since": f"{since.timestamp():.6f}", "until": f"{self.at.timestamp():.6f}", "tail": most_lines}
        wanted = {"stdout": True, "stderr": True, "timestamps": True}
        path = f"/containers/{self.id}/logs"
        return await self.engine.read_bytes("ContainerLogs", path, most_bytes, **span, **wanted)

    async def host(self) -> Mapping[str, Any]:
        """What its engine says of itself."""
        return mapping(await self.looks.read(self.engine, self.at, "SystemInfo", "/info", {}))

    def later(self, seconds: float) -> "Container":
        """The same container, at a later moment."""
        return replace(self, at=self.at + timedelta(seconds=seconds))

    async def _read(self, operation: str, part: str, query: Mapping[str, Any]) -> Any:
        return await self.looks.read(self.engine, self.at, operation, f"/containers/{self.id}/{part}", query)


Look = Callable[[Container], Awaitable[Signal | Unknown]]


class Containers:
    """The containers of one fleet. platform: the options of its platform, which name the engines."""

    def __init__(self, platform: object, resources: Resources) -> None:
        self._engines = resources.get(Engines)
        self._looks = resources.get(EngineLooks)
        addresses: Iterable[EngineAddress] = getattr(platform, "addresses", ())
        self._addresses = {address.url: address for address in addresses}

    async def each(
        self, request: ProbeRequest, look: Look, query: str, at_once: int = AT_ONCE
    ) -> dict[str, Signal | Unknown]:
        """What `look` finds of each instance. query: what is asked, for those of whom nothing can be told.

        Raises PlatformError when every engine failed, for every container.
        """
        room = asyncio.Semaphore(at_once)

        async def one(instance: Instance) -> Signal | Unknown | PlatformError:
            address = self._addresses.get(instance.group)
            if address is None:
                return Unknown("it is no container of an engine that this fleet names", query)
            async with room:
                return await self._one(Container(instance.id, self._engines.at(address), request.at, self._looks), look)

        found = await asyncio.gather(*(one(instance) for instance in request.instances))
        failures = [answer for answer in found if isinstance(answer, PlatformError)]
        if failures and len(failures) == len(found):
            raise failures[0]
        answers = zip(request.instances, found, strict=True)
        return {
            instance.id: Unknown(str(answer), query) if isinstance(answer, PlatformError) else answer
            for instance, answer in answers
        }

    async def _one(self, container: Container, look: Look) -> Signal | Unknown | PlatformError:
        try:
            return await look(container)
        except Gone:
            return Unknown("the engine does not know it (any more)")
        except PlatformError as error:
            return error
        except SENSELESS as error:
            return Unknown(f"what the engine answers makes no sense ({type(error).__name__})")


def mapping(value: object) -> Mapping[str, Any]:
    """The value, which is a JSON object. Raises TypeError when it is none."""
    if not isinstance(value, Mapping):
        raise TypeError("no JSON object")
    return value


def part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object within an object; empty where it is absent or null."""
    return mapping(value.get(key) or {})


def number(value: object) -> float:
    """A number that is one. Raises TypeError or ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("no number")
    if not isfinite(value):
        raise ValueError("no finite number")
    return float(value)


def word(value: object) -> str:
    """A text that is one, on one line and short. Raises TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError("no text")
    return "".join(letter if letter.isprintable() else " " for letter in value)[:200].strip()
