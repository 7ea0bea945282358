"""The fleet at one moment, over a socket: what is asked, how often, and what a missing answer does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.domain.errors import Gone, PlatformError
from controller.domain.model import Inventory
from tests.platforms.conftest import Place
from tests.platforms.groups import T0, FakeGroup, template

OLD, NEW = datetime(2026, 8, 25, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)


def look(place: Place, **options: Any) -> Inventory:
    seen: Inventory = place.run(place.platform(**options).inventory())
    return seen


def test_a_group_is_told_whole(place: Place) -> None:
    place.hold(FakeGroup(minimum=1).populate(3))
    seen = look(place)
    (group,) = seen.groups
    assert (group.name, group.desired, group.minimum, group.maximum) == ("web", 3, 1, 10)
    assert group.launch_image is not None
    assert (group.launch_image.id, group.launch_image.created_at) == ("ami-new", NEW)
    assert group.vetoes == ()
    assert group.attributes["launch_template_version"] == "2"
    assert seen.gaps == ()
    assert seen.read_at == T0


def test_a_member_is_told_whole(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    member = look(place).instance("i-1")
    assert member is not None
    assert (member.group, member.zone, member.healthy, member.serving) == ("web", "eu-west-1b", True, True)
    assert (member.image.id, member.image.created_at) == ("ami-old", OLD)
    assert member.launched_at == datetime(2026, 9, 1, tzinfo=UTC)
    assert member.names == ("ip-i-1.eu-west-1.compute.internal", "ip-i-1", "10.0.0.1")
    assert [(target.balancer, target.state) for target in member.targets] == [(group.arns[0], "healthy")]
    assert member.attributes == {
        "lifecycle": "InService",
        "instance_type": "t3.micro",
        "private_dns": "ip-i-1.eu-west-1.compute.internal",
        "launch_template_id": "lt-1",
        "launch_template_version": "1",
    }


def test_the_scope_is_what_traces_need(place: Place) -> None:
    place.hold(FakeGroup().populate(1))
    assert look(place).scope == {
        "cloud.provider": "aws",
        "cloud.platform": "aws_ec2",
        "cloud.region": "eu-west-1",
        "cloud.account.id": "123456789012",
    }


def test_reading_changes_nothing(place: Place) -> None:
    place.hold(FakeGroup().populate(3))
    look(place)
    assert place.endpoint.writes == []


def test_what_never_changes_is_asked_once(place: Place) -> None:
    group = place.hold(FakeGroup().populate(3))
    platform = place.platform()
    for _ in range(3):
        place.run(platform.inventory())
    asked = {name: place.endpoint.count(name) for name, _ in place.endpoint.asked}
    assert asked == {
        "DescribeAutoScalingGroups": 3,
        "DescribeTargetHealth": 3,
        "DescribeInstanceRefreshes": 3,
        "DescribeScalingActivities": 3,
        "DescribeScheduledActions": 1,
        "DescribeTags": 3,
        "DescribeLaunchTemplateVersions": 3,
        "DescribeInstances": 1,
        "DescribeInstanceImageMetadata": 1,
        "DescribeImages": 1,
    }
    group.scale(1)
    group.advance()
    seen: Inventory = place.run(platform.inventory())
    assert place.endpoint.count("DescribeInstances") == 2
    newcomer = seen.instance("i-new1")
    assert newcomer is not None
    assert newcomer.image.created_at == NEW


def test_a_numbered_template_version_is_asked_once_and_latest_each_time(place: Place) -> None:
    group = place.hold(FakeGroup(extra={"LaunchTemplate": template("1")}).populate(1))
    platform = place.platform()
    for _ in range(2):
        place.run(platform.inventory())
    assert place.endpoint.count("DescribeLaunchTemplateVersions") == 1
    group.extra["LaunchTemplate"] = template("$Latest")
    place.run(platform.inventory())
    place.endpoint.template_images["3"] = "ami-newest"
    place.endpoint.image_dates["ami-newest"] = "2026-11-22T00:00:00.000Z"
    seen: Inventory = place.run(platform.inventory())
    assert seen.groups[0].launch_image is not None
    assert seen.groups[0].launch_image.id == "ami-newest"


@pytest.mark.parametrize("code", ["InvalidAction", "UnauthorizedOperation"])
def test_where_image_metadata_is_not_served_describe_images_has_to_do(place: Place, code: str) -> None:
    group = place.hold(FakeGroup().populate(2))
    place.endpoint.refusals["DescribeInstanceImageMetadata"] = (400, code)
    platform = place.platform()
    seen: Inventory = place.run(platform.inventory())
    assert [member.image.created_at for member in seen.instances] == [OLD, OLD]
    group.scale(1)
    group.advance()
    place.endpoint.image_dates.pop("ami-new")
    place.run(platform.inventory())
    assert place.endpoint.count("DescribeInstanceImageMetadata") == 1


def test_an_outage_of_image_metadata_is_not_remembered(place: Place) -> None:
    group = place.hold(FakeGroup().populate(1))
    place.endpoint.refusals["DescribeInstanceImageMetadata"] = (503, "ServiceUnavailable")
    platform = place.platform()
    place.run(platform.inventory())
    asked = place.endpoint.count("DescribeInstanceImageMetadata")
    place.endpoint.refusals.clear()
    for row in group.rows.values():
        row.image = "ami-other"
    group.populate(2)
    group.rows["i-1"].image = "ami-third"
    place.run(platform.inventory())
    assert place.endpoint.count("DescribeInstanceImageMetadata") > asked


@pytest.mark.parametrize("date", [None, "", "never", "1970-01-01T00:00:00.000Z"])
def test_an_image_without_a_trustworthy_date_has_none_and_is_not_old_for_it(place: Place, date: str | None) -> None:
    place.hold(FakeGroup().populate(1))
    place.endpoint.image_dates.pop("ami-old")
    if date is not None:
        place.endpoint.image_dates["ami-old"] = date
    assert look(place).instances[0].image.created_at is None


def test_a_date_that_nobody_knows_is_asked_for_again_after_a_while(place: Place) -> None:
    place.hold(FakeGroup(extra={"LaunchTemplate": template("1")}).populate(1))
    place.endpoint.image_dates.pop("ami-old")
    platform = place.platform()
    for minutes, expected in ((0, 1), (5, 1), (11, 2)):
        place.clock._now = T0 + timedelta(minutes=minutes)
        place.run(platform.inventory())
        assert place.endpoint.count("DescribeImages") == expected
    place.clock._now = T0


def test_an_instance_that_ec2_does_not_know_yet_has_an_unknown_image(place: Place) -> None:
    group = place.hold(FakeGroup().populate(1))
    place.endpoint.refusals["DescribeInstances"] = (400, "UnauthorizedOperation")
    seen = look(place)
    assert (seen.instances[0].image.id, seen.instances[0].launched_at) == ("unknown", None)
    assert seen.gaps[0].startswith("instances could not be described")
    assert group.serving == 1


def test_a_target_group_that_cannot_be_read_is_unknown_and_not_an_error(place: Place) -> None:
    place.hold(FakeGroup().populate(2))
    place.endpoint.refusals["DescribeTargetHealth"] = (400, "AccessDenied")
    seen = look(place)
    assert {member.targets[0].state for member in seen.instances} == {"unknown"}
    assert not any(member.serving for member in seen.instances)
    assert any("targetgroup/web/1 could not be read" in gap for gap in seen.gaps)


def test_a_member_that_a_target_group_does_not_list_is_unused_there(place: Place) -> None:
    group = place.hold(FakeGroup().populate(2))
    group.rows["i-1"].targets = {}
    member = look(place).instance("i-1")
    assert member is not None
    assert (member.targets[0].state, member.serving) == ("unused", False)


def test_refreshes_that_cannot_be_read_veto_and_are_a_gap(place: Place) -> None:
    place.hold(FakeGroup().populate(1))
    place.endpoint.refusals["DescribeInstanceRefreshes"] = (400, "AccessDenied")
    seen = look(place)
    assert [veto.rule for veto in seen.groups[0].vetoes] == ["platform_busy"]
    assert len(seen.gaps) == 1


def test_an_active_refresh_behind_finished_ones_is_found(place: Place) -> None:
    place.hold(FakeGroup().populate(1))
    place.endpoint.refreshes["web"] = ["Successful", "Baking"]
    assert [veto.rule for veto in look(place).groups[0].vetoes] == ["platform_busy"]


@pytest.mark.parametrize("image", ["resolve:ssm:/golden/image", ""])
def test_a_launch_image_that_cannot_be_told_is_none_and_a_gap(place: Place, image: str) -> None:
    place.hold(FakeGroup().populate(1))
    place.endpoint.template_images["2"] = image
    seen = look(place)
    assert seen.groups[0].launch_image is None
    assert len(seen.gaps) == 1


def test_a_template_that_cannot_be_read_is_a_gap(place: Place) -> None:
    place.hold(FakeGroup().populate(1))
    place.endpoint.refusals["DescribeLaunchTemplateVersions"] = (400, "UnauthorizedOperation")
    seen = look(place)
    assert seen.groups[0].launch_image is None
    assert seen.gaps[0].startswith("what web would launch could not be read")


def test_groups_that_cannot_be_read_are_an_error(place: Place) -> None:
    place.hold(FakeGroup().populate(1))
    place.endpoint.refusals["DescribeAutoScalingGroups"] = (400, "AccessDenied")
    with pytest.raises(PlatformError):
        look(place)


def test_a_name_that_no_group_has_is_said(place: Place) -> None:
    place.hold(FakeGroup().populate(1))
    with pytest.raises(Gone, match="there is no Auto Scaling group named wbe in eu-west-1"):
        look(place, name="wbe", region="eu-west-1")


def test_several_groups_go_by_their_tags(place: Place) -> None:
    place.hold(FakeGroup().populate(2))
    other = FakeGroup("api").populate(1)
    other.rows = {"i-9": other.rows["i-0"]}
    other.rows["i-9"].id = "i-9"
    place.endpoint.groups["api"] = other
    other.extra["Tags"] = [{"Key": "fleet", "Value": "web"}]
    place.endpoint.groups["other"] = FakeGroup("other").populate(0)
    seen = look(place, tags={"fleet": "web"})
    assert [group.name for group in seen.groups] == ["api", "web"]
    assert {member.id: member.group for member in seen.instances} == {"i-9": "api", "i-0": "web", "i-1": "web"}
    with pytest.raises(Gone, match="tagged fleet=edge"):
        look(place, tags={"fleet": "edge"})


def test_protection_is_told_in_words_for_the_core(place: Place) -> None:
    group = place.hold(FakeGroup().populate(1))
    group.rows["i-0"].protected = True
    member = look(place).instances[0]
    assert member.attributes["scale_in_protected"] == "true"
    assert [veto.rule for veto in member.vetoes] == ["protected"]
