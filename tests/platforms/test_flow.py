"""From launch to terminate, and what a platform says on the way, through a socket."""

import pytest

from controller.domain.lifecycle import Outcome
from tests.platforms.conftest import Place
from tests.platforms.groups import FakeGroup
from tests.platforms.laws import violations

TG = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{}/1"
RAISE, PROTECT = "autoscaling.SetDesiredCapacity", "autoscaling.SetInstanceProtection"
TERMINATE, DEREGISTER = "autoscaling.TerminateInstanceInAutoScalingGroup", "elbv2.DeregisterTargets"


def test_a_member_is_replaced_by_a_fresh_one(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0")
    state = place.run(drive.run(group.advance))
    assert state.outcome is Outcome.REPLACED
    assert drive.calls == [RAISE, PROTECT, DEREGISTER, TERMINATE, PROTECT]
    assert [m.call for m in group.mutations] == ["set_desired", "protect", "deregister", "terminate", "unprotect"]
    assert set(group.rows) == {"i-1", "i-2", "i-new1"}


def test_the_trace_learns_what_the_successor_is(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0")
    place.run(drive.run(group.advance))
    assert drive.facts["launch"]["successor"] == "i-new1"
    assert drive.facts["await_ready"]["successor_facts"] == {
        "zone": "eu-west-1a",
        "image_id": "ami-new",
        "image_created_at": "2026-11-20T00:00:00+00:00",
        "launch_template_version": "2",
        "instance_type": "t3.micro",
    }
    assert drive.facts["drain"] == {"drained_seconds": 5.0, "target_groups": list(group.arns)}


def test_the_intent_of_a_surge_says_what_recovery_needs(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0")
    place.run(drive.run(group.advance))
    intent = drive.state.calls_of(RAISE)[0].arguments
    told = {
        "group": "web",
        "was": 3,
        "desired": 4,
        "members": ["i-0", "i-1", "i-2"],
        "zone": "eu-west-1a",
        "serving": 3,
    }
    assert intent == told
    assert drive.state.calls_of(TERMINATE)[0].arguments == {
        "group": "web",
        "instance": "i-0",
        "decrement": True,
        "desired": 4,
    }


def test_without_target_groups_there_is_nothing_to_drain(place: Place) -> None:
    group = place.hold(FakeGroup(arns=()).populate(3))
    drive = place.drive("i-0")
    place.run(drive.run(group.advance))
    assert drive.calls == [RAISE, PROTECT, TERMINATE, PROTECT]
    assert drive.facts["drain"] == {"drained_seconds": 0.0, "target_groups": []}
    assert violations(group) == []


def test_every_target_group_has_to_agree_and_each_is_drained_once(place: Place) -> None:
    arns = (TG.format("web"), TG.format("admin"))
    group = place.hold(FakeGroup(arns=arns).populate(3))
    drive = place.drive("i-0")

    def slower_in_one() -> None:
        group.advance()
        newcomer = group.rows.get("i-new1")
        if newcomer and newcomer.targets:
            newcomer.targets[arns[1]] = "unhealthy" if len(drive.waits) < 6 else "healthy"

    state = place.run(drive.run(slower_in_one))
    assert state.outcome is Outcome.REPLACED
    assert "i-new1 is not healthy in admin: unhealthy" in drive.waits
    assert drive.calls.count(DEREGISTER) == 2
    assert violations(group) == []


def test_a_target_group_that_does_not_know_the_predecessor_is_left_alone(place: Place) -> None:
    arns = (TG.format("web"), TG.format("admin"))
    group = place.hold(FakeGroup(arns=arns).populate(3))
    del group.rows["i-0"].targets[arns[1]]
    drive = place.drive("i-0")
    place.run(drive.run(group.advance))
    asked = [form["TargetGroupArn"] for name, form in place.endpoint.asked if name == "DeregisterTargets"]
    assert asked == [arns[0]]


def test_a_newcomer_is_protected_as_soon_as_it_is_in_service_and_not_before(place: Place) -> None:
    group = place.hold(FakeGroup(boot=4).populate(3))
    drive = place.drive("i-0")
    place.run(drive.run(group.advance))
    assert "i-new1 is Pending" in drive.waits
    assert drive.calls.count(PROTECT) == 2
    assert drive.waits.index("i-new1 is Pending") < drive.waits.index(
        "i-new1 is not healthy in web: not registered yet"
    )


def test_a_group_that_protects_its_newcomers_keeps_doing_so(place: Place) -> None:
    group = place.hold(FakeGroup(extra={"NewInstancesProtectedFromScaleIn": True}).populate(3))
    drive = place.drive("i-0")
    state = place.run(drive.run(group.advance))
    assert state.outcome is Outcome.REPLACED
    assert PROTECT not in drive.calls
    assert group.rows["i-new1"].protected


def test_protection_that_somebody_else_gave_the_successor_stays(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0")

    def somebody_is_faster() -> None:
        group.advance()
        if "i-new1" in group.rows:
            group.rows["i-new1"].protected = True

    place.run(drive.run(somebody_is_faster))
    assert PROTECT not in drive.calls
    assert group.rows["i-new1"].protected


def test_a_group_at_its_maximum_is_refused_with_the_remedy(place: Place) -> None:
    group = place.hold(FakeGroup(maximum=3).populate(3))
    drive = place.drive("i-0")
    state = place.run(drive.run(group.advance))
    assert state.failure is not None
    assert state.failure["error_type"] == "no_capacity"
    assert state.failure["reason"] == "web desires 3 of at most 3; raise MaxSize by one"
    assert place.endpoint.writes == []


def test_a_launch_waits_until_the_group_has_caught_up_with_its_present_wish(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    group.scale(-1)
    drive = place.drive("i-0")
    place.run(drive.poll())
    assert drive.waits == ["web desires 2 and has 3 members; it has to catch up first"]
    assert place.endpoint.writes == []


def test_people_read_why_no_newcomer_comes(place: Place) -> None:
    group = place.hold(FakeGroup(capacity=False).populate(3))
    drive = place.drive("i-0")

    def room_at_last() -> None:
        group.capacity = len(drive.waits) > 3
        group.advance()

    place.run(drive.run(room_at_last))
    told = "web desires 4 and has 3 members; no newcomer yet. Failed: InsufficientInstanceCapacity: none left"
    assert told in drive.waits


def test_a_newcomer_that_would_leave_the_zones_unbalanced_is_given_back(place: Place) -> None:
    group = place.hold(FakeGroup(zone_queue=["eu-west-1b"]).populate(3))
    drive = place.drive("i-0")
    state = place.run(drive.run(group.advance))
    group.settle()
    assert state.outcome is Outcome.ABORTED
    assert state.failure is not None
    assert state.failure["error_type"] == "zone"
    assert set(group.rows) == {"i-0", "i-1", "i-2"}
    assert group.desired == 3


def test_a_newcomer_in_another_zone_is_kept_when_the_zones_end_within_one_of_each_other(place: Place) -> None:
    group = place.hold(FakeGroup(zone_queue=["eu-west-1c"]).populate(5))
    drive = place.drive("i-0")
    state = place.run(drive.run(group.advance))
    assert state.outcome is Outcome.REPLACED
    assert group.rows["i-new1"].zone == "eu-west-1c"


@pytest.mark.parametrize(
    "operation", ["SetDesiredCapacity", "TerminateInstanceInAutoScalingGroup", "DeregisterTargets"]
)
def test_a_call_that_took_effect_and_was_answered_with_an_error_is_not_doubled(place: Place, operation: str) -> None:
    group = place.hold(FakeGroup().populate(3))
    place.endpoint.broken = {operation}
    drive = place.drive("i-0")
    state = place.run(drive.run(group.advance))
    assert state.outcome is Outcome.REPLACED
    assert group.born == 1
    assert group.desired == 3
    assert violations(group) == []


def test_a_predecessor_kept_back_by_a_termination_hook_is_gone_all_the_same(place: Place) -> None:
    group = place.hold(FakeGroup(hooked=True).populate(3))
    drive = place.drive("i-0")
    state = place.run(drive.run(group.advance))
    assert state.outcome is Outcome.REPLACED
    assert group.rows["i-0"].lifecycle == "Terminating:Wait"


def test_the_predecessor_is_not_drained_while_the_fleet_is_short_without_it(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    drive = place.drive("i-0")

    def another_falls_ill() -> None:
        group.advance()
        if drive.state.verification and len(drive.waits) < 8:
            group.rows["i-2"].targets = dict.fromkeys(group.arns, "unhealthy")
        else:
            group.rows["i-2"].targets = dict.fromkeys(group.arns, "healthy")

    state = place.run(drive.run(another_falls_ill))
    assert state.outcome is Outcome.REPLACED
    assert "without i-0, 2 would serve where 3 have to" in drive.waits
    assert violations(group) == []


def test_without_target_groups_the_same_holds_for_the_termination(place: Place) -> None:
    group = place.hold(FakeGroup(arns=()).populate(3))
    drive = place.drive("i-0")

    def another_falls_ill() -> None:
        group.advance()
        ill = drive.state.verification and len(drive.waits) < 8
        group.rows["i-2"].health = "Unhealthy" if ill else "Healthy"

    state = place.run(drive.run(another_falls_ill))
    assert state.outcome is Outcome.REPLACED
    assert "without i-0, 2 would serve where 3 have to" in drive.waits
    assert violations(group) == []
