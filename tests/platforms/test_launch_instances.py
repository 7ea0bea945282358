"""Launching by LaunchInstances: in the predecessor's zone, once, and nothing built on a success that does not show."""

from datetime import timedelta
from typing import Any

import pytest

from controller.domain.lifecycle import Outcome, Step
from controller.domain.replacement import Replacement
from controller.platforms.asg.group import parse
from controller.platforms.asg.launch_instances import TRUSTED, unqualified
from tests.platforms.conftest import Place
from tests.platforms.driver import Crashes, Drive, Moment
from tests.platforms.groups import FakeGroup
from tests.platforms.laws import violations

THERE = 5
"""Mutating calls with one target group: launch, protect, deregister, terminate, unprotect."""

BACK = {Step.LAUNCH: 0, Step.AWAIT_READY: 2, Step.VERIFY: 3}
"""The same of one that is called off before a step, the way back included."""


def drive(place: Place, **how: Any) -> Drive:
    return place.drive("i-0", build=lambda: place.platform(launch="launch_instances"), **how)


def ended(state: Replacement) -> tuple[Outcome | None, str | None]:
    return state.outcome, (state.failure or {}).get("error_type")


def test_the_newcomer_comes_up_where_its_predecessor_leaves(place: Place) -> None:
    group = place.hold(FakeGroup(boot=2).populate(3))
    group.zone_queue = ["eu-west-1c"]
    one = drive(place)
    state = place.run(one.run(group.advance))
    assert ended(state) == (Outcome.REPLACED, None)
    assert state.successor is not None
    assert group.rows[state.successor].zone == "eu-west-1a"
    assert one.calls[0] == "autoscaling.LaunchInstances"
    assert "SetDesiredCapacity" not in place.endpoint.writes
    assert state.calls[0].arguments["token"] == "r-1-1"
    assert (group.desired, group.born) == (3, 1)
    assert violations(group) == []


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("index", range(THERE))
def test_a_crash_at_any_call_ends_with_one_successor(place: Place, index: int, moment: Moment) -> None:
    group = place.hold(FakeGroup().populate(3))
    one = drive(place, crashes=Crashes(index, moment))
    state = place.run(one.run(group.advance))
    assert one.crashed == 1, "the boundary was never reached"
    assert state.outcome is Outcome.REPLACED
    group.settle()
    assert set(group.rows) == {"i-1", "i-2", state.successor}
    assert (group.desired, group.born) == (3, 1)
    assert not any(row.protected for row in group.rows.values())
    tokens = {call.arguments["token"] for call in state.calls_of("autoscaling.LaunchInstances")}
    assert tokens == {"r-1-1"}, "what may have happened is asked again with its own token"
    assert violations(group) == []


@pytest.mark.parametrize(
    ("step", "index", "moment"),
    [(step, index, moment) for step, count in BACK.items() for index in range(count) for moment in Moment],
)
def test_a_crash_on_the_way_back_leaves_the_group_as_it_was(
    place: Place, step: Step, index: int, moment: Moment
) -> None:
    group = place.hold(FakeGroup().populate(3))
    one = drive(place, fail_before=step, crashes=Crashes(index, moment))
    state = place.run(one.run(group.advance))
    assert one.crashed == 1, "the boundary was never reached"
    assert state.outcome is Outcome.FAILED
    group.settle()
    assert set(group.rows) == {"i-0", "i-1", "i-2"}
    assert (group.desired, group.serving) == (3, 3)
    assert violations(group) == []


def test_an_answer_that_is_lost_is_asked_for_again_and_launches_nobody_else(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    place.endpoint.broken = {"LaunchInstances"}
    state = place.run(drive(place).run(group.advance))
    assert ended(state) == (Outcome.REPLACED, None)
    assert place.endpoint.count("LaunchInstances") == 2
    assert (group.desired, group.born) == (3, 1)


def test_what_a_scaling_policy_does_meanwhile_does_not_confuse_it(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    place.endpoint.broken = {"LaunchInstances"}
    one = drive(place)
    place.run(one.poll())
    group.scale(1)
    state = place.run(one.run(group.advance))
    group.settle()
    assert ended(state) == (Outcome.REPLACED, None)
    assert state.successor == "i-new1", "the token says whose is whose"
    assert (group.desired, group.born) == (4, 2)


def test_without_capacity_the_predecessor_goes_on_and_nothing_was_asked_of_the_group(place: Place) -> None:
    group = place.hold(FakeGroup(capacity=False).populate(3))
    state = place.run(drive(place).run(group.advance))
    assert ended(state) == (Outcome.FAILED, "InsufficientInstanceCapacity")
    assert (group.desired, group.serving, group.mutations) == (3, 3, [])


def test_an_attempt_after_a_refusal_has_a_token_of_its_own(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    place.endpoint.refusals["LaunchInstances"] = (400, "ScalingActivityInProgress")
    one = drive(place)
    place.run(one.poll())
    place.endpoint.refusals.clear()
    state = place.run(one.run(group.advance))
    calls = state.calls_of("autoscaling.LaunchInstances")
    assert [(call.arguments["token"], call.outcome) for call in calls] == [("r-1-1", "failed"), ("r-1-2", "ok")]


def test_a_full_group_is_not_asked(place: Place) -> None:
    group = place.hold(FakeGroup(maximum=3).populate(3))
    state = place.run(drive(place).run(group.advance))
    assert ended(state) == (Outcome.FAILED, "no_capacity")
    assert "LaunchInstances" not in place.endpoint.writes


def test_a_success_that_does_not_raise_the_desired_capacity_holds_and_takes_nothing_away(place: Place) -> None:
    """AWS may let LaunchInstances fill a wish instead of raising it: then nothing may be ended with decrement."""
    group = place.hold(FakeGroup(launch_raises=0).populate(3))
    one = drive(place)
    for _ in range(6):
        place.run(one.poll())
        one.now += timedelta(seconds=5)
    assert one.waits[-1] == "ambiguous: i-new1 was launched, and web still desires 3"
    assert one.calls == ["autoscaling.LaunchInstances"]
    one.fail_before = Step.LAUNCH
    for _ in range(6):
        place.run(one.poll())
        one.now += timedelta(seconds=5)
    assert one.state.open
    assert one.waits[-1] == "ambiguous: i-new1 was launched, and web desires 3 as before"
    assert [change.call for change in group.mutations] == ["launch_instances"]


@pytest.mark.parametrize("happened", [True, False])
def test_a_token_that_may_be_forgotten_is_not_trusted(place: Place, happened: bool) -> None:
    group = place.hold(FakeGroup().populate(3))
    moment = Moment.DURING if happened else Moment.BEFORE
    one = drive(place, crashes=Crashes(0, moment))
    place.run(one.poll())
    group.tokens.clear()
    one.now += TRUSTED
    state = place.run(one.run(group.advance))
    assert ended(state) == (Outcome.REPLACED, None)
    group.settle()
    assert (group.desired, group.born) == (3, 1)


@pytest.mark.parametrize(
    ("distribution", "fits"),
    [
        (None, True),
        ({}, True),
        ({"OnDemandBaseCapacity": 2, "OnDemandPercentageAboveBaseCapacity": 100}, True),
        ({"OnDemandBaseCapacity": 0, "OnDemandPercentageAboveBaseCapacity": 0}, True),
        ({"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 0}, False),
        ({"OnDemandPercentageAboveBaseCapacity": 50}, False),
    ],
)
def test_a_group_of_two_markets_does_not_qualify(distribution: dict[str, int] | None, fits: bool) -> None:
    extra = {} if distribution is None else {"MixedInstancesPolicy": {"InstancesDistribution": distribution}}
    found = [veto.rule for veto in unqualified(parse(FakeGroup(extra=extra).populate(1).document()))]
    assert found == ([] if fits else ["unsupported_group"])
