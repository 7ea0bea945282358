"""What engines told once and for all, and what a registry said lately; one memory per process."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from controller.clients.docker_transport import EngineAddress
from controller.domain.ports import Clock
from controller.platforms.docker.container import Born

MOST_REMEMBERED = 20_000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """Of one image, by its id. labelled_at: its own word for its birth. made_at: the engine's. digests: of its
    manifests in registries."""

    id: str
    labelled_at: datetime | None
    made_at: datetime | None
    digests: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Digest:
    """What a registry said a reference is. value: None when it could not be told, for `gap`'s reason."""

    value: str | None
    asked_at: datetime
    gap: str = ""


class FactCache:
    """The memory. Keys begin with the engine that told."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.born: dict[tuple[EngineAddress, str], Born] = {}
        self.images: dict[tuple[EngineAddress, str], ImageFacts] = {}
        self.labels: dict[tuple[EngineAddress, str], tuple[str, Mapping[str, str]]] = {}
        self.digests: dict[tuple[EngineAddress, str], Digest] = {}

    def lately(self, digest: Digest | None, within: timedelta) -> bool:
        """Whether that was asked not longer ago than this."""
        return digest is not None and self.clock.now() - digest.asked_at < within

    async def aclose(self) -> None:
        """There is nothing to close."""


def remember(memory: dict[K, V], key: K, value: V) -> V:
    """Keep it; the oldest goes when there are too many."""
    memory[key] = value
    while len(memory) > MOST_REMEMBERED:
        del memory[next(iter(memory))]
    return value
