"""The platform acts too: newcomers and predecessors go by themselves, bounds move, groups vanish."""

from itertools import count

import pytest

from controller.domain.lifecycle import Outcome, Phase
from tests.platforms.conftest import Place
from tests.platforms.groups import FakeGroup
from tests.platforms.laws import violations

PROTECT = "autoscaling.SetInstanceProtection"


@pytest.mark.parametrize("lifecycle", ["Pending", "InService"])
def test_a_newcomer_that_the_group_replaces_is_succeeded_by_its_replacement(place: Place, lifecycle: str) -> None:
    group = place.hold(FakeGroup(zone_queue=["eu-west-1a", "eu-west-1a"]).populate(3))
    drive = place.drive("i-0")
    killed: list[str] = []

    def its_newcomer_dies() -> None:
        row = group.rows.get("i-new1")
        if not killed and row is not None and row.lifecycle == lifecycle and drive.state.successor == "i-new1":
            killed.append(row.id)
            group.die(row.id)
        group.capacity = not killed or len(killed) > 2
        killed.extend(killed[:1])
        group.advance()

    state = place.run(drive.run(its_newcomer_dies))
    assert killed
    assert state.outcome is Outcome.REPLACED
    assert state.successor == "i-new2"
    assert group.born == 2
    assert group.desired == 3
    assert not group.rows["i-new2"].protected
    assert drive.calls.count("autoscaling.SetDesiredCapacity") == 1
    assert any(wait.startswith("i-new1 is gone; web desires 4 and has 3 members") for wait in drive.waits)


def test_the_replacement_that_is_there_is_taken_while_the_group_still_launches_others(place: Place) -> None:
    group = place.hold(FakeGroup(zone_queue=["eu-west-1a", "eu-west-1a"]).populate(3))
    drive = place.drive("i-0")
    killed: list[str] = []

    def its_newcomer_dies_and_a_policy_wants_more() -> None:
        if not killed and drive.state.successor:
            killed.append(drive.state.successor)
            group.die(drive.state.successor)
            group.advance()
            group.scale(1)
            group.capacity = False
        if drive.state.successor == "i-new2":
            group.capacity = True
        group.advance()

    state = place.run(drive.run(its_newcomer_dies_and_a_policy_wants_more))
    assert state.outcome is Outcome.REPLACED
    assert state.successor == "i-new2"
    group.settle()
    assert group.desired == 4


@pytest.mark.parametrize("phase", [Phase.LAUNCHING, Phase.AWAITING_READY, Phase.VERIFIED, Phase.DRAINED])
def test_a_predecessor_that_goes_by_itself_supersedes_us_and_the_surplus_waits_for_its_replacement(
    place: Place, phase: Phase
) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0")
    since: list[int] = []

    def it_dies() -> None:
        if drive.state.phase is phase and not since:
            group.die("i-0")
        since.extend([1] if drive.state.phase is phase or since else [])
        group.capacity = not since or len(since) > 6
        group.advance()

    state = place.run(drive.run(it_dies))
    group.settle()
    assert state.outcome is Outcome.SUPERSEDED
    assert group.desired == group.serving == 3
    assert state.successor not in group.rows or phase is Phase.LAUNCHING
    assert violations(group) == []
    if phase in (Phase.VERIFIED, Phase.DRAINED):
        assert f"without {state.successor}, 2 would serve where 3 have to" in drive.waits


def test_a_minimum_raised_meanwhile_keeps_predecessor_and_successor(place: Place) -> None:
    """With decrement, Auto Scaling refuses to go below MinSize; without, it would terminate first."""
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0")

    def the_minimum_rises() -> None:
        group.minimum = 4 if drive.state.phase is Phase.VERIFIED else group.minimum
        group.advance()

    state = place.run(drive.run(the_minimum_rises))
    group.settle()
    assert state.failure is not None
    assert state.failure["error_type"] == "at_minimum"
    assert drive.facts["undo"]["surge"] == "kept: web needs all of its 4 members now (MinSize 4)"
    assert set(group.rows) == {"i-0", "i-1", "i-2", "i-new1"}
    assert group.serving == 4
    assert not group.rows["i-new1"].protected


def test_a_group_that_is_deleted_meanwhile_leaves_nothing_to_give_back(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0")

    def it_is_deleted() -> None:
        group.advance()
        place.clock.move(5)
        if drive.state.successor:
            place.endpoint.groups.clear()

    state = place.run(drive.run(it_is_deleted))
    assert state.outcome is Outcome.FAILED
    assert drive.facts["undo"]["surge"] == "the Auto Scaling group web does not exist (any more)"


def test_a_few_answers_that_leave_the_group_out_change_nothing(place: Place) -> None:
    """An empty page is no deletion: believed at once, it left a surge behind, protected."""
    group = place.hold(FakeGroup().populate(3))
    drive, polls = place.drive("i-0"), count()

    def it_is_missing_now_and_then() -> None:
        group.advance()
        place.clock.move(5)
        place.endpoint.groups.clear()
        if next(polls) % 4 == 3:
            place.endpoint.groups[group.name] = group

    state = place.run(drive.run(it_is_missing_now_and_then))
    assert state.outcome is Outcome.REPLACED
    assert set(group.rows) == {"i-1", "i-2", "i-new1"}


def test_a_protection_that_aws_refuses_is_asked_for_again(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    place.endpoint.refusals["SetInstanceProtection"] = (400, "ValidationError")
    drive = place.drive("i-0")

    def it_recovers() -> None:
        group.advance()
        if drive.calls.count(PROTECT) == 2:
            place.endpoint.refusals.clear()

    state = place.run(drive.run(it_recovers))
    assert state.outcome is Outcome.REPLACED
    assert drive.calls.count(PROTECT) == 4
