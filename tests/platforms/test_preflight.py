"""What a group tried lately and is about to do, and for how long that speaks against one more launch."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.domain.model import Inventory
from controller.domain.veto import Needs, Veto
from controller.platforms.asg.preflight import failing, scheduled
from tests.platforms.conftest import Place
from tests.platforms.groups import T0, FakeGroup

WORDS = "Launching EC2 instance failed: no t3.micro left"


def launch(seconds_ago: float, status: str = "Failed", what: str = "Launching a new EC2 instance") -> dict[str, Any]:
    message = WORDS if status == "Failed" else ""
    at = T0 - timedelta(seconds=seconds_ago)
    return {"Description": what, "StatusCode": status, "StatusMessage": message, "StartTime": at}


def said(*activities: dict[str, Any], now: datetime = T0) -> list[Veto]:
    return list(failing("web", activities, now))


def test_launches_that_fail_one_after_the_other_are_a_reason_to_wait_in_the_groups_own_words() -> None:
    reason = f"the last 2 launches of web failed. Failed: {WORDS}"
    assert said(launch(30), launch(60)) == [Veto("no_capacity", reason, Needs.WORLD, T0 + timedelta(seconds=90))]


@pytest.mark.parametrize(("failures", "minutes"), [(2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (20, 60)])
def test_the_wait_doubles_up_to_an_hour(failures: int, minutes: int) -> None:
    (veto,) = said(*(launch(number) for number in range(failures)))
    assert veto.clears_at == T0 + timedelta(minutes=minutes)
    assert said(*(launch(number) for number in range(failures)), now=veto.clears_at) == []


@pytest.mark.parametrize(
    "activities",
    [
        [],
        [launch(5)],
        [launch(5, "Successful"), launch(10), launch(20), launch(30)],
        [launch(5), launch(10, "Successful"), launch(20), launch(30)],
        [launch(5, what="Terminating EC2 instance: i-1"), launch(6, what="Terminating EC2 instance: i-2")],
        [launch(5, "Cancelled"), launch(10, "Cancelled")],
    ],
)
def test_a_success_ends_it_and_one_failure_is_bad_luck(activities: list[dict[str, Any]]) -> None:
    assert said(*activities) == []


def test_what_is_still_under_way_neither_counts_nor_ends_it() -> None:
    assert len(said(launch(1, "InProgress"), launch(5), launch(10))) == 1


@pytest.mark.parametrize(("seconds", "busy"), [(121, False), (120, True), (0, True), (-29, True), (-30, False)])
def test_a_scheduled_action_is_waited_for(seconds: float, busy: bool) -> None:
    at = T0 + timedelta(seconds=seconds)
    found = list(scheduled("web", [{"ScheduledActionName": "evening", "StartTime": at}], T0))
    said = Veto("platform_busy", f"evening moves web at {at:%H:%M:%S} UTC", Needs.WORLD, at + timedelta(seconds=30))
    assert found == ([said] if busy else [])


def test_an_action_without_a_time_is_none() -> None:
    assert list(scheduled("web", [{"ScheduledActionName": "never"}], T0)) == []


def look(place: Place) -> Inventory:
    seen: Inventory = place.run(place.platform().inventory())
    return seen


def test_both_stand_on_the_group(place: Place) -> None:
    group = place.hold(FakeGroup().populate(1))
    about = {"ActivityId": "a", "AutoScalingGroupName": "web", "Cause": "c"}
    group.activities = [about | launch(age) for age in (5, 9)]
    place.endpoint.schedule = [{"ScheduledActionName": "evening", "StartTime": T0 + timedelta(seconds=60)}]
    (seen,) = look(place).groups
    assert [veto.rule for veto in seen.vetoes] == ["no_capacity", "platform_busy"]


def test_what_cannot_be_read_is_a_gap_and_stops_nothing(place: Place) -> None:
    place.hold(FakeGroup().populate(1))
    place.endpoint.refusals["DescribeScheduledActions"] = (403, "AccessDenied")
    seen = look(place)
    assert seen.groups[0].vetoes == ()
    assert any("about to do could not be read" in gap for gap in seen.gaps)


def test_the_schedule_is_asked_for_every_few_minutes(place: Place) -> None:
    place.hold(FakeGroup().populate(1))
    platform = place.platform()
    for minutes, asked in ((0, 1), (4, 1), (5, 2)):
        place.clock._now = T0 + timedelta(minutes=minutes)
        place.run(platform.inventory())
        assert place.endpoint.count("DescribeScheduledActions") == asked
    place.clock._now = T0
