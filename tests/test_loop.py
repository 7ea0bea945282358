"""One fleet's ticks: the sentence, what a tick survives, and how the loop stands by, goes on and stops."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.errors import JournalUnavailable, Permanent, Transient
from controller.domain.lifecycle import Outcome
from controller.domain.model import Hold
from controller.domain.policy import Mode
from controller.domain.ports import Progress, Work
from controller.domain.replacement import Event
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from tests.simulation.daemon import POLICY, SimulatedDaemon
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run


def new_journal() -> JournalAdapter:
    return JournalAdapter(SqlJournal.open("sqlite:///:memory:", None))


class Away:
    """A journal that can go away: every call of these names then raises."""

    def __init__(self, journal: Any) -> None:
        self._journal = journal
        self.away: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        async def gone(*arguments: Any) -> Any:
            raise JournalUnavailable("the disk is full")

        return gone if name in self.away or "*" in self.away else getattr(self._journal, name)


class Buggy(Away):
    """A journal under which driving breaks: the first append of such a kind raises what nobody expects."""

    def __init__(self, journal: Any, times: int) -> None:
        super().__init__(journal)
        self._times = times

    async def append(self, events: Sequence[Event], lease: Any) -> None:
        if self._times and events[0].kind == "called":
            self._times -= 1
            raise RuntimeError("a bug of ours")
        await self._journal.append(events, lease)


def count_readiness(daemon: SimulatedDaemon) -> list[str]:
    """Every time from now on that the daemon asks whether a successor is ready."""
    asked, ready = list[str](), daemon.platform.await_ready

    async def counted(work: Work) -> Progress:
        asked.append(work.replacement.id)
        return await ready(work)

    daemon.platform.await_ready = counted  # type: ignore[method-assign]
    return asked


def aged(clock: VirtualClock) -> World:
    world = World(clock)
    world.age("i-02", "i-03")
    return world


def test_a_tick_tells_what_it_saw_began_and_holds_back() -> None:
    async def main(clock: VirtualClock) -> None:
        daemon = SimulatedDaemon(aged(clock), new_journal(), clock)
        tick = await daemon.loop.tick()
        assert tick.sentence == (
            "6 instances: 2 aged, 4 healthy; replacing i-02 (r-0002: max_image_age); holding i-03 (max_in_flight)"
        )
        assert (tick.fleet, tick.settled, tick.standby, tick.failed) == ("web", False, False, 0)
        assert tick.next_look_at == clock.now() + timedelta(seconds=30)
        await clock.sleep(10)
        again = await daemon.loop.tick()
        assert "; r-0002 awaiting_ready, i-07 boots; holding i-03 (max_in_flight)" in again.sentence
        await daemon.loop.stop(1.0)

    run(main)


def test_a_tick_leaves_a_record_with_the_whole_report() -> None:
    async def main(clock: VirtualClock) -> None:
        book = new_journal()
        daemon = SimulatedDaemon(aged(clock), book, clock, replace(POLICY, mode=Mode.OBSERVE))
        tick = await daemon.loop.tick()
        (record,) = await book.reports()
        assert (record.fleet, record.at, record.sentence) == ("web", clock.now(), tick.sentence)
        assert record.report["hold"]["rule"] == "observe_mode"
        assert tick.settled
        assert tick.sentence.endswith("holding i-02 (observe_mode); holding i-03 (observe_mode)")
        await daemon.loop.stop(1.0)

    run(main)


def test_the_accepting_transaction_has_the_last_word() -> None:
    """A hold that came after the snapshot was taken."""

    async def main(clock: VirtualClock) -> None:
        world, book = aged(clock), new_journal()

        class Late(Away):
            async def accept(self, *arguments: Any) -> Any:
                await book.hold(Hold("all", "lunch", "ann", clock.now()))
                return await book.accept(*arguments)

        daemon = SimulatedDaemon(world, Late(book), clock)
        tick = await daemon.loop.tick()
        assert "replacing" not in tick.sentence
        await clock.sleep(60)
        assert (world.wire, await book.open_replacements()) == ([], ())
        await daemon.loop.stop(1.0)

    run(main)


def test_a_platform_that_cannot_be_seen_ends_the_tick_in_a_sentence() -> None:
    async def main(clock: VirtualClock) -> None:
        daemon = SimulatedDaemon(World(clock), new_journal(), clock)
        daemon.platform.errors.append(Transient("connection reset"))
        tick = await daemon.loop.tick()
        assert (tick.sentence, tick.settled) == ("cannot see the fleet: connection reset", False)
        assert tick.next_look_at == clock.now() + timedelta(seconds=30)
        assert (await daemon.loop.tick()).settled
        await daemon.loop.stop(1.0)

    run(main)


def test_while_another_acts_it_stands_by_and_looks_when_the_lease_ends() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = aged(clock), new_journal()
        assert await book.acquire("web", "another", 12.0, clock.now())
        daemon = SimulatedDaemon(world, book, clock)
        tick = await daemon.loop.tick()
        assert (tick.sentence, tick.standby) == ("standing by: another acts until 2026-11-23T12:00:12Z", True)
        assert tick.next_look_at == clock.now() + timedelta(seconds=12)
        await clock.sleep(11.5)
        assert (await daemon.loop.tick()).next_look_at == clock.now() + timedelta(seconds=1)
        await book.acquire("web", "another", 3600.0, clock.now())
        assert (await daemon.loop.tick()).next_look_at == clock.now() + timedelta(seconds=30)
        assert world.wire == []
        await daemon.loop.stop(1.0)

    run(main)


def test_a_lease_lost_on_the_way_stops_everything_that_is_driven() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = aged(clock), new_journal()
        daemon = SimulatedDaemon(world, book, clock)
        await daemon.run(until=lambda tick: len(world.wire) == 1)
        held = await book.holder("web")
        assert held is not None
        await book.release(held)
        assert await book.acquire("web", "another", 600.0, clock.now())
        assert (await daemon.loop.tick()).standby
        asked = count_readiness(daemon)
        await clock.sleep(500)
        assert len(world.wire) == 1
        assert asked == [], "it looks at the platform no more"
        (opened,) = await book.open_replacements()
        assert opened.phase == "awaiting_ready"
        await clock.sleep(101)
        await daemon.run()
        assert world.serving() == 6
        await daemon.loop.stop(1.0)

    run(main)


@pytest.mark.parametrize("times", [1, 3])
def test_driving_that_breaks_is_told_and_begun_again_at_the_next_tick(times: int) -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = aged(clock), new_journal()
        daemon = SimulatedDaemon(world, Buggy(book, times), clock)
        await daemon.run()
        told = [tick.sentence for tick in daemon.ticks if "stopped: a bug of ours" in tick.sentence]
        assert 1 <= len(told) <= times
        assert [item.call for item in world.wire] == ["launch", "drain", "terminate"] * 2
        assert {item.outcome for item in await book.replacements()} == {Outcome.REPLACED}
        await daemon.loop.stop(1.0)

    run(main)


def test_the_end_of_a_replacement_wakes_the_loop_and_failures_are_counted() -> None:
    async def main(clock: VirtualClock) -> None:
        world = World(clock, capacity=6)
        world.age("i-02")
        one_try = replace(POLICY, global_limits=replace(POLICY.global_limits, stop_after_failures=1))
        daemon = SimulatedDaemon(world, new_journal(), clock, one_try)
        tick = await daemon.run()
        assert (tick.failed, tick.settled) == (1, True)
        assert clock.now() - daemon.ticks[0].next_look_at < timedelta(0)
        await daemon.loop.stop(1.0)

    run(main)


def test_a_hold_over_all_that_is_open_is_told_apart() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = aged(clock), new_journal()
        daemon = SimulatedDaemon(world, book, clock)
        await daemon.run(until=lambda tick: len(world.wire) == 1)
        assert not daemon.ticks[-1].held_in_flight
        await book.hold(Hold("all", "lunch", "ann", clock.now()))
        await clock.sleep(POLICY.poll_seconds + 1)
        tick = await daemon.loop.tick()
        assert tick.held_in_flight
        assert "all held by ann until resumed: lunch" in tick.sentence
        await daemon.loop.stop(1.0)

    run(main)


def test_a_breaker_is_told() -> None:
    async def main(clock: VirtualClock) -> None:
        world = World(clock, rotting_images=frozenset({"image-rotten"}))
        assert world.launch_image is not None
        world.launch_image = replace(world.launch_image, id="image-rotten")
        world.age("i-02")
        daemon = SimulatedDaemon(world, new_journal(), clock)
        assert (await daemon.run()).breaker_open
        await daemon.loop.stop(1.0)

    run(main)


def test_an_error_that_a_later_tick_can_cure_is_not_raised() -> None:
    async def main(clock: VirtualClock) -> None:
        daemon = SimulatedDaemon(World(clock), new_journal(), clock)
        for error in (Transient("reset"), Permanent("wrong"), JournalUnavailable("gone")):
            daemon.platform.errors.append(error)
            assert str(error) in (await daemon.loop.tick()).sentence
        await asyncio.wait_for(daemon.loop.stop(1.0), timeout=2)

    run(main)
