"""The daemon's own telemetry, put together: traces of its looks, metrics of its calls, and New Relic's agent."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress

import structlog

from controller.app.beside import for_ever
from controller.app.custom_events import CustomEvents
from controller.app.narrate import NarratedJournal
from controller.app.telemetry import resource_attributes
from controller.app.watched import Watch
from controller.domain.ports import Clock
from controller.record.delivery import Delivery
from controller.record.destination import Destination
from controller.record.encode import resource_of
from controller.record.memory_outbox import MemoryOutbox
from controller.record.metrics import Metrics
from controller.record.newrelic import Agent
from controller.record.state import State

STATE_SECONDS = 30.0
LAST_SPANS_SECONDS = 2.0
AGENT_SECONDS = 2.0

log = structlog.get_logger("repave")


class SelfWatch:
    """Everything that watches the daemon itself. None of it is needed to act, and none of it can stop a look."""

    def __init__(
        self, clock: Clock, environment: Mapping[str, str], destination: Destination | None, agent: Agent | None
    ) -> None:
        self._clock = clock
        self._resource = resource_of(resource_attributes(environment))
        self._agent = agent
        self._spans = MemoryOutbox() if destination else None
        self._delivery: Delivery | None = None
        self._delivering: asyncio.Task[None] | None = None
        self._reporting: asyncio.Task[None] | None = None
        if destination is not None and self._spans is not None:
            self._delivery = Delivery(self._spans, clock, destination, quiet=True)

    @classmethod
    def start(cls, environment: Mapping[str, str], clock: Clock, destination: Destination | None) -> "SelfWatch":
        """Begin, with New Relic's agent where its key is set. Raises ConfigError when that agent is set up wrong."""
        watch = cls(clock, environment, destination, Agent.start(environment))
        if watch._delivery is not None:
            watch._delivering = asyncio.create_task(for_ever(watch._delivery.run, clock), name="delivery of looks")
        return watch

    def over(self, metrics: Metrics, owner: str, journal: NarratedJournal) -> Watch:
        """What stands beside each fleet's loop; the journal tells the agent what was done."""
        if self._agent is not None:
            journal.tell(CustomEvents(self._agent))
        return Watch(owner, self._clock, metrics.lapped, metrics.came_out, self._spans, self._agent, self._resource)

    def report(self, read: Callable[[], Awaitable[Iterable[State]]]) -> None:
        """From now on, tell the agent how everything stands, twice a minute. Without an agent nothing is read."""
        if self._agent is not None:
            self._reporting = asyncio.create_task(self._report(self._agent, read), name="report of the state")

    async def _report(self, agent: Agent, read: Callable[[], Awaitable[Iterable[State]]]) -> None:
        while True:
            try:
                for kind, facts in await read():
                    agent.event(kind, facts)
            except Exception:  # what is told of the daemon must not end it
                log.exception("the state could not be told to New Relic's agent")
            await self._clock.sleep(STATE_SECONDS)

    async def aclose(self) -> None:
        """Send what can be sent in a moment; the rest is forgotten."""
        if self._reporting is not None:
            self._reporting.cancel()
            await asyncio.wait((self._reporting,))
        if self._delivering is not None and self._delivery is not None:
            self._delivering.cancel()
            await asyncio.wait((self._delivering,))
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_SPANS_SECONDS):
                    while await self._delivery.drain_once():
                        pass
            await self._delivery.aclose()
        if self._agent is not None:
            await asyncio.to_thread(self._agent.stop, AGENT_SECONDS)
