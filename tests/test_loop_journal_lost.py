"""Without its journal a loop changes nothing and goes on watching; when it is back, it goes on exactly once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.model import Hold
from controller.domain.policy import Limits
from controller.loop import Tick
from tests.simulation.daemon import POLICY, SimulatedDaemon
from tests.simulation.laws import violations
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run
from tests.test_loop import Away, aged, new_journal

EVERYTHING = frozenset({"*"})
WRITES = frozenset({"acquire", "append", "accept", "record_tick", "open_breaker"})
"""What a full disk refuses, while everything can still be read."""


def calls(world: World) -> list[str]:
    return [item.call for item in world.wire]


async def ticks(daemon: SimulatedDaemon, clock: VirtualClock, seconds: float) -> list[Tick]:
    """Every look for so long."""
    made, over = list[Tick](), clock.now() + timedelta(seconds=seconds)
    while clock.now() < over:
        made.append(await daemon.loop.tick())
        await clock.sleep(max(1.0, (made[-1].next_look_at - clock.now()).total_seconds()))
    return made


def test_a_loop_that_never_read_its_journal_says_so_and_acts_once_it_can() -> None:
    async def main(clock: VirtualClock) -> None:
        world, journal = aged(clock), Away(new_journal())
        daemon = SimulatedDaemon(world, journal, clock)
        journal.away = EVERYTHING
        tick = await daemon.loop.tick()
        assert tick.sentence == "cannot act, the journal is not there: the disk is full"
        assert tick.journal_lost is not None
        assert not tick.looked
        journal.away = frozenset()
        await daemon.run()
        assert calls(world) == ["launch", "drain", "terminate"] * 2

    run(main)


@pytest.mark.parametrize("away", [EVERYTHING, WRITES], ids=["gone", "the disk is full"])
def test_it_goes_on_watching_and_begins_nothing(away: frozenset[str]) -> None:
    """An instance turns bad while the journal is away: it is seen, judged, and held by one veto, as all are."""

    async def main(clock: VirtualClock) -> None:
        world, journal = World(clock), Away(new_journal())
        daemon = SimulatedDaemon(world, journal, clock)
        assert (await daemon.loop.tick()).journal_lost is None
        journal.away, world.members["i-02"].bad = away, True
        first, *_, last = await ticks(daemon, clock, 300)
        assert world.wire == []
        since = first.journal_lost and first.journal_lost.since
        assert last.journal_lost is not None
        assert last.journal_lost.since == since, "since the first time"
        assert last.sentence == (
            "watching only, the journal is not there since 2026-11-23T12:00:00Z: the disk is full; "
            "6 instances: 1 degraded, 5 healthy; holding i-02 (journal_lost)"
        )
        assert last.record is not None
        (held,) = [item for item in last.record.report["instances"] if item["decision"] == "hold"]
        assert [veto["reason"] for veto in held["vetoes"]] == ["journal unreachable since 12:00:00 UTC: watching only"]
        assert last.counts == {"healthy": 5, "degraded": 1}
        assert (last.looked, last.settled) == (True, False)
        journal.away = frozenset()
        assert (await daemon.loop.tick()).journal_lost is None
        await daemon.run()
        assert calls(world) == ["launch", "drain", "terminate"]

    run(main)


def test_what_was_seen_meanwhile_counts_when_it_is_back() -> None:
    """A breach has to last a minute here: it has lasted during the outage, and is found at the first look after it."""

    async def main(clock: VirtualClock) -> None:
        world, journal = World(clock), Away(new_journal())
        daemon = SimulatedDaemon(world, journal, clock)
        await daemon.loop.tick()
        journal.away, world.members["i-02"].bad = EVERYTHING, True
        await ticks(daemon, clock, 120)
        journal.away = frozenset()
        assert "replacing i-02" in (await daemon.loop.tick()).sentence
        await daemon.loop.stop(1.0)

    run(main)


def test_what_another_daemon_saw_meanwhile_is_worth_more() -> None:
    """Only this daemon's way to the journal is cut. The other took over; what this one remembers is of no account."""

    async def main(clock: VirtualClock) -> None:
        world, book = World(clock), new_journal()
        journal = Away(book)
        daemon, other = (SimulatedDaemon(world, one, clock) for one in (journal, book))
        await daemon.loop.tick()
        journal.away, world.members["i-02"].bad = EVERYTHING, True
        await ticks(daemon, clock, 90)
        world.members["i-02"].bad = False
        await other.loop.tick()
        await other.loop.stop(1.0)
        world.members["i-02"].bad = True
        await daemon.loop.tick()
        journal.away = frozenset()
        again = await daemon.loop.tick()
        assert again.sentence == "6 instances: 6 healthy", "it has to last a minute from now on"
        await daemon.loop.stop(1.0)

    run(main)


def test_a_standby_without_its_journal_knows_nothing_and_watches_nothing() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = aged(clock), new_journal()
        journal = Away(book)
        daemon = SimulatedDaemon(world, journal, clock)
        await daemon.run(until=lambda tick: len(world.wire) == 1)
        held = await book.holder("web")
        assert held is not None
        await book.release(held)
        assert await book.acquire("web", "another", 600.0, clock.now())
        assert (await daemon.loop.tick()).standby
        journal.away = EVERYTHING
        tick = await daemon.loop.tick()
        assert (tick.looked, tick.record) == (False, None)
        assert tick.sentence.startswith("cannot act, the journal is not there")
        await daemon.loop.stop(1.0)

    run(main)


@pytest.mark.parametrize("away", [EVERYTHING, WRITES], ids=["gone", "the disk is full"])
@pytest.mark.parametrize("wire", [0, 1, 2])
@pytest.mark.parametrize("seconds", [20.0, 600.0], ids=["under the lease", "long after it"])
def test_at_whatever_step_it_goes_away_nothing_is_lost_and_nothing_doubled(
    wire: int, seconds: float, away: frozenset[str]
) -> None:
    """It goes away in the moment in which a call takes effect: its outcome cannot be written down either."""

    async def main(clock: VirtualClock) -> None:
        world, journal = World(clock), Away(new_journal())
        world.age("i-02")
        policy = replace(POLICY, limits=Limits(replacements_per_hour=100))
        daemon = SimulatedDaemon(world, journal, clock, policy)
        broken = list[Any]()
        asyncio.get_running_loop().set_exception_handler(lambda _, about: broken.append(about))

        async def strike(call: str) -> None:
            if len(world.wire) == wire + 1:
                journal.away = away

        world.after_effect = strike
        running = asyncio.ensure_future(daemon.run())
        while not journal.away:
            await clock.sleep(1)
        await clock.sleep(seconds)
        assert calls(world) == ["launch", "drain", "terminate"][: wire + 1], "no call without a journal"
        journal.away, world.after_effect = frozenset(), None
        await running
        assert calls(world) == ["launch", "drain", "terminate"]
        assert violations(world, world.wire, 1, 1) == []
        (done,) = await journal.replacements()
        assert done.outcome == "replaced"
        lost = [tick.journal_lost for tick in daemon.ticks if tick.journal_lost]
        assert len({item.since for item in lost}) == (1 if seconds > 30 else len(lost[:1]))
        assert broken == [], "a lease that ran out meanwhile is no fault of the program"
        await daemon.loop.stop(1.0)

    run(main)


def test_a_mutation_is_never_made_by_what_was_remembered() -> None:
    """The journal comes back in the middle with a hold in it: the hold counts, not what was known before."""

    async def main(clock: VirtualClock) -> None:
        world, book = aged(clock), new_journal()
        journal: Any = Away(book)
        daemon = SimulatedDaemon(world, journal, clock)
        await daemon.run(until=lambda tick: len(world.wire) == 1)
        journal.away = EVERYTHING
        await ticks(daemon, clock, 120)
        await book.hold(Hold("all", "release", "ann", clock.now()))
        journal.away = frozenset()
        await ticks(daemon, clock, 300)
        assert calls(world) == ["launch"]
        await book.resume("all", "ann", clock.now())
        await daemon.run()
        assert calls(world) == ["launch", "drain", "terminate"] * 2

    run(main)
