"""The emulator decides as IAM documents it: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html"""

from typing import Any

import pytest

from controller.demo.world.iam import Need, Policies, like

ARN = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:1-2:autoScalingGroupName/web-prod"
TAG = {"aws:ResourceTag/repave": "managed"}


def policies(*statements: dict[str, Any]) -> Policies:
    return Policies([{"Version": "2012-10-17", "Statement": list(statements)}])


def allow(action: str | list[str] = "autoscaling:*", resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_nothing_is_allowed_that_nobody_allows() -> None:
    assert not policies().allow(Need("ec2:DescribeInstances"))
    assert not policies(allow("ec2:DescribeImages")).allow(Need("ec2:DescribeInstances"))


def test_actions_compare_without_regard_to_case_and_resources_with() -> None:
    held = policies(allow("AutoScaling:setdesiredcapacity", ARN))
    assert held.allow(Need("autoscaling:SetDesiredCapacity", ARN))
    assert not held.allow(Need("autoscaling:SetDesiredCapacity", ARN.upper()))


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [(ARN, True), (ARN.replace("1-2", "*"), True), (ARN.replace("prod", "p??d"), True), (ARN[:-1], False), ("*", True)],
)
def test_a_resource_has_to_fit_as_a_whole(pattern: str, fits: bool) -> None:
    assert policies(allow(resource=pattern)).allow(Need("autoscaling:SetDesiredCapacity", ARN)) is fits


def test_what_names_a_resource_does_not_allow_what_is_about_all_of_them() -> None:
    held = policies(allow(resource=ARN))
    assert not held.allow(Need("autoscaling:DescribeAutoScalingGroups"))


def test_a_pattern_has_no_other_magic() -> None:
    assert like("a[1].*", "a[1].b")
    assert not like("a[1]", "a1")
    assert like("*", "")
    assert not like("?", "")


def test_a_condition_wants_its_key_and_one_of_its_values() -> None:
    tagged = {"StringEquals": {"aws:ResourceTag/repave": ["managed", "mine"]}}
    held = policies(allow(Condition=tagged))
    assert held.allow(Need("autoscaling:SetDesiredCapacity", ARN, TAG))
    assert held.allow(Need("autoscaling:SetDesiredCapacity", ARN, {"AWS:resourcetag/REPAVE": "mine"}))
    assert not held.allow(Need("autoscaling:SetDesiredCapacity", ARN, {"aws:ResourceTag/repave": "Managed"}))
    assert not held.allow(Need("autoscaling:SetDesiredCapacity", ARN))


def test_every_condition_has_to_hold() -> None:
    both = {"StringEquals": TAG, "StringLike": {"aws:PrincipalTag/team": "web*"}}
    held = policies(allow(Condition=both))
    assert held.allow(Need("autoscaling:X", ARN, {**TAG, "aws:PrincipalTag/team": "website"}))
    assert not held.allow(Need("autoscaling:X", ARN, TAG))


def test_a_denial_wins() -> None:
    held = policies(allow(), {**allow("autoscaling:Terminate*"), "Effect": "Deny"})
    assert held.allow(Need("autoscaling:SetDesiredCapacity"))
    assert not held.allow(Need("autoscaling:TerminateInstanceInAutoScalingGroup"))


@pytest.mark.parametrize(
    "more",
    [{"Condition": {"NumericLessThan": {"s3:max-keys": "1"}}}, {"NotAction": "iam:*"}, {"Principal": "*"}],
)
def test_what_is_not_understood_is_not_taken(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="does not understand"):
        policies(allow(**more))
