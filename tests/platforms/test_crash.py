"""kill -9 at every mutating call, before it, after its effect and after its outcome, there and on the way back."""

import pytest

from controller.domain.lifecycle import Outcome, Step
from tests.platforms.conftest import Place
from tests.platforms.driver import Crashes, Moment
from tests.platforms.groups import FakeGroup
from tests.platforms.laws import violations

THERE = 5
"""Mutating calls with one target group: raise, protect, deregister, terminate, unprotect."""

BACK = {Step.LAUNCH: 0, Step.AWAIT_READY: 2, Step.VERIFY: 3, Step.DRAIN: 3, Step.TERMINATE: 5}
"""The same of one that is called off before a step, the way back included."""


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("index", range(THERE))
def test_a_crash_at_any_call_ends_with_one_successor_and_the_desired_capacity_of_before(
    place: Place, index: int, moment: Moment
) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0", crashes=Crashes(index, moment))
    state = place.run(drive.run(group.advance))
    assert drive.crashed == 1, "the boundary was never reached"
    assert state.outcome is Outcome.REPLACED
    group.settle()
    assert set(group.rows) == {"i-1", "i-2", state.successor}
    assert group.born == 1
    assert group.desired == 3
    assert not any(row.protected for row in group.rows.values())
    assert [change.call for change in group.mutations].count("set_desired") == 1
    assert violations(group) == []


def way_back() -> list[tuple[Step, int, Moment]]:
    return [(step, index, moment) for step, count in BACK.items() for index in range(count) for moment in Moment]


@pytest.mark.parametrize(("step", "index", "moment"), way_back())
def test_a_crash_at_any_call_of_a_replacement_called_off_leaves_the_group_as_it_was(
    place: Place, step: Step, index: int, moment: Moment
) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0", fail_before=step, crashes=Crashes(index, moment))
    state = place.run(drive.run(group.advance))
    assert drive.crashed == 1, "the boundary was never reached"
    assert state.outcome is Outcome.FAILED
    group.settle()
    assert set(group.rows) == {"i-0", "i-1", "i-2"}
    assert group.desired == 3
    assert group.serving == 3
    assert not any(row.protected for row in group.rows.values())
    assert violations(group) == []


@pytest.mark.parametrize("step", BACK)
def test_the_list_of_calls_on_the_way_back_is_complete(place: Place, step: Step) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0", fail_before=step)
    place.run(drive.run(group.advance))
    assert len(drive.calls) == BACK[step], drive.calls


def test_the_list_of_calls_on_the_way_there_is_complete(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0")
    place.run(drive.run(group.advance))
    assert len(drive.calls) == THERE, drive.calls
