"""`repave run`: brings everything up, runs until it is told to stop, and takes everything down in time."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from controller.act.roster import Roster
from controller.act.share import Alone
from controller.app.answers import Answers
from controller.app.beside import for_ever
from controller.app.build import Builder, refuse_orphans, shared_clients
from controller.app.config_source import ConfigSource
from controller.app.config_watch import ConfigWatch
from controller.app.configuration import read_again
from controller.app.daemon import Daemon, Exit
from controller.app.fleets import Fleets
from controller.app.heartbeat import Heartbeat
from controller.app.housekeeping import Housekeeping
from controller.app.last_known import LastKnown
from controller.app.live import Live
from controller.app.narrate import NarratedJournal
from controller.app.reload import Reloader, refuse_lost_sources
from controller.app.self_watch import SelfWatch
from controller.app.signals import reload_signal, stop_signals
from controller.app.state import opened_journal
from controller.app.stream import Stream
from controller.app.telemetry import Gauges, program_version, resource_attributes
from controller.app.tokens import load_balancer, resolve_tokens
from controller.app.watched import WatchedLoop
from controller.clock import SystemClock
from controller.decide.explain import isoformat
from controller.domain.errors import JournalUnavailable
from controller.domain.ports import Clock
from controller.loop import Tick
from controller.record.delivery import Counts, Delivery
from controller.record.destination import destination
from controller.record.document import TraceDocument
from controller.record.metrics import Metrics
from controller.record.state import State, states
from controller.record.trace import TraceProjector
from controller.schedule import DateSchedule
from controller.settings import Config
from controller.web.access import Access
from controller.web.api import Api
from controller.web.events import Hub
from controller.web.server import Answer, Server, Sources

# Together with the server's second these stay below 20 s: a container that is told to stop is killed after 30.
FINISH_TICK_SECONDS = 5.0
PARK_SECONDS = 8.0
FLUSH_SECONDS = 4.0

READY_WITHIN_SECONDS = 2.0

log = structlog.get_logger("repave")


@dataclass(frozen=True, slots=True)
class Watcher:
    """Whoever looks on. on_tick: is told of every tick. on_listening: is told the port of the endpoints.

    clean_up: is called before the process ends at once, because it was told to stop a second time.
    """

    on_tick: Callable[[Tick], None] = lambda _: None
    on_listening: Callable[[int], None] = lambda _: None
    clean_up: Callable[[], None] = lambda: None


NOBODY = Watcher()


async def serve(
    config: Config,
    *,
    until_settled: bool = False,
    watcher: Watcher = NOBODY,
    source: ConfigSource | None = None,
) -> int:
    """Run the daemon; returns the process's exit code. SIGTERM and SIGINT end it within 20 s.

    source: where the configuration is kept: it is read again at SIGHUP, and when it changes.
    Raises ConfigError, JournalUnavailable or OSError when it cannot start.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        traces = destination(os.environ)
        watch = SelfWatch.start(os.environ, clock, traces)
        stack.push_async_callback(watch.aclose)
        projector = TraceProjector(resource_attributes(os.environ)) if traces else None
        clients = await stack.enter_async_context(shared_clients(clock))
        journal = await stack.enter_async_context(opened_journal(config.state, clients, projector))
        await refuse_orphans(journal, config.fleets)
        await refuse_lost_sources(journal, config)
        for policy in config.fleets.values():
            await journal.save_policy(policy)
        tokens = await resolve_tokens(config.tokens, clients)
        delivery = Delivery(journal, clock, traces) if traces else None
        access = Access(clock, tokens, load_balancer(config.signed_in, clients, clock))
        live = Live(config, clock.now())
        service = Service(live, clock, journal, delivery, access, watcher, watch)
        roster = None if until_settled else service.roster
        builder = Builder(config, clock, clients, journal, roster or Alone(), in_force=live.declared)
        for warning in config.warnings:
            log.warning(str(warning))
        reloader = service.reloader(builder, partial(read_again, source, clients)) if source else None
        changes = ConfigWatch(source, clients, clock, live, reloader) if source and reloader else None
        beside = [one.run for one in (reloader, changes, roster, service.housekeeping) if one is not None]
        with (
            stop_signals(service.stop, journal.parked, watcher.clean_up),
            reload_signal(reloader.ask if reloader else None),
        ):
            return await service.run(builder, beside, until_settled=until_settled)


class Service:
    """One running daemon: its ticks, its endpoints and its delivery of traces."""

    def __init__(
        self,
        live: Live,
        clock: Clock,
        journal: NarratedJournal,
        delivery: Delivery | None,
        access: Access,
        watcher: Watcher,
        watch: SelfWatch,
    ) -> None:
        config = live.config
        self._live = live
        self._clock = clock
        self._journal = journal
        self._delivery = delivery
        self._watcher = watcher
        self._owner = f"{socket.gethostname()}/{clock.new_id('d')}"
        self._heartbeat = Heartbeat(clock)
        self._metrics = Metrics(program_version(), delivery.counts if delivery else Counts())
        self._known, readable = LastKnown.before(journal)
        self._gauges = Gauges(self._metrics, journal, self._known, self._owner, config.fleets, clock)
        answers = Answers(readable, clock, live, self._known.stale)
        self._api = Api(answers, access, Hub(), TraceDocument, program_version())
        self._stream = Stream(self._api.hub)
        journal.tell(self._stream)
        self._daemon = Daemon(clock, self._heartbeat, config.tick_seconds, self._metrics.ticked, self._ticked)
        self._fleets = Fleets(self._daemon, self._owner, watch.over(self._metrics, self._owner, journal), journal)
        self._watch = watch
        ttl_seconds = config.lease_ttl_seconds
        self.roster = Roster(self._owner, ttl_seconds, journal, clock, self._fleets, self._known.leases_are)
        self.housekeeping = Housekeeping(journal, self._owner, live, clock)
        self._stopped = asyncio.Event()

    def reloader(self, builder: Builder, reread: Callable[[], Awaitable[Config]]) -> Reloader:
        """What SIGHUP asks, and whoever sees that the configuration has changed."""
        return Reloader(self._live, builder, self._fleets, self._api.access, self._api.hub, reread, self._taken)

    def stop(self, why: str) -> None:
        """Begin to stop."""
        log.info("stopping", signal=why, parked=self._journal.parked())
        self._daemon.stop()
        self._stopped.set()

    async def run(
        self, builder: Builder, beside: Sequence[Callable[[], Coroutine[Any, Any, None]]], *, until_settled: bool
    ) -> int:
        """Until it is stopped, or settled. beside: what goes on for as long as the fleets are looked at."""
        loops = self._fleets.begin(builder)
        listen = self._live.config.listen
        sources = Sources(self._heartbeat.answer, self._ready, self._metrics_text)
        server = Server(sources, self._api, listen.host, listen.port, loopback=listen.loopback)
        await server.start()
        self._watcher.on_listening(server.port)
        schedule = DateSchedule(self._daemon.wake)
        delivering = self._beside(self._delivery.run) if self._delivery else None
        log.info("running", version=program_version(), owner=self._owner, port=server.port, fleets=list(loops))
        if not until_settled:
            await self.roster.look()
        going_on = [self._beside(run) for run in beside]
        self._watch.report(self._state)
        try:
            ended = await self._until_stopped(loops, schedule, until_settled)
        finally:
            schedule.stop()
            for task in going_on:
                task.cancel()
            await asyncio.gather(*going_on, return_exceptions=True)
            await self._park(leave=not until_settled)
            await self._flush(delivering)
            await server.stop()
        code = self._code(ended, until_settled)
        log.info("stopped", exit_code=code, parked=self._journal.parked())
        return code

    def _beside(self, run: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        return asyncio.create_task(for_ever(run, self._clock), name=f"beside the looks: {run.__qualname__}")

    def _ticked(self, tick: Tick) -> None:
        self._known.told(tick)
        self._stream.tick(tick, self._clock.now())
        self._watcher.on_tick(tick)

    async def _until_stopped(
        self, loops: Mapping[str, WatchedLoop], schedule: DateSchedule, until_settled: bool
    ) -> Exit | None:
        """The daemon's own end, or None when it was stopped; a tick under way gets a little time to finish."""
        running = asyncio.create_task(self._daemon.run(loops, schedule, until_settled=until_settled), name="ticks")
        stopped = asyncio.create_task(self._stopped.wait(), name="stop")
        await asyncio.wait((running, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not running.done():
            await asyncio.wait((running,), timeout=FINISH_TICK_SECONDS)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            return None
        return running.result() if not self._stopped.is_set() else None

    async def _park(self, *, leave: bool) -> None:
        """Every replacement stays where it is, and the leases are given up. leave: tell the others before, so that they
        take them at once."""
        if leave:
            with suppress(JournalUnavailable):
                await self.roster.leave()
        await asyncio.gather(*(loop.stop(PARK_SECONDS) for loop in self._fleets.loops.values()))

    async def _flush(self, delivering: asyncio.Task[None] | None) -> None:
        """Send what can still be sent; the rest waits in the journal for the next start."""
        if self._delivery is None or delivering is None:
            return
        delivering.cancel()
        await asyncio.wait((delivering,))
        with suppress(TimeoutError, JournalUnavailable):
            async with asyncio.timeout(FLUSH_SECONDS):
                while await self._delivery.drain_once():
                    pass
        await self._delivery.aclose()

    async def _ready(self) -> Answer:
        try:
            async with asyncio.timeout(READY_WITHIN_SECONDS):
                healthy = await self._journal.healthy()
        except TimeoutError:
            healthy = False
        lost = self._known.lost
        if lost is not None:
            since = isoformat(lost.since)
            return Answer(False, f"not ready: watching only, the journal is not there since {since}: {lost.reason}")
        ready = f"ready: {self._live.sentence()}"
        return Answer(healthy, ready if healthy else "not ready: the journal cannot be read")

    def _taken(self, config: Config) -> None:
        """Another configuration is in force."""
        self._daemon.set_tick(config.tick_seconds)
        self._gauges.watching(config.fleets)

    async def _metrics_text(self) -> bytes:
        live = self._live
        if live.loaded_at is not None:
            self._metrics.configured(
                live.config.hash, live.config.version, live.loaded_at, good=live.refused_at is None
            )
        return await self._gauges.text()

    async def _state(self) -> Iterable[State]:
        """What New Relic's agent is told: the same as `/metrics`."""
        await self._metrics_text()
        return states(self._metrics.families(), self._clock.now(), self._owner)

    def _code(self, ended: Exit | None, until_settled: bool) -> int:
        if ended is None:
            return Exit.FAILED if until_settled else Exit.SETTLED
        return ended
