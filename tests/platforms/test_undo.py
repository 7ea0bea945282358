"""The way back: capacity first here too, and the wish is taken back only while nobody has to go for it."""

from controller.domain.lifecycle import Outcome, Step
from tests.platforms.conftest import Place
from tests.platforms.driver import Drive
from tests.platforms.groups import FakeGroup
from tests.platforms.laws import violations

TERMINATE = "autoscaling.TerminateInstanceInAutoScalingGroup"


def called_off_while_launching(drive: Drive) -> None:
    """As the runner does when the launch takes too long."""
    drive.fail_before = Step.LAUNCH


def test_a_drained_predecessor_serves_again_before_its_successor_goes(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0", fail_before=Step.TERMINATE)
    checks: list[str] = []

    def its_first_checks_take_a_while() -> None:
        group.advance()
        if "elbv2.RegisterTargets" in drive.calls and len(checks) < 3:
            checks.append("initial")
            group.rows["i-0"].targets = dict.fromkeys(group.arns, "initial")

    state = place.run(drive.run(its_first_checks_take_a_while))
    group.settle()
    assert state.outcome is Outcome.FAILED
    assert [m.call for m in group.mutations][-2:] == ["register", "terminate"]
    assert "i-0 goes back into 1 target group(s)" in drive.waits
    assert "without i-new1, 2 would serve where 3 have to" in drive.waits
    assert drive.facts["undo"] == {"surge": "given back", "drain_undone": True}
    assert violations(group) == []


def test_a_successor_that_does_not_serve_goes_at_once(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0", fail_before=Step.AWAIT_READY)
    place.run(drive.run(group.advance))
    assert drive.calls.count(TERMINATE) == 1
    assert drive.facts["undo"] == {"surge": "given back", "drain_undone": False}
    assert not any("would serve" in wait for wait in drive.waits)


def test_when_nothing_could_be_launched_the_wish_is_taken_back(place: Place) -> None:
    group = place.hold(FakeGroup(capacity=False).populate(3))
    drive = place.drive("i-0")

    def it_takes_too_long() -> None:
        group.advance()
        if len(drive.waits) > 3:
            called_off_while_launching(drive)

    place.run(drive.run(it_takes_too_long))
    group.capacity = True
    group.settle()
    assert drive.calls == ["autoscaling.SetDesiredCapacity", "autoscaling.SetDesiredCapacity"]
    assert group.desired == 3
    assert set(group.rows) == {"i-0", "i-1", "i-2"}


def test_the_wish_is_lowered_from_what_it_is_now_not_from_what_it_was(place: Place) -> None:
    group = place.hold(FakeGroup(capacity=False).populate(3))
    drive = place.drive("i-0")

    def a_policy_adds_two() -> None:
        group.advance()
        if len(drive.waits) == 3:
            group.scale(2)
        if len(drive.waits) > 3:
            called_off_while_launching(drive)

    place.run(drive.run(a_policy_adds_two))
    assert group.desired == 5


def test_a_newcomer_that_arrives_late_is_terminated(place: Place) -> None:
    group = place.hold(FakeGroup(capacity=False).populate(3))
    drive = place.drive("i-0")

    def it_comes_when_called_off() -> None:
        if len(drive.waits) > 3:
            called_off_while_launching(drive)
            group.capacity = True
        group.advance()

    place.run(drive.run(it_comes_when_called_off))
    group.settle()
    assert drive.calls == ["autoscaling.SetDesiredCapacity", TERMINATE]
    assert set(group.rows) == {"i-0", "i-1", "i-2"}
    assert group.desired == 3


def test_a_target_group_that_refuses_the_predecessor_does_not_keep_the_surge(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    group.rows["i-0"].health = "Unhealthy"
    place.endpoint.refusals["RegisterTargets"] = (400, "InvalidTarget")
    drive = place.drive("i-0", fail_before=Step.TERMINATE)
    place.run(drive.run(group.advance))
    assert drive.calls.count("elbv2.RegisterTargets") == 3
    assert drive.facts["undo"] == {"surge": "given back", "drain_undone": False}
    assert group.desired == 3


def test_once_the_predecessor_is_terminated_its_successor_stays(place: Place) -> None:
    """The step was called off between the call and its end: our surge ended with the predecessor."""
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0")

    def too_late() -> None:
        group.advance()
        if TERMINATE in drive.calls:
            drive.fail_before = Step.TERMINATE

    state = place.run(drive.run(too_late))
    group.settle()
    assert state.outcome is Outcome.REPLACED
    assert drive.facts["undo"] == {"surge": "ended with the predecessor", "drain_undone": False}
    assert drive.calls.count(TERMINATE) == 1
    assert set(group.rows) == {"i-1", "i-2", "i-new1"}
    assert not group.rows["i-new1"].protected
    assert group.desired == 3
