"""Why groups and members are left alone, from what DescribeAutoScalingGroups says of them."""

from typing import Any

import pytest

from controller.domain.veto import Needs, Veto
from controller.platforms.asg.group import GroupView, parse
from controller.platforms.asg.vetoes import REFRESHING, Refresh, group_vetoes, member_vetoes
from tests.platforms.groups import FakeGroup, template


def group_of(rows: int = 3, **extra: Any) -> GroupView:
    return parse(FakeGroup(extra=extra).populate(rows).document())


CALM = Refresh()


def said(view: GroupView, refresh: Refresh = CALM) -> list[tuple[str, str]]:
    return [(veto.rule, veto.reason) for veto in group_vetoes(view, refresh)]


def suspended(*names: str) -> dict[str, Any]:
    return {"SuspendedProcesses": [{"ProcessName": name} for name in names]}


def tagged(*keys: str) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": "x"} for key in keys]}


def one(view: GroupView, **changes: Any) -> tuple[Veto, ...]:
    """The vetoes of a group's first member, after these changes to what is told of it."""
    document = dict(view.document)
    document["Instances"] = [{**document["Instances"][0], **changes}]
    changed = parse(document)
    return member_vetoes(changed, changed.members[0])


def test_an_ordinary_group_and_its_members_have_none() -> None:
    view = group_of()
    assert said(view) == []
    assert [member_vetoes(view, member) for member in view.members] == [(), (), ()]


@pytest.mark.parametrize("process", ["Launch", "Terminate", "AddToLoadBalancer"])
def test_a_suspended_process_that_a_replacement_needs_stops_it(process: str) -> None:
    assert said(group_of(**suspended(process))) == [("platform_busy", f"web has suspended processes: {process}")]


@pytest.mark.parametrize(
    "process",
    ["AZRebalance", "ReplaceUnhealthy", "AlarmNotification", "ScheduledActions", "InstanceRefresh", "HealthCheck"],
)
def test_a_suspended_process_that_only_interferes_does_not(process: str) -> None:
    assert said(group_of(**suspended(process))) == []


def test_without_target_groups_health_checks_are_needed_and_registering_is_not() -> None:
    view = parse(FakeGroup(arns=(), extra=suspended("HealthCheck", "AddToLoadBalancer")).populate(3).document())
    assert said(view) == [("platform_busy", "web has suspended processes: HealthCheck")]


@pytest.mark.parametrize("status", sorted(REFRESHING))
def test_an_active_instance_refresh_stops_it(status: str) -> None:
    (veto,) = group_vetoes(group_of(), Refresh(active=status))
    assert (veto.rule, veto.needs) == ("platform_busy", Needs.WORLD)
    assert status in veto.reason


def test_a_question_about_safety_that_got_no_answer_is_a_no() -> None:
    assert said(group_of(), Refresh(gap="could not be read")) == [("platform_busy", "could not be read")]


def test_a_group_that_is_being_deleted_is_busy() -> None:
    assert said(group_of(Status="Delete in progress"))[0][0] == "platform_busy"


def test_a_full_group_says_its_numbers_and_the_remedy() -> None:
    view = parse(FakeGroup(maximum=3).populate(3).document())
    reason = "web desires 3 of at most 3; MaxSize has to be at least 4 to launch before terminating"
    assert said(view) == [("no_capacity", reason)]


@pytest.mark.parametrize(
    "key",
    [
        "eks:cluster-name",
        "eks:nodegroup-name",
        "kubernetes.io/cluster/prod",
        "k8s.io/cluster-autoscaler/enabled",
        "elasticbeanstalk:environment-name",
        "AWSBatchServiceTag",
        "AmazonECSManaged",
    ],
)
def test_a_group_of_another_controller_is_left_to_it(key: str) -> None:
    ((rule, reason),) = said(group_of(**tagged("Name", key)))
    assert rule == "managed_elsewhere"
    assert key in reason


def test_a_group_that_says_itself_who_operates_it_is_left_to_them() -> None:
    view = group_of(Operator={"Managed": True, "Principal": "eks.amazonaws.com"})
    assert said(view) == [("managed_elsewhere", "web is managed by eks.amazonaws.com")]


@pytest.mark.parametrize("key", ["aws:cloudformation:stack-name", "Name", "myeks:thing"])
def test_other_tags_mean_nothing(key: str) -> None:
    assert said(group_of(**tagged(key))) == []


def mixed(*overrides: dict[str, Any]) -> dict[str, Any]:
    policy = {"LaunchTemplateSpecification": template("1"), "Overrides": list(overrides)}
    return {"LaunchTemplate": None, "MixedInstancesPolicy": {"LaunchTemplate": policy}}


@pytest.mark.parametrize(
    "extra",
    [
        {"LaunchTemplate": None, "LaunchConfigurationName": "old"},
        {"WarmPoolConfiguration": {"MinSize": 1}},
        mixed({"InstanceType": "m5.large", "WeightedCapacity": "2"}),
        {"DesiredCapacityType": "vcpu"},
        {"LoadBalancerNames": ["classic"]},
        {"TrafficSources": [{"Identifier": "arn:aws:vpc-lattice:...", "Type": "vpc-lattice"}]},
    ],
)
def test_a_group_that_cannot_be_repaved_one_by_one_says_so(extra: dict[str, Any]) -> None:
    ((rule, _),) = said(group_of(**extra))
    assert rule == "unsupported_group"


def test_instances_of_several_types_that_count_as_one_each_are_supported() -> None:
    assert said(group_of(**mixed({"InstanceType": "m5.large"}, {"InstanceType": "m6i.large"}))) == []


def test_a_member_that_somebody_protected_is_left_alone() -> None:
    (veto,) = one(group_of(), ProtectedFromScaleIn=True)
    assert (veto.rule, veto.needs) == ("protected", Needs.PERSON)


@pytest.mark.parametrize("extra", [{"NewInstancesProtectedFromScaleIn": True}, tagged("AmazonECSManaged")])
def test_protection_that_the_group_or_ecs_gives_everybody_is_no_persons_word(extra: dict[str, Any]) -> None:
    assert one(group_of(**extra), ProtectedFromScaleIn=True) == ()


@pytest.mark.parametrize("lifecycle", ["Standby", "EnteringStandby", "Detaching", "Quarantined", "SomethingNew"])
def test_a_member_put_aside_is_left_alone(lifecycle: str) -> None:
    (veto,) = one(group_of(), LifecycleState=lifecycle)
    assert veto.rule == "protected"
    assert lifecycle in veto.reason


def test_a_member_that_leaves_is_left_to_the_group() -> None:
    (veto,) = one(group_of(), LifecycleState="Terminating:Wait")
    assert (veto.rule, veto.needs) == ("platform_replacing", Needs.WORLD)


def test_an_unhealthy_member_is_left_to_the_group_that_will_replace_it() -> None:
    (veto,) = one(group_of(), HealthStatus="Unhealthy")
    assert (veto.rule, veto.needs) == ("platform_replacing", Needs.WORLD)


@pytest.mark.parametrize("process", ["ReplaceUnhealthy", "Terminate"])
def test_unless_the_group_was_told_not_to(process: str) -> None:
    assert one(group_of(**suspended(process)), HealthStatus="Unhealthy") == ()
