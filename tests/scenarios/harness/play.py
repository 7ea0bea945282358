"""Plays a story: the daemon's own composition against a world of its own, and gives the report."""

import asyncio
import os
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import botocore.session
from botocore.loaders import create_loader

from controller.app import plugins
from controller.app.build import Builder
from controller.app.clients import SharedClients
from controller.app.configuration import load_config
from controller.app.daemon import Daemon
from controller.app.heartbeat import Heartbeat
from controller.app.narrate import Audience
from controller.demo.process import WorldGroupInfo
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.loop import FleetLoop, Tick
from controller.record.trace import TraceProjector
from controller.settings import Config
from tests.e2e.harness.wire import DAEMON_KEY
from tests.scenarios.harness.case import Case, Story
from tests.scenarios.harness.deeds import Deeds
from tests.scenarios.harness.ledger import Ledger, ToldJournal
from tests.scenarios.harness.names import Names
from tests.scenarios.harness.report import Ending, report
from tests.scenarios.harness.story_time import StoryClock, StoryLoop, StorySchedule, Traffic
from tests.scenarios.harness.worlds import StoryWorld, story_world
from tests.support.worlds import Nursery

KEY = DAEMON_KEY
LOADER = create_loader()
BEFORE_THE_LOOK_SECONDS = 2e-6  # more than the loop takes for the same moment, less than the clock tells apart
AFTER_THE_END_SECONDS = 0.001
LONGEST_SECONDS = 6 * 3600
PARK_SECONDS = 5.0


def play(
    case: Case,
    nursery: Nursery,
    folder: Path,
    *,
    without: Collection[str] = (),
    longest_seconds: float = LONGEST_SECONDS,
) -> str:
    """The report of a story. without: rules that are left out, to see whether anybody would notice.

    Raises TimeoutError when a story that lasts until it is settled is not settled after `longest_seconds`.
    """
    with _rules(without):
        return perform(case.story(), case.config, nursery, folder, longest_seconds).report


@dataclass(frozen=True, slots=True)
class Performance:
    """What came of a story. state: of every group, at the end. group: the first one, as it was at the beginning. wire:
    the log of everything that reached the world."""

    report: str
    ending: Ending
    state: Mapping[str, Any]
    group: WorldGroupInfo
    names: Names
    wire: Path


def perform(
    story: Story,
    config: Path,
    nursery: Nursery,
    folder: Path,
    longest_seconds: float = LONGEST_SECONDS,
    *,
    audience: Callable[[StoryWorld], Audience] | None = None,
) -> Performance:
    """Play a story from its first look to its end. audience: hears of everything that is journaled, at once."""
    traffic, wire_log = Traffic(), folder / "wire.jsonl"
    wire_log.touch()
    with story_world(nursery, story.scenario(), wire_log) as world, _environment(world), traffic.watched():
        names = Names(world.running)
        names.learn_images(world.state())
        with asyncio.Runner(loop_factory=lambda: StoryLoop(traffic, world.advance)) as runner:
            heard = audience(world) if audience else None
            told_story = _Play(story, load_config(str(config)), world, names, longest_seconds, heard)
            told, ending = runner.run(told_story.run())
        return Performance(told, ending, world.state(), world.running.groups[0], names, wire_log)


@contextmanager
def _environment(world: StoryWorld) -> Iterator[None]:
    """The SDK sees this world and nothing else, and reads its own files once for all stories. Retries wait for a time
    with some chance in it, which is the same each time here."""
    only = mock.patch.dict(os.environ, world.running.environment(access_key_id=KEY), clear=True)
    chance = random.getstate()
    random.seed(1)
    with only, mock.patch.object(botocore.session, "create_loader", return_value=LOADER):
        yield
    random.setstate(chance)


@contextmanager
def _rules(without: Collection[str]) -> Iterator[None]:
    kept = tuple(rule for rule in plugins.rules() if rule.name not in without)
    with mock.patch.object(plugins, "rules", return_value=kept):
        yield


@dataclass
class _Play:
    story: Story
    config: Config
    world: StoryWorld
    names: Names
    longest_seconds: float
    audience: Audience | None = None
    last: dict[str, Tick] = field(default_factory=dict)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    to_come: int = 0
    clock: StoryClock = field(init=False)
    ledger: Ledger = field(init=False)

    async def run(self) -> tuple[str, Ending]:
        """From the first look to the last line of the report."""
        self.to_come = len(self.story.timeline)
        clock = self.clock = StoryClock(self.story.begins_at)
        sql = SqlJournal.open("sqlite:///:memory:", TraceProjector({"service.name": "repave"}))
        journal = ToldJournal(JournalAdapter(sql))
        self.ledger = journal.ledger = Ledger(self.world, self.names, self.story.begins_at, KEY)
        if self.audience is not None:
            journal.tell(self.audience)
        for policy in self.config.fleets.values():
            await journal.save_policy(policy)
        clients = SharedClients(clock)
        daemon = Daemon(clock, Heartbeat(clock), self.config.tick_seconds, lambda *_: None, self._ticked)
        own = frozenset({self.names.id_of(self.story.own_host)} if self.story.own_host else ())
        builder = Builder(self.config, clock, clients, journal, own_instances=own)
        loops = {
            name: builder.loop(policy, "daemon", partial(daemon.wake, name))
            for name, policy in self.config.fleets.items()
        }
        happening = asyncio.create_task(self._timeline(Deeds(self.world, self.names, journal, clock, self.config)))
        running = asyncio.create_task(daemon.run(loops, StorySchedule(clock, daemon.wake), until_settled=False))
        try:
            await self._end(running, happening)
            self.ledger.read_wire(clock.now())
            ending = await Ending.of(journal, self.config, clock.now())
        finally:
            happening.cancel()
            await _take_down(daemon, running, loops, clients)
            await journal.aclose()
        return report(self.story, self.ledger.lines, ending, self.names), ending

    def _ticked(self, tick: Tick) -> None:
        """A tick that could not look writes no record: its sentence is told here. One that broke ends the story."""
        assert not tick.sentence.startswith("could not finish"), tick.sentence
        if tick.journal_lost is not None and tick.record is not None:
            self.ledger.look(tick.record)
        self.ledger.say_if_new(self.clock.now(), tick.fleet, tick.sentence)
        self.last[tick.fleet] = tick
        every = len(self.last) == len(self.config.fleets)
        settled = every and all(item.settled for item in self.last.values())
        if settled and self.story.until == "settled" and not self.to_come:
            self.done.set()

    async def _timeline(self, deeds: Deeds) -> None:
        for item in sorted(self.story.timeline, key=lambda item: item.at):
            left = item.at - BEFORE_THE_LOOK_SECONDS - asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, left))
            await deeds.do(item)
            self.to_come -= 1

    async def _end(self, *working: "asyncio.Task[Any]") -> None:
        """Wait for the story's end; whatever breaks on the way breaks the story."""
        until = self.story.until
        limit = self.longest_seconds if until == "settled" else until
        over = asyncio.create_task(self.done.wait())
        waiting: set[asyncio.Task[Any]] = {over, *working}
        try:
            async with asyncio.timeout(limit + AFTER_THE_END_SECONDS):
                while not over.done():
                    ended, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    for task in ended:
                        task.result()
        except TimeoutError:
            if until == "settled":
                raise
        over.cancel()


async def _take_down(
    daemon: Daemon, running: "asyncio.Task[object]", loops: dict[str, FleetLoop], clients: SharedClients
) -> None:
    daemon.stop()
    await asyncio.wait((running,))
    for loop in loops.values():
        await loop.stop(PARK_SECONDS)
    await clients.aclose()
