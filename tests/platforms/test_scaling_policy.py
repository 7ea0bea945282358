"""Somebody else moves the desired capacity in the middle. It ends at its start plus what others moved."""

from collections.abc import Callable

import pytest

from controller.domain.lifecycle import Outcome, Step
from tests.platforms.conftest import Place
from tests.platforms.driver import POLL, Crashes, Drive, Moment
from tests.platforms.groups import FakeGroup
from tests.platforms.laws import violations

START = 5
CALLS = range(5)
WHEN = [(0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0)]
"""After which call, and how many polls later. Right after the first, nobody has been launched yet: see below."""


def moving(group: FakeGroup, drive: Drive, by: int, after: int, polls: int) -> Callable[[], None]:
    """Advance the world; some polls after the call of that index, the policy acts, once."""
    since: list[int] = []

    def between() -> None:
        if len(drive.calls) > after:
            since.append(1)
            if len(since) == polls + 1:
                group.scale(by)
        group.advance()

    return between


@pytest.mark.parametrize("by", [1, 2, -1, -2])
@pytest.mark.parametrize(("after", "polls"), WHEN)
def test_the_desired_capacity_ends_at_its_start_plus_what_a_policy_moved(
    place: Place, after: int, polls: int, by: int
) -> None:
    group = place.hold(FakeGroup().populate(START))
    group.victims = ["i-4", "i-3"]
    drive = place.drive("i-0")
    state = place.run(drive.run(moving(group, drive, by, after, polls)))
    group.settle()
    assert state.outcome is Outcome.REPLACED, drive.waits
    assert group.desired == group.counted == START + by
    assert "i-0" not in group.rows
    assert state.successor in group.rows
    assert violations(group) == []


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize(
    ("step", "after", "polls"),
    [
        (Step.AWAIT_READY, 0, 1),
        (Step.VERIFY, 0, 1),
        (Step.VERIFY, 1, 0),
        (Step.TERMINATE, 0, 1),
        (Step.TERMINATE, 1, 0),
        (Step.TERMINATE, 2, 0),
        (Step.TERMINATE, 3, 0),
    ],
)
def test_it_does_so_when_the_replacement_is_called_off(
    place: Place, step: Step, after: int, polls: int, by: int
) -> None:
    group = place.hold(FakeGroup().populate(START))
    group.victims = ["i-4"]
    drive = place.drive("i-0", fail_before=step)
    state = place.run(drive.run(moving(group, drive, by, after, polls)))
    group.settle()
    assert state.outcome is Outcome.FAILED
    assert group.desired == group.counted == START + by
    assert "i-0" in group.rows
    assert violations(group) == []


@pytest.mark.parametrize(("after", "polls"), [(0, 1), (0, 2), (1, 0), (2, 0)])
def test_a_scale_in_that_takes_the_predecessor_supersedes_us_and_only_the_surplus_goes(
    place: Place, after: int, polls: int
) -> None:
    group = place.hold(FakeGroup().populate(START))
    group.victims = ["i-0"]
    drive = place.drive("i-0")
    state = place.run(drive.run(moving(group, drive, -1, after, polls)))
    group.settle()
    assert state.outcome is Outcome.SUPERSEDED
    assert group.desired == group.counted == START - 1
    assert set(group.rows) == {"i-1", "i-2", "i-3", "i-4"}
    assert violations(group) == []


@pytest.mark.parametrize("polls", [0, 1])
def test_a_scale_in_before_the_newcomer_is_protected_may_take_our_surge_for_its_own(place: Place, polls: int) -> None:
    """The one case in which the desired capacity ends at its start: the scale-in forestalled the launch, or took the
    newcomer. To shrink further would let the termination policy pick a member that serves."""
    group = place.hold(FakeGroup().populate(START))
    group.victims = ["i-new1"]
    drive = place.drive("i-0")
    state = place.run(drive.run(moving(group, drive, -1, 0, polls)))
    group.settle()
    assert state.outcome is Outcome.FAILED
    assert state.failure is not None
    assert state.failure["error_type"] == "newcomer_gone"
    assert group.desired == group.counted == START
    assert set(group.rows) == {"i-0", "i-1", "i-2", "i-3", "i-4"}


def test_a_protected_newcomer_is_not_the_one_that_a_scale_in_takes(place: Place) -> None:
    group = place.hold(FakeGroup().populate(START))
    group.victims = ["i-new1", "i-4"]
    drive = place.drive("i-0")
    state = place.run(drive.run(moving(group, drive, -1, 1, 0)))
    group.settle()
    assert state.outcome is Outcome.REPLACED
    assert "i-new1" in group.rows
    assert group.desired == START - 1


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("index", CALLS)
def test_it_gets_what_it_moved_even_right_after_a_crash_by_what_the_group_wrote_down(
    place: Place, index: int, moment: Moment
) -> None:
    group = place.hold(FakeGroup().populate(START))
    drive = place.drive("i-0", crashes=Crashes(index, moment))
    place.run(drive.run(moving_after_the_crash(group, drive)))
    group.settle()
    assert drive.state.outcome is Outcome.REPLACED
    assert group.desired == group.serving == START + 1
    assert violations(group) == []


@pytest.mark.parametrize(("index", "moment"), [(0, Moment.DURING), (3, Moment.DURING)])
def test_without_such_a_record_what_can_be_read_in_two_ways_is_left_alone(
    place: Place, index: int, moment: Moment
) -> None:
    group = place.hold(FakeGroup(audited=False).populate(START))
    drive = place.drive("i-0", crashes=Crashes(index, moment))

    async def a_while() -> None:
        between = moving_after_the_crash(group, drive)
        for _ in range(30):
            await drive.poll()
            drive.now += POLL
            between()

    place.run(a_while())
    assert drive.state.open
    assert drive.waits[-1].startswith("ambiguous: ")
    assert len(drive.calls) == index + 1
    assert violations(group) == []


def moving_after_the_crash(group: FakeGroup, drive: Drive) -> Callable[[], None]:
    moved: list[int] = []

    def between() -> None:
        if drive.crashed and not moved:
            moved.append(1)
            group.scale(1)
        group.advance()

    return between
