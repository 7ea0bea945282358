"""A fleet's loop with a watch beside it: each look becomes a trace, some metrics, and a task of New Relic's agent."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from opentelemetry.sdk.resources import Resource

from controller.act.site import Site, Sites
from controller.domain.errors import RepaveError
from controller.domain.laps import Lap, Laps, collecting
from controller.domain.ports import Clock
from controller.loop import FleetLoop, Tick
from controller.record.encode import encode, resource_of
from controller.record.memory_outbox import MemoryOutbox
from controller.record.newrelic import Agent
from controller.record.tick_trace import TickTrace, tick_spans

STANDBY, LOOKED, BLOCKED, ERROR = "standby", "looked", "blocked", "error"
"""How a look came out: another daemon acts; done; it could not see or not write; it went wrong as none should."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Whoever keeps what a watch sees. on_lap: is told of every call and part. on_tick: of every look, by its outcome,
    and when it ended. spans: takes the traces of looks; None where nobody would send them. agent: New Relic's, where it
    runs."""

    owner: str
    clock: Clock
    on_lap: Callable[[str, Lap], None]
    on_tick: Callable[[str, str, datetime], None]
    spans: MemoryOutbox | None = None
    agent: Agent | None = None
    resource: Resource = field(default_factory=lambda: resource_of({}))


class WatchedLoop:
    """Stands for a FleetLoop: ticks and stops like one."""

    def __init__(self, loop: FleetLoop, watch: Watch) -> None:
        self.fleet = loop.fleet
        self._loop = loop
        self._watch = watch
        self._work: Callable[[], Awaitable[Tick]] = loop.tick
        if watch.agent is not None:
            self._work = watch.agent.background_task(f"tick {loop.fleet}", loop.tick)

    async def tick(self) -> Tick:
        """One tick of the loop. Raises what it raises."""
        watch, began_at = self._watch, self._watch.clock.now()
        outcome, sentence, counts = ERROR, "", Counter[str]()
        laps = Laps(lambda lap: watch.on_lap(self.fleet, lap))
        try:
            with collecting(laps):
                tick = await self._work()
            outcome, sentence, counts = _outcome(tick), tick.sentence, Counter(tick.counts)
            return tick
        except Exception as error:
            sentence = str(error) if isinstance(error, RepaveError) else type(error).__name__
            raise
        finally:
            watch.on_tick(self.fleet, outcome, watch.clock.now())
            self._send(
                TickTrace(
                    fleet=self.fleet,
                    owner=watch.owner,
                    started_at=began_at,
                    ended_at=watch.clock.now(),
                    sentence=sentence,
                    outcome=outcome,
                    laps=laps.finish(),
                    dropped=laps.dropped,
                    counts=counts,
                )
            )

    @property
    def busy(self) -> bool:
        """Whether a replacement is driven in it."""
        return self._loop.busy

    def adopt(self, site: Site, sites: Sites) -> None:
        """Let the loop go over to another policy."""
        self._loop.adopt(site, sites)

    async def stop(self, within_seconds: float) -> None:
        """Stop the loop."""
        await self._loop.stop(within_seconds)

    def _send(self, trace: TickTrace) -> None:
        watch = self._watch
        if watch.spans is not None:
            watch.spans.add([encode(span, watch.resource) for span in tick_spans(trace)], trace.ended_at)


def _outcome(tick: Tick) -> str:
    if tick.standby:
        return STANDBY
    return LOOKED if tick.looked else BLOCKED
