"""DescribeAutoScalingGroups, parsed."""

import pytest

from controller.domain.model import InstanceState
from controller.platforms.asg.group import parse
from tests.platforms.groups import FakeGroup, Row, template

STATES = {
    "Pending": InstanceState.PENDING,
    "Pending:Wait": InstanceState.PENDING,
    "Pending:Proceed": InstanceState.PENDING,
    "InService": InstanceState.IN_SERVICE,
    "EnteringStandby": InstanceState.STANDBY,
    "Standby": InstanceState.STANDBY,
    "Terminating": InstanceState.TERMINATING,
    "Terminating:Wait": InstanceState.TERMINATING,
    "Terminating:Proceed": InstanceState.TERMINATING,
    "Terminating:Retained": InstanceState.TERMINATING,
    "Terminated": InstanceState.TERMINATING,
    "Detaching": InstanceState.DETACHED,
    "Detached": InstanceState.DETACHED,
    "ReplacingRootVolume:Wait": InstanceState.STANDBY,
}


@pytest.mark.parametrize(("lifecycle", "state"), STATES.items())
def test_every_life_cycle_state_has_a_word_that_all_platforms_share(lifecycle: str, state: InstanceState) -> None:
    group = FakeGroup(rows={"i-1": Row("i-1", "a", lifecycle)})
    assert parse(group.document()).members[0].state is state


def test_members_of_the_warm_pool_are_not_members() -> None:
    group = FakeGroup(rows={"i-1": Row("i-1", "a"), "i-2": Row("i-2", "a", "Warmed:Stopped")})
    assert [member.id for member in parse(group.document()).members] == ["i-1"]


def test_only_pending_and_serving_members_count_towards_the_desired_capacity() -> None:
    states = ("InService", "Pending:Wait", "Standby", "Terminating", "Detached")
    rows = {f"i-{number}": Row(f"i-{number}", "a", state) for number, state in enumerate(states)}
    view = parse(FakeGroup(rows=rows).document())
    assert view.counted == 2
    assert [view.staying(one) is not None for one in rows] == [True, True, True, False, False]


def test_target_groups_count_however_they_were_attached() -> None:
    sources = [{"Identifier": "arn:b", "Type": "elbv2"}, {"Identifier": "arn:c", "Type": "elb"}]
    group = FakeGroup(arns=("arn:a", "arn:b"), extra={"TrafficSources": sources})
    assert parse(group.document()).target_groups == ("arn:a", "arn:b")


def test_a_template_without_a_version_is_the_default_one() -> None:
    view = parse(FakeGroup(extra={"LaunchTemplate": {"LaunchTemplateId": "lt-1"}}).document())
    assert view.template is not None
    assert view.template.version == "$Default"


def test_a_mixed_instances_policy_names_the_template_too() -> None:
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": template("7"), "Overrides": []}}
    view = parse(FakeGroup(extra={"LaunchTemplate": None, "MixedInstancesPolicy": policy}).document())
    assert view.template is not None
    assert (view.template.id, view.template.version) == ("lt-1", "7")
