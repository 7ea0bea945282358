"""The demo's fleet is what the README promises, on paper and over the wire."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from controller.demo.scenario import GroupSpec, MemberSpec, Scenario, StatusCheck, TargetState, Timings
from controller.demo.scenarios import FRESH_IMAGE, demo, fleet, quick
from tests.support.cloud import cloud_of


async def test_the_demo_over_the_wire(tmp_path: Path) -> None:
    async with cloud_of(demo(), tmp_path) as cloud:
        group = await cloud.group("web")
        members = await cloud.members("web")
        assert len(members) == group["DesiredCapacity"] >= 8
        assert 1 <= group["MaxSize"] - group["DesiredCapacity"] <= 2
        zones = Counter(one["AvailabilityZone"] for one in members.values())
        assert len(zones) == 3
        assert max(zones.values()) - min(zones.values()) <= 1

        targets = await cloud.targets("web")
        assert Counter(targets.values()) == {"healthy": len(members) - 1, "unhealthy": 1}
        statuses = (await cloud.ec2.describe_instance_status())["InstanceStatuses"]
        silent = [one["InstanceId"] for one in statuses if one["InstanceStatus"]["Status"] != "ok"]
        metadata = (await cloud.ec2.describe_instance_image_metadata())["InstanceImageMetadata"]
        a_month_ago = datetime.now(UTC) - timedelta(days=30)
        aged = [
            one["InstanceId"]
            for one in metadata
            if datetime.fromisoformat(one["ImageMetadata"]["CreationDate"]) < a_month_ago
        ]
        protected = [id_ for id_, one in members.items() if one["ProtectedFromScaleIn"]]
        unhealthy = [id_ for id_, state in targets.items() if state == "unhealthy"]
        assert len(aged) == 2
        assert len(protected) == len(silent) == 1
        assert set(protected) < set(aged), "the protected one would have to go, so that its veto shows"
        assert not {*unhealthy, *silent} & set(aged), "each of the others has one trouble only"
        assert unhealthy != silent
        template = await cloud.ec2.describe_launch_templates(LaunchTemplateNames=["web"])
        assert template["LaunchTemplates"][0]["DefaultVersionNumber"] == 2


def test_three_replacements_of_the_demo_take_well_under_a_minute() -> None:
    timings = demo().timings
    one = timings.react_seconds + timings.boot_seconds + timings.health_seconds + timings.drain_seconds
    assert 3 * (one + timings.terminate_seconds) < 25


def test_a_fleet_is_spread_and_aged_as_asked() -> None:
    group = fleet(instances=7, aged=3, zones=3, headroom=2)
    assert Counter(member.zone[-1] for member in group.members) == {"a": 3, "b": 2, "c": 2}
    assert [member.version for member in group.members] == [1, 1, 1, 2, 2, 2, 2]
    assert (group.minimum, group.maximum) == (0, 9)
    assert len(quick(fleet("a"), fleet("b"), fleet("c")).groups) == 3


def test_speed_shortens_every_wait_and_not_the_tick() -> None:
    twice = Timings(boot_seconds=3, drain_seconds=2, tick_seconds=0.05).faster(2)
    assert (twice.boot_seconds, twice.drain_seconds, twice.tick_seconds) == (1.5, 1.0, 0.05)
    assert twice.impaired_seconds is None
    assert Timings(impaired_seconds=60).faster(4).impaired_seconds == 15


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"maximum": 1}, "3 members, but min 0 and max 1"),
        ({"minimum": 4}, "3 members, but min 4 and max 4"),
        ({"default_version": 3}, "no image for default version 3"),
        ({"zones": ["eu-west-1a"]}, "none of the group's zones"),
        ({"images": [FRESH_IMAGE], "default_version": 1}, "born of version 2, which has no image"),
        ({"name": "Not A Name"}, "String should match pattern"),
        ({"colour": "blue"}, "Extra inputs are not permitted"),
    ],
)
def test_a_group_that_does_not_hold_together_is_refused(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        GroupSpec.model_validate({**fleet(instances=3).model_dump(), **change})


def test_two_groups_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="same name"):
        Scenario(groups=(fleet("web"), fleet("web")))


def test_members_are_well_unless_said_otherwise() -> None:
    member = MemberSpec(zone="eu-west-1a")
    assert (member.status, member.target, member.protected) == (StatusCheck.OK, TargetState.HEALTHY, False)
