"""Tags and volumes by which people and data say no, read over a socket."""

from datetime import timedelta
from typing import Any

import pytest

from controller.domain.errors import PlatformError
from controller.domain.lifecycle import Outcome
from controller.domain.model import Inventory
from controller.domain.veto import Needs, Veto
from tests.platforms.conftest import Place
from tests.platforms.driver import accepted
from tests.platforms.groups import FakeGroup

VOLUME = {"VolumeId": "vol-7", "DeleteOnTermination": False}


def look(place: Place) -> Inventory:
    seen: Inventory = place.run(place.platform().inventory())
    return seen


def tagged(**tags: str) -> dict[str, Any]:
    return {"Tags": [{"Key": f"repave:{key}", "Value": value} for key, value in tags.items()]}


def vetoes(place: Place) -> dict[str, tuple[Veto, ...]]:
    return {member.id: member.vetoes for member in look(place).instances}


def test_tags_on_an_instance_are_its_own(place: Place) -> None:
    place.hold(FakeGroup().populate(3))
    place.endpoint.tags = {"i-0": {"repave:hold": "post-mortem"}, "i-1": {"repave:stateful": ""}, "i-9": {"x": "y"}}
    assert vetoes(place) == {
        "i-0": (Veto("held", "i-0 bears the tag repave:hold: post-mortem", Needs.PERSON),),
        "i-1": (Veto("stateful", "i-1 bears the tag repave:stateful", Needs.PERSON),),
        "i-2": (),
    }
    assert place.endpoint.count("DescribeTags") == 1


def test_tags_on_the_group_are_for_all_of_it(place: Place) -> None:
    place.hold(FakeGroup(extra=tagged(hold="release", stateful="")).populate(2))
    (group,) = look(place).groups
    assert group.vetoes == (
        Veto("held", "web bears the tag repave:hold: release", Needs.PERSON),
        Veto("stateful", "web bears the tag repave:stateful", Needs.PERSON),
    )


def test_while_tags_cannot_be_read_every_member_may_be_held(place: Place) -> None:
    place.hold(FakeGroup().populate(2))
    place.endpoint.refusals["DescribeTags"] = (403, "UnauthorizedOperation")
    seen = look(place)
    for member in seen.instances:
        (veto,) = member.vetoes
        assert (veto.rule, veto.needs) == ("held", Needs.WORLD)
        assert "could not be read" in veto.reason
    assert any("tag" in gap for gap in seen.gaps)


@pytest.mark.parametrize(
    ("group", "tags", "said"),
    [
        ({}, {}, None),
        ({}, {"i-0": {"repave:stateful": ""}, "i-1": {"repave:hold": ""}}, None),
        ({}, {"i-0": {"repave:hold": "mine"}}, "i-0 bears the tag repave:hold: mine"),
        (tagged(hold=""), {}, "web bears the tag repave:hold"),
    ],
)
def test_a_replacement_is_held_by_its_group_and_its_instances(
    place: Place, group: dict[str, Any], tags: dict[str, dict[str, str]], said: str | None
) -> None:
    place.hold(FakeGroup(extra=group).populate(3))
    place.endpoint.tags = tags
    assert place.run(place.platform().held(accepted("r-1", "i-0", "eu-west-1a"))) == said


def test_a_stop_that_cannot_be_read_is_an_error_and_not_a_no(place: Place) -> None:
    place.hold(FakeGroup().populate(3))
    place.endpoint.refusals["DescribeTags"] = (403, "UnauthorizedOperation")
    with pytest.raises(PlatformError):
        place.run(place.platform().held(accepted("r-1", "i-0", "eu-west-1a")))


def test_a_volume_that_outlives_its_instance_is_data(place: Place) -> None:
    place.hold(FakeGroup().populate(2))
    place.endpoint.volumes = {"i-0": [{"VolumeId": "vol-1", "DeleteOnTermination": True}, VOLUME]}
    reason = "i-0 keeps data on vol-7: DeleteOnTermination is false"
    assert vetoes(place) == {"i-0": (Veto("stateful", reason, Needs.PERSON),), "i-1": ()}


def test_volumes_are_looked_at_again_after_a_quarter_of_an_hour(place: Place) -> None:
    place.hold(FakeGroup().populate(1))
    platform = place.platform()

    def rules() -> list[str]:
        return [veto.rule for veto in place.run(platform.inventory()).instances[0].vetoes]

    assert rules() == []
    place.endpoint.volumes = {"i-0": [VOLUME]}
    for minutes, expected in ((14, []), (1, ["stateful"]), (14, ["stateful"])):
        place.clock._now += timedelta(minutes=minutes)
        assert rules() == expected
    place.endpoint.refusals["DescribeInstances"] = (403, "UnauthorizedOperation")
    place.clock._now += timedelta(minutes=15)
    assert rules() == ["stateful"], "what was known half an hour ago still counts"
    place.clock._now += timedelta(minutes=16)
    assert rules() == ["platform_busy"], "what is older is not known"
    assert place.endpoint.count("DescribeInstances") == 4


def test_a_volume_attached_in_the_middle_turns_back_before_the_end(place: Place) -> None:
    group = place.hold(FakeGroup(zones=("eu-west-1a",)).populate(2))
    place.endpoint.volumes = {"i-0": [VOLUME]}
    drive = place.drive("i-0")
    done = place.run(drive.run(group.advance))
    assert done.outcome is Outcome.ABORTED
    assert done.failure is not None
    assert done.failure["error_type"] == "stateful"
    assert "i-0" in group.rows
    assert group.desired == 2
