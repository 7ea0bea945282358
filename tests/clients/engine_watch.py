"""Watching an engine's events in a test: a clock that is moved by hand, and an ear that can be waited for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from controller.clients.docker import Engine, EngineBounds
from controller.clients.docker_events import EngineEvents, EventBounds
from controller.clients.docker_record import EngineEvent
from controller.clients.docker_transport import EngineAddress
from tests.clients.raw_engine import RawEngine

PATIENT = EventBounds(answer_seconds=60.0)
"""However busy the machine is."""

HASTY = EventBounds(answer_seconds=0.1)
"""While nothing answers."""


class Hand:
    """A clock that the test moves by hand, from the fake engine's time on; who sleeps wakes when it is due."""

    def __init__(self, fake: RawEngine) -> None:
        self._fake = fake
        self._ahead = timedelta()
        self._moved = asyncio.Condition()
        self.sleeping = 0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._fake.now, UTC) + self._ahead

    async def sleep(self, seconds: float) -> None:
        until = self.now() + timedelta(seconds=seconds)
        self.sleeping += 1
        try:
            async with self._moved:
                await self._moved.wait_for(lambda: self.now() >= until)
        finally:
            self.sleeping -= 1

    def new_id(self, prefix: str) -> str:
        return prefix

    async def moves(self, seconds: float) -> None:
        """Engine and daemon grow older together."""
        self._fake.now += seconds
        async with self._moved:
            self._moved.notify_all()

    def is_ahead(self, seconds: float) -> None:
        """Of the engine's clock."""
        self._ahead = timedelta(seconds=seconds)


class Ear:
    """Hears of every change, and can be waited for."""

    def __init__(self, engine: Engine) -> None:
        self.heard: list[str] = []
        self._news = asyncio.Event()
        self.end = engine.events.on_change(self._hear)

    def _hear(self, event: EngineEvent) -> None:
        self.heard.append(f"{event.action} {event.detail} {event.attributes['name']}".replace("  ", " "))
        self._news.set()

    async def hears(self, count: int) -> list[str]:
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()
        return self.heard


def watched(fake: RawEngine, hand: Hand) -> Engine:
    """A client that lives by the clock of this hand."""
    engine = Engine(EngineAddress(fake.url), hand, EngineBounds(attempts=1))
    engine.events = EngineEvents(engine._transport, hand, PATIENT)
    return engine


@contextmanager
def hurried(engine: Engine) -> Iterator[None]:
    """The client gives the stream up very soon, for as long as the context lasts."""
    engine.events._bounds = HASTY
    yield
    engine.events._bounds = PATIENT


async def comes_back(fake: RawEngine, hand: Hand) -> None:
    """Let time pass, whenever somebody waits for it, until somebody listens to the engine again."""
    async with asyncio.timeout(60):
        while not fake.listening:
            if hand.sleeping:
                await hand.moves(1.0)
            await asyncio.sleep(0.002)
