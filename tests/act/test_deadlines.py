"""Every wait ends: at its deadline, with a named outcome, and with the capacity that there was before."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.lifecycle import Kind, Outcome
from controller.domain.ports import Done, Progress, Waiting, Work
from controller.domain.replacement import Event, Replacement
from tests.act.stage import Directed, Stage, after, ended
from tests.simulation.daemon import POLICY
from tests.support.virtual import VirtualClock, run

FAILED_LATE = (Outcome.FAILED, "deadline")


class Drawn(Directed):
    """Its drain is begun, and its connections never end."""

    async def drain(self, work: Work) -> Progress:
        await super().drain(work)
        return Waiting("3 connections are left")


class Unseen(Directed):
    """Its launch is called once, and nobody ever shows up."""

    async def launch(self, work: Work) -> Progress:
        async def nothing() -> None:
            return

        if not work.replacement.calls:
            await work.mutate("world.Launch", {"members": sorted(self._world.members)}, nothing)
        return Waiting("the newcomer has to show itself")


class Unfinished(Directed):
    """Its predecessor is terminated, and something small about it never gets done in time."""

    async def terminate(self, work: Work) -> Progress:
        await super().terminate(work)
        return Waiting("the successor has to be unprotected")

    async def undo(self, work: Work) -> Progress:
        return Done({"surge": "ended with the predecessor"}, Outcome.REPLACED)


@dataclass(frozen=True)
class Ending:
    """How it ended: the replacement, its events, what reached the world, and whether the fleet is as it was before."""

    done: Replacement
    events: list[Event]
    calls: list[str]
    members: set[str]
    whole: bool


def driven(platform: type[Directed] = Directed, never: str = "", **world: Any) -> Ending:
    """The end of a replacement in a world in which one step never ends."""

    async def main(clock: VirtualClock) -> Ending:
        stage = Stage(clock, **world)
        stage.platform = platform(stage.world)
        stage.platform.never |= {never} if never else set()
        done = await stage.drive(await stage.accept())
        return Ending(done, await stage.events(done), stage.calls, set(stage.world.members), stage.is_whole())

    return run(main)


def seconds_in(events: list[Event], step: str) -> float:
    """From a step's start to its end."""
    started = next(item.at for item in events if (item.step, item.kind) == (step, Kind.STARTED))
    ended_at = next(item.at for item in events if item.step == step and item.kind in (Kind.FAILED, Kind.SUCCEEDED))
    return float((ended_at - started) / timedelta(seconds=1))


def failure(events: list[Event]) -> Any:
    (found,) = [item.facts for item in events if item.kind is Kind.FAILED]
    return found


def test_a_launch_that_nobody_sees() -> None:
    end = driven(Unseen)
    assert ended(end.done)[:2] == FAILED_LATE
    assert 120 < seconds_in(end.events, "launch") <= 125
    assert failure(end.events)["reason"] == (
        "launch was not over after 120 s; it waited for: the newcomer has to show itself"
    )
    assert end.whole


def test_a_newcomer_that_never_gets_ready() -> None:
    end = driven(boot_seconds=1e6)
    assert ended(end.done)[:2] == FAILED_LATE
    assert 300 < seconds_in(end.events, "await_ready") <= 305
    assert failure(end.events)["reason"] == "await_ready was not over after 300 s; it waited for: i-07 boots"
    assert (end.calls, end.whole) == (["launch", "terminate"], True)


def test_a_successor_that_never_proves_itself() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept("errors")

        def silence() -> None:
            stage.world.members["i-07"].silent = frozenset({"errors"})

        after(stage, "launch", silence)
        done = await stage.drive(accepted)
        events = await stage.events(done)
        assert ended(done) == (*FAILED_LATE, "unproven")
        assert 300 < seconds_in(events, "verify") <= 300 + POLICY.tick_seconds
        assert failure(events)["reason"].endswith("unproven: errors: the source has no row for it")
        assert await stage.book.breakers("web") == ()
        assert stage.calls == ["launch", "terminate"]
        assert "i-02" in stage.world.members

    run(main)


def test_verifying_takes_the_whole_bake_and_looks_once_a_tick() -> None:
    end = driven()
    assert ended(end.done) == (Outcome.REPLACED, None, "improved")
    assert seconds_in(end.events, "verify") == 60
    (verified,) = [item for item in end.events if item.step == "verify" and item.kind is Kind.SUCCEEDED]
    assert verified.facts["polls"] == 3


def test_a_warm_up_comes_before_the_bake() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, replace(POLICY, verify=replace(POLICY.verify, warm_up_seconds=45)))
        done = await stage.drive(await stage.accept())
        assert seconds_in(await stage.events(done), "verify") == 105

    run(main)


def test_capacity_that_never_comes_back_stops_the_drain_and_the_successor_stays() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        after(stage, "launch", lambda: setattr(stage.world.members["i-05"], "bad", True))
        done = await stage.drive(accepted)
        assert ended(done)[:2] == FAILED_LATE
        told = failure(await stage.events(done))["reason"]
        assert told.endswith("it waited for: capacity_floor: 5 would serve without it, 6 have to")
        assert stage.calls == ["launch"]
        assert stage.world.serving() == 6
        closed = await stage.the(done, Kind.CLOSED)
        assert (closed.facts["outcome"], closed.facts["left_behind"]) == ("failed", "i-07")

    run(main)


def test_capacity_that_comes_back_in_time_lets_it_go_on() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        after(stage, "launch", lambda: setattr(stage.world.members["i-05"], "bad", True))
        driving = stage.begin(accepted)
        await stage.until(lambda: "capacity_floor" in stage.runner.waiting_for.get(accepted.id, ""))
        stage.world.members["i-05"].bad = False
        assert ended(await driving)[0] is Outcome.REPLACED
        assert stage.is_whole()

    run(main)


def test_a_drain_that_had_its_whole_time_goes_on() -> None:
    end = driven(Drawn)
    assert ended(end.done)[0] is Outcome.REPLACED
    assert 120 < seconds_in(end.events, "drain") <= 125
    (drained,) = [item for item in end.events if item.step == "drain" and item.kind is Kind.SUCCEEDED]
    assert (drained.facts["timed_out"], drained.facts["waited_for"]) == (True, "3 connections are left")
    assert end.whole


def test_a_drain_that_never_began_does_not() -> None:
    end = driven(never="drain")
    assert ended(end.done)[:2] == FAILED_LATE
    assert failure(end.events)["reason"] == "drain was not over after 120 s; it waited for: drain takes for ever"
    assert (end.calls, end.whole) == (["launch", "terminate"], True)
    assert "i-02" in end.members


def test_a_termination_that_never_comes_puts_the_predecessor_back_to_work() -> None:
    end = driven(never="terminate")
    assert ended(end.done)[:2] == FAILED_LATE
    assert 120 < seconds_in(end.events, "terminate") <= 125
    assert end.calls == ["launch", "drain", "undrain", "terminate"]
    assert end.whole
    assert "i-02" in end.members


def test_a_termination_that_has_happened_is_a_replacement_whatever_came_late() -> None:
    end = driven(Unfinished)
    assert ended(end.done)[:2] == (Outcome.REPLACED, "deadline")
    assert end.calls == ["launch", "drain", "terminate"]
    assert end.whole
    assert "i-02" not in end.members


def test_an_undo_that_cannot_be_finished_is_closed_and_says_what_it_left() -> None:
    end = driven(never="undo", boot_seconds=1e6)
    assert ended(end.done)[:2] == FAILED_LATE
    closed = end.events[-1]
    assert closed.facts["left_behind"] == "i-07"
    assert closed.facts["reason"].startswith("await_ready was not over")
    assert 300 < (closed.at - end.events[-2].at).total_seconds() <= 305


def test_an_abort_that_cannot_be_undone_has_failed() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stage.platform.never.add("undo")
        accepted = await stage.accept("errors")
        after(stage, "launch", lambda: setattr(stage.world.members["i-02"], "bad", False))
        assert ended(await stage.drive(accepted))[:2] == (Outcome.FAILED, "recovered")

    run(main)


@pytest.mark.parametrize("step", ["launch", "await_ready"])
def test_nothing_is_lost_when_the_step_ends_late(step: str) -> None:
    end = driven(never=step)
    assert ended(end.done)[:2] == FAILED_LATE
    assert end.whole
