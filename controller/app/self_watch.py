"""The daemon's own telemetry, put together: traces of its looks, metrics of its calls, and New Relic's agent."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

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

LAST_SPANS_SECONDS = 2.0
AGENT_SECONDS = 2.0


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
        if destination is not None and self._spans is not None:
            self._delivery = Delivery(self._spans, clock, destination, quiet=True)

    @classmethod
    def start(cls, environment: Mapping[str, str], clock: Clock, destination: Destination | None) -> "SelfWatch":
        """Begin, with New Relic's agent where its key is set. Raises ConfigError when that agent is set up wrong."""
        watch = cls(clock, environment, destination, Agent.start(environment))
        if watch._delivery is not None:
            watch._delivering = asyncio.create_task(watch._delivery.run(), name="delivery of looks")
        return watch

    def over(self, metrics: Metrics, owner: str, journal: NarratedJournal) -> Watch:
        """What stands beside each fleet's loop; the journal tells the agent what was done."""
        if self._agent is not None:
            journal.tell(CustomEvents(self._agent))
        return Watch(owner, self._clock, metrics.lapped, metrics.came_out, self._spans, self._agent, self._resource)

    async def aclose(self) -> None:
        """Send what can be sent in a moment; the rest is forgotten."""
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
