"""kill -9 before and after every journaled boundary and every effect, on virtual time.

The boundaries are listed from a clean run; each is then died at, and a second daemon finishes the work.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from controller.domain.lifecycle import Kind, Outcome
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from tests.simulation.daemon import POLICY, Died, Reaper, SimulatedDaemon
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run

ONE_TRY = replace(POLICY, global_limits=replace(POLICY.global_limits, stop_after_failures=1))


def replaced(clock: VirtualClock) -> World:
    world = World(clock)
    world.age("i-02")
    return world


def undone(clock: VirtualClock) -> World:
    """The successor turns out bad, so that everything is given back."""
    world = replaced(clock)
    world.bad_images = frozenset({"image-new"})
    return world


def boundaries(make: Callable[[VirtualClock], World]) -> list[str]:
    async def main(clock: VirtualClock) -> list[str]:
        daemon = SimulatedDaemon(make(clock), journal(), clock, ONE_TRY)
        daemon.mortal_world()
        await daemon.run()
        await daemon.loop.stop(1.0)
        return daemon.reaper.names

    return run(main)


def journal() -> JournalAdapter:
    return JournalAdapter(SqlJournal.open("sqlite:///:memory:", None))


def test_the_clean_runs_pass_every_kind_of_boundary() -> None:
    names = set(boundaries(replaced)) | set(boundaries(undone))
    steps = ("launch", "await_ready", "verify", "drain", "terminate")
    expected = {f"before {step} started" for step in steps} | {f"after {step} called" for step in ("launch", "drain")}
    expected |= {"before effect launch", "after effect drain", "after effect terminate", "after accepted"}
    expected |= {"before await_ready failed", "after launch undone+closed", "before terminate succeeded+closed"}
    assert expected <= names


@pytest.mark.parametrize("make", [replaced, undone])
def test_a_death_at_any_boundary_loses_nothing_and_doubles_nothing(make: Callable[[VirtualClock], World]) -> None:
    names = boundaries(make)
    assert len(names) >= 24
    for kill_at, name in enumerate(names):
        run(partial(die_and_finish, make=make, kill_at=kill_at, name=name))


async def die_and_finish(clock: VirtualClock, make: Callable[[VirtualClock], World], kill_at: int, name: str) -> None:
    world, book = make(clock), journal()
    first = SimulatedDaemon(world, book, clock, ONE_TRY, Reaper(kill_at))
    first.mortal_world()
    with pytest.raises(Died):
        await first.run()
    assert first.reaper.names[-1] == name, "the boundary was not reached again"
    world.before_effect = world.after_effect = None
    second = SimulatedDaemon(world, book, clock, ONE_TRY)
    await second.run()
    await second.loop.stop(1.0)
    await judge_by_the_wire(world, book, make)


async def judge_by_the_wire(world: World, book: JournalAdapter, make: Callable[[VirtualClock], World]) -> None:
    expected = ["launch", "drain", "terminate"] if make is replaced else ["launch", "terminate"]
    assert [wire.call for wire in world.wire] == expected
    assert (world.serving(), world.desired, len(world.members)) == (6, 6, 6)
    (done,) = await book.replacements()
    assert done.outcome is (Outcome.REPLACED if make is replaced else Outcome.FAILED)
    events = await book.events(done.id)
    assert [event.ordinal for event in events] == list(range(len(events)))
    called = [event.facts["ordinal"] for event in events if event.kind is Kind.CALLED]
    returned = [event.facts["ordinal"] for event in events if event.kind is Kind.RETURNED]
    assert called == returned == list(range(len(called)))
