"""What leaves the process, how often, and in whose name; at the wire."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.clients.aws import Aws, AwsScope, Bounds
from controller.domain.errors import Denied, NoCapacity, Permanent, PlatformError, Throttled, Transient
from tests.clients.fake_aws import (
    Answer,
    FakeAws,
    VirtualClock,
    client_of,
    group_names,
    ok,
    refusal,
    role_credentials,
)

HERE = AwsScope(region="eu-west-1")
GROUPS = ("autoscaling", "DescribeAutoScalingGroups")
SET = ("autoscaling", "SetDesiredCapacity")
WANTED: dict[str, Any] = {"AutoScalingGroupName": "web", "DesiredCapacity": 3}
DONE = ok("SetDesiredCapacity")


async def test_a_read_is_parsed_and_signed_for_its_region(aws: Aws, endpoint: FakeAws) -> None:
    endpoint.says("DescribeAutoScalingGroups", group_names(["web"]))
    answer = await aws.read(AwsScope(region="ap-south-1"), *GROUPS, AutoScalingGroupNames=["web"])
    assert [group["AutoScalingGroupName"] for group in answer["AutoScalingGroups"]] == ["web"]
    (request,) = endpoint.requests
    assert (request.service, request.region, request.access_key) == ("autoscaling", "ap-south-1", "OURS")
    assert request.many("AutoScalingGroupNames") == ["web"]


async def test_timestamps_come_out_in_utc(aws: Aws, endpoint: FakeAws) -> None:
    item = "<item><instanceId>i-1</instanceId><launchTime>2026-11-01T12:30:00.250+02:00</launchTime></item>"
    reservations = f"<reservationSet><item><instancesSet>{item}</instancesSet></item></reservationSet>"
    endpoint.says("DescribeInstances", ok("DescribeInstances", reservations, wrapped=False))
    answer = await aws.read(HERE, "ec2", "DescribeInstances")
    launched_at = answer["Reservations"][0]["Instances"][0]["LaunchTime"]
    assert launched_at == datetime(2026, 11, 1, 10, 30, 0, 250_000, tzinfo=UTC)
    assert launched_at.utcoffset() == timedelta(0)


async def test_a_timestamp_in_another_format_is_left_to_the_sdk(aws: Aws, endpoint: FakeAws) -> None:
    item = "<item><instanceId>i-1</instanceId><launchTime>1796040000</launchTime></item>"
    reservations = f"<reservationSet><item><instancesSet>{item}</instancesSet></item></reservationSet>"
    endpoint.says("DescribeInstances", ok("DescribeInstances", reservations, wrapped=False))
    answer = await aws.read(HERE, "ec2", "DescribeInstances")
    launched_at = answer["Reservations"][0]["Instances"][0]["LaunchTime"]
    assert launched_at == datetime.fromtimestamp(1796040000, UTC)


async def test_one_client_per_service_region_and_role_whoever_asks_at_once(aws: Aws, endpoint: FakeAws) -> None:
    endpoint.says("DescribeAutoScalingGroups", group_names([]))
    await asyncio.gather(*(aws.read(HERE, *GROUPS) for _ in range(10)), aws.read(AwsScope(), *GROUPS))
    assert len(endpoint.requests) == 11
    assert list(aws._clients) == [("autoscaling", "eu-west-1", None, None)]


# --- trying again ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        refusal(503, "ServiceUnavailable"),
        refusal(400, "Throttling"),
        Answer("<html>oops</html>", status=500),
        Answer(reset=True),
        Answer("no XML at all"),
    ],
    ids=["503", "throttled", "html", "reset", "garbage"],
)
async def test_a_read_is_tried_again_and_then_no_more(
    aws: Aws, endpoint: FakeAws, clock: VirtualClock, bad: Answer
) -> None:
    endpoint.says("DescribeAutoScalingGroups", bad, bad, group_names(["web"]))
    answer = await aws.read(HERE, *GROUPS)
    assert len(answer["AutoScalingGroups"]) == 1
    assert len(endpoint.requests) == 3
    assert len(clock.slept) == 2
    assert all(0 < seconds <= 2.0 for seconds in clock.slept)

    endpoint.says("DescribeAutoScalingGroups", bad)
    with pytest.raises(Transient) as caught:
        await aws.read(HERE, *GROUPS)
    assert len(endpoint.requests) == 3 + 3
    assert caught.value.call == "autoscaling.DescribeAutoScalingGroups"
    assert not caught.value.perhaps


async def test_a_read_that_is_wrong_is_not_tried_again(aws: Aws, endpoint: FakeAws) -> None:
    endpoint.says("DescribeAutoScalingGroups", refusal(400, "ValidationError"))
    with pytest.raises(Permanent):
        await aws.read(HERE, *GROUPS)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (refusal(503, "ServiceUnavailable"), "ServiceUnavailable"),
        (refusal(500, "InternalFailure"), "InternalFailure"),
        (refusal(400, "RequestTimeout"), "RequestTimeout"),
        (Answer("<html>oops</html>", status=502), "502"),
        (Answer(reset=True), "connection"),
        (Answer(DONE.body, short=True), "connection"),
        (Answer("no XML at all"), "unreadable"),
        (Answer("<html><body>sign in to the wireless network</body></html>"), "unreadable"),
    ],
    ids=["503", "500", "request timeout", "html", "reset", "cut short", "garbage", "portal"],
)
async def test_a_mutation_that_perhaps_happened_is_made_once_and_says_so(
    aws: Aws, endpoint: FakeAws, clock: VirtualClock, bad: Answer, code: str
) -> None:
    endpoint.says("SetDesiredCapacity", bad, DONE)
    with pytest.raises(Transient) as caught:
        await aws.mutate(HERE, *SET, **WANTED)
    assert len(endpoint.requests) == 1
    assert not clock.slept
    assert caught.value.perhaps
    assert caught.value.code == code
    assert caught.value.call == "autoscaling.SetDesiredCapacity"


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (refusal(400, "ScalingActivityInProgress"), Transient),
        (refusal(500, "ResourceContentionFault"), Transient),
        (refusal(400, "ValidationError", "above max value 8"), Permanent),
        (refusal(403, "AccessDenied"), Denied),
        (refusal(400, "InsufficientInstanceCapacity"), NoCapacity),
    ],
)
async def test_a_mutation_that_did_not_happen_is_made_once_and_says_so(
    aws: Aws, endpoint: FakeAws, bad: Answer, kind: type[PlatformError]
) -> None:
    endpoint.says("SetDesiredCapacity", bad, DONE)
    with pytest.raises(kind) as caught:
        await aws.mutate(HERE, *SET, **WANTED)
    assert type(caught.value) is kind
    assert len(endpoint.requests) == 1
    assert not caught.value.perhaps


async def test_a_throttled_mutation_is_tried_again_a_few_times(
    aws: Aws, endpoint: FakeAws, clock: VirtualClock
) -> None:
    slow_down = refusal(400, "Throttling")
    endpoint.says("SetDesiredCapacity", slow_down, slow_down, DONE)
    await aws.mutate(HERE, *SET, **WANTED)
    assert len(endpoint.requests) == 3
    endpoint.says("SetDesiredCapacity", slow_down)
    with pytest.raises(Throttled) as caught:
        await aws.mutate(HERE, *SET, **WANTED)
    assert len(endpoint.requests) == 6
    assert len(clock.slept) == 4
    assert not caught.value.perhaps


async def test_nobody_at_the_endpoint_means_that_nothing_happened(
    aws: Aws, endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.environment(monkeypatch, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    with pytest.raises(Transient, match=r"no connection to http://127\.0\.0\.1:9$") as caught:
        await aws.mutate(HERE, *SET, **WANTED)
    assert not caught.value.perhaps
    assert caught.value.code == "connection"


# --- every wait ends -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [Answer(hang=True), Answer(DONE.body, drip=True)], ids=["no answer", "dripping"])
@pytest.mark.parametrize("bounds", [Bounds(answer_seconds=0.25), Bounds(mutation_seconds=0.5)], ids=["gap", "whole"])
async def test_a_mutation_without_an_answer_ends_and_perhaps_happened(
    endpoint: FakeAws, clock: VirtualClock, bad: Answer, bounds: Bounds
) -> None:
    aws = client_of(clock, bounds)
    endpoint.says("DescribeAutoScalingGroups", group_names([]))
    await aws.read(HERE, *GROUPS)  # connected from here on
    endpoint.says("SetDesiredCapacity", bad)
    async with asyncio.timeout(5.0):
        with pytest.raises(Transient) as caught:
            await aws.mutate(HERE, *SET, **WANTED)
    await aws.aclose()
    assert caught.value.code == "timeout"
    assert caught.value.perhaps
    assert len(endpoint.asked("SetDesiredCapacity")) == 1


async def test_a_read_without_an_answer_ends(endpoint: FakeAws, clock: VirtualClock) -> None:
    aws = client_of(clock, Bounds(answer_seconds=0.25, read_seconds=60.0))
    endpoint.says("DescribeAutoScalingGroups", Answer(hang=True))
    with pytest.raises(Transient) as caught:
        await aws.read(HERE, *GROUPS)
    await aws.aclose()
    assert (caught.value.code, caught.value.perhaps) == ("timeout", False)
    assert len(endpoint.requests) == 3


async def test_an_endless_answer_does_not_fill_the_memory(aws: Aws, endpoint: FakeAws) -> None:
    endpoint.says("DescribeAutoScalingGroups", Answer(b"<x>" + b" " * 33 * 1024 * 1024))
    with pytest.raises(Permanent, match="larger than 32 MiB") as caught:
        await aws.read(HERE, *GROUPS)
    assert caught.value.code == "too_large"
    assert len(endpoint.requests) == 1


# --- pages -----------------------------------------------------------------------------------------------------------


async def test_pages_come_in_order_each_tried_again_by_itself(aws: Aws, endpoint: FakeAws) -> None:
    pages = [group_names(["a"], "2"), refusal(500, "InternalFailure"), group_names(["b"], "3"), group_names(["c"])]
    endpoint.says("DescribeAutoScalingGroups", *pages)
    found = [page["AutoScalingGroups"][0]["AutoScalingGroupName"] async for page in aws.pages(HERE, *GROUPS)]
    assert found == ["a", "b", "c"]
    assert [request.parameters.get("NextToken") for request in endpoint.requests] == [None, "2", "2", "3"]


async def test_a_page_that_comes_twice_is_an_error(aws: Aws, endpoint: FakeAws) -> None:
    endpoint.says("DescribeAutoScalingGroups", group_names(["a"], "again"))
    with pytest.raises(Permanent, match="same page"):
        _ = [page async for page in aws.pages(HERE, *GROUPS)]
    assert len(endpoint.requests) == 2


async def test_pages_without_end_are_an_error_and_never_a_part_taken_for_the_whole(
    endpoint: FakeAws, clock: VirtualClock
) -> None:
    aws = client_of(clock, Bounds(pages=5))
    endpoint.says("DescribeAutoScalingGroups", *(group_names(["a"], str(number)) for number in range(1, 9)))
    with pytest.raises(Permanent, match="more than 5 pages"):
        _ = [page async for page in aws.pages(HERE, *GROUPS)]
    await aws.aclose()
    assert len(endpoint.requests) == 5


# --- in whose name ---------------------------------------------------------------------------------------------------

ROLE = AwsScope(region="eu-west-1", role_arn="arn:aws:iam::123456789012:role/repave", external_id="shared-word")


async def test_a_scope_with_a_role_acts_as_the_role_taken_on_once(aws: Aws, endpoint: FakeAws) -> None:
    endpoint.says("AssumeRole", role_credentials("THEIRS", timedelta(hours=1)))
    endpoint.says("DescribeAutoScalingGroups", group_names([]))
    endpoint.says("DescribeInstances", ok("DescribeInstances", wrapped=False))
    for service, operation in (GROUPS, ("ec2", "DescribeInstances"), GROUPS):
        await aws.read(ROLE, service, operation)
    await aws.read(HERE, *GROUPS)
    (taken,) = endpoint.asked("AssumeRole")
    assert taken.access_key == "OURS"
    assert taken.parameters["RoleArn"] == ROLE.role_arn
    assert taken.parameters["ExternalId"] == "shared-word"
    assert [request.access_key for request in endpoint.requests if request.service != "sts"] == ["THEIRS"] * 3 + [
        "OURS"
    ]


async def test_a_role_is_taken_on_again_before_it_expires(aws: Aws, endpoint: FakeAws) -> None:
    endpoint.says(
        "AssumeRole",
        role_credentials("FIRST", timedelta(minutes=2)),
        role_credentials("SECOND", timedelta(hours=1)),
    )
    endpoint.says("DescribeAutoScalingGroups", group_names([]))
    for _ in range(3):
        await aws.read(ROLE, *GROUPS)
    assert [request.access_key for request in endpoint.asked("DescribeAutoScalingGroups")][1:] == ["SECOND"] * 2


async def test_a_role_that_we_may_not_take_on_is_denied_in_its_own_words(aws: Aws, endpoint: FakeAws) -> None:
    endpoint.says("AssumeRole", refusal(403, "AccessDenied", "not authorized to perform: sts:AssumeRole"))
    with pytest.raises(Denied, match="sts:AssumeRole"):
        await aws.read(ROLE, *GROUPS)
    assert not endpoint.asked("DescribeAutoScalingGroups")


async def test_without_credentials_it_says_what_to_do_and_works_once_they_are_there(
    aws: Aws, endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.says("DescribeAutoScalingGroups", group_names([]))
    endpoint.environment(monkeypatch, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    with pytest.raises(Denied, match="give the task or instance a role") as caught:
        await aws.read(HERE, *GROUPS)
    assert caught.value.code == "no_credentials"
    assert not endpoint.requests
    endpoint.environment(monkeypatch)
    await aws.read(HERE, *GROUPS)


@pytest.mark.parametrize(
    ("scope", "aws_region", "default_region", "expected"),
    [
        (AwsScope(), "eu-north-1", "us-east-2", "eu-north-1"),
        (AwsScope(), None, "us-east-2", "us-east-2"),
        (AwsScope(region="sa-east-1"), "eu-north-1", None, "sa-east-1"),
    ],
)
async def test_the_region_is_the_fleets_own_else_the_environments(
    aws: Aws,
    endpoint: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    scope: AwsScope,
    aws_region: str | None,
    default_region: str | None,
    expected: str,
) -> None:
    endpoint.environment(monkeypatch, AWS_REGION=aws_region, AWS_DEFAULT_REGION=default_region)
    endpoint.says("DescribeAutoScalingGroups", group_names([]))
    await aws.read(scope, *GROUPS)
    assert endpoint.requests[0].region == expected


async def test_without_a_region_it_says_where_to_set_one(
    aws: Aws, endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.environment(monkeypatch, AWS_REGION=None)
    with pytest.raises(Permanent, match="AWS_REGION"):
        await aws.read(AwsScope(), *GROUPS)


def test_a_scope_is_found_in_the_attributes_of_what_was_read_in_it() -> None:
    attributes = {"cloud.region": "eu-west-1", "repave.aws.role_arn": str(ROLE.role_arn), "cloud.provider": "aws"}
    assert AwsScope.of(attributes, "shared-word") == ROLE
    assert AwsScope.of({"cloud.region": "", "repave.aws.role_arn": ""}) == AwsScope()
    assert AwsScope.of({}) == AwsScope()
