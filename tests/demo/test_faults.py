"""Faults on the wire: a harness can stop any request exactly before or after it takes effect."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from botocore.exceptions import BotoCoreError, ClientError

from controller.demo.scenarios import fleet
from tests.support.cloud import Cloud, client, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = (
    "before",
    "dropped",
    "after",
    "nth",
    "refused",
    "lost",
    "reset",
    "late",
    "keyed",
    "params",
    "killed",
    "spoiled",
)
GROUPS = tuple(fleet(name, instances=1, headroom=5) for name in NAMES)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with frozen_cloud(tmp_path_factory.mktemp("faults"), *GROUPS) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def no_rules_left(cloud: Cloud) -> AsyncIterator[None]:
    yield
    await cloud.remote.clear_rules()
    await cloud.remote.release()


async def desired(cloud: Cloud, name: str) -> int:
    return int((await cloud.group(name))["DesiredCapacity"])


def last_change(cloud: Cloud) -> dict[str, Any]:
    return [line for line in cloud.wire("request") if line["mutating"]][-1]


async def test_held_before_it_takes_effect_then_released(cloud: Cloud) -> None:
    rule = await cloud.remote.add_rule(action="SetDesiredCapacity", hold=True, moment="before")
    call = asyncio.create_task(cloud.set_desired("before", 2))
    (held,) = await cloud.remote.waiting(10)
    assert (held["rule"], held["moment"], held["action"]) == (rule, "before", "SetDesiredCapacity")
    assert held["parameters"]["AutoScalingGroupName"] == "before"
    assert await desired(cloud, "before") == 1, "others are answered meanwhile, and it has no effect yet"
    assert not call.done()
    assert await cloud.remote.release(held["id"]) == 1
    await call
    assert await desired(cloud, "before") == 2
    assert not await cloud.remote.waiting()
    assert last_change(cloud)["fault"] == rule


async def test_held_before_and_dropped_never_takes_effect(cloud: Cloud) -> None:
    await cloud.remote.add_rule(action="SetDesiredCapacity", hold=True, moment="before")
    call = asyncio.create_task(cloud.set_desired("dropped", 2))
    (held,) = await cloud.remote.waiting(10)
    await cloud.remote.release(held["id"], "drop")
    with pytest.raises(BotoCoreError):
        await call
    assert await desired(cloud, "dropped") == 1
    assert (last_change(cloud)["effect"], last_change(cloud)["status"]) == (False, None)


async def test_held_after_it_took_effect(cloud: Cloud) -> None:
    await cloud.remote.add_rule(action="SetDesiredCapacity", hold=True, moment="after")
    call = asyncio.create_task(cloud.set_desired("after", 2))
    (held,) = await cloud.remote.waiting(10)
    assert held["moment"] == "after"
    assert await desired(cloud, "after") == 2, "it took effect, and its caller does not know"
    assert last_change(cloud)["effect"] is True, "it is in the log before it is answered"
    assert not call.done()
    await cloud.pass_time(1.5)
    assert await cloud.newcomers("after"), "the world goes on"
    await cloud.remote.release(held["id"], "proceed")
    await call


async def test_a_caller_that_dies_while_held_after_leaves_the_effect(cloud: Cloud) -> None:
    await cloud.remote.add_rule(action="SetDesiredCapacity", hold=True, moment="after")
    call = asyncio.create_task(cloud.set_desired("killed", 3))
    await cloud.remote.waiting(10)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await cloud.remote.release()
    assert await desired(cloud, "killed") == 3


async def test_the_nth_mutating_request_of_any_kind(cloud: Cloud) -> None:
    await cloud.remote.add_rule(service="autoscaling", mutating=True, nth=2, error_code="Throttling")
    await cloud.set_desired("nth", 2)
    await cloud.group("nth")
    with pytest.raises(ClientError, match="Throttling"):
        await cloud.set_desired("nth", 3)
    await cloud.set_desired("nth", 4)
    (rule,) = await cloud.remote.rules()
    assert (rule["seen"], rule["struck"]) == (3, 1)
    assert await desired(cloud, "nth") == 4


async def test_errors_bear_the_shape_of_their_protocol(cloud: Cloud) -> None:
    await cloud.remote.add_rule(service="ec2", error_code="RequestLimitExceeded", error_status=503, times=None)
    await cloud.remote.add_rule(service="elasticloadbalancing", error_code="TargetGroupNotFound")
    await cloud.remote.add_rule(service="ssm", error_code="ThrottlingException")
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            await cloud.ec2.describe_instances()
        assert refused.value.response["Error"]["Code"] == "RequestLimitExceeded"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    with pytest.raises(ClientError, match="TargetGroupNotFound.*injected by the demo world"):
        await cloud.balancers.describe_target_groups()
    async with client(cloud.world, "ssm") as parameters:
        with pytest.raises(ClientError, match="ThrottlingException"):
            await parameters.get_parameter(Name="/a")


async def test_an_error_before_has_no_effect_and_one_after_has(cloud: Cloud) -> None:
    await cloud.remote.add_rule(action="SetDesiredCapacity", error_code="InternalFailure", error_status=500)
    with pytest.raises(ClientError, match="InternalFailure"):
        await cloud.set_desired("refused", 2)
    assert await desired(cloud, "refused") == 1
    assert (last_change(cloud)["effect"], last_change(cloud)["error"]) == (False, "InternalFailure")
    await cloud.remote.clear_rules()
    await cloud.remote.add_rule(
        action="SetDesiredCapacity", moment="after", error_code="InternalFailure", error_status=500
    )
    with pytest.raises(ClientError, match="InternalFailure"):
        await cloud.set_desired("lost", 2)
    assert await desired(cloud, "lost") == 2
    assert (last_change(cloud)["effect"], last_change(cloud)["status"]) == (True, 200)


@pytest.mark.parametrize(("moment", "expected"), [("before", 1), ("after", 2)])
async def test_a_reset_connection(cloud: Cloud, moment: str, expected: int) -> None:
    await cloud.remote.add_rule(action="SetDesiredCapacity", moment=moment, reset=True)
    with pytest.raises(BotoCoreError):
        await cloud.set_desired("reset", 2)
    assert await desired(cloud, "reset") == expected


async def test_a_delay(cloud: Cloud) -> None:
    await cloud.remote.add_rule(action="SetDesiredCapacity", delay_seconds=0.3)
    call = asyncio.create_task(cloud.set_desired("late", 2))
    assert await desired(cloud, "late") == 1
    await call
    assert await desired(cloud, "late") == 2


async def test_only_one_caller_or_one_resource_is_struck(cloud: Cloud) -> None:
    await cloud.remote.add_rule(action="Set*", key="AKIAOTHER", error_code="AccessDenied", times=None)
    await cloud.set_desired("keyed", 2)
    async with client(cloud.world, "autoscaling", key="AKIAOTHER") as other:
        with pytest.raises(ClientError, match="AccessDenied"):
            await other.set_desired_capacity(AutoScalingGroupName="keyed", DesiredCapacity=1)
    await cloud.remote.clear_rules()
    await cloud.remote.add_rule(parameters={"AutoScalingGroupName": "params"}, error_code="AccessDenied", times=None)
    await cloud.set_desired("keyed", 3)
    with pytest.raises(ClientError, match="AccessDenied"):
        await cloud.set_desired("params", 2)


async def test_nonsense_is_refused_with_a_reason(cloud: Cloud) -> None:
    with pytest.raises(ValueError, match="exactly one of"):
        await cloud.remote.add_rule(action="Set*")
    with pytest.raises(ValueError, match="Extra inputs"):
        await cloud.remote.add_rule(hold=True, hodl=True)
    with pytest.raises(ValueError, match="No managed instance found"):
        await cloud.remote.happen("die", instance="i-0123")
    with pytest.raises(ValueError, match="does not match any of the expected tags"):
        await cloud.remote.happen("explode")
    with pytest.raises(ValueError, match="No managed instance found"):
        await cloud.remote.happen("target", instance="i-0123", state="healthy")
    async with ClientSession() as session, session.get(cloud.world.control + "/nowhere") as response:
        assert response.status == 404


async def test_a_stale_answer_is_an_older_one_to_the_same_question(cloud: Cloud) -> None:
    assert await desired(cloud, "spoiled") == 1
    await cloud.pass_time(30)
    await cloud.set_desired("spoiled", 2)
    await cloud.remote.add_rule(action="DescribeAutoScalingGroups", spoil="stale", stale_seconds=10)
    assert await desired(cloud, "spoiled") == 1, "as it was 30 seconds ago"
    assert await desired(cloud, "spoiled") == 2


async def test_an_empty_page_is_not_the_end(cloud: Cloud) -> None:
    await cloud.remote.add_rule(action="DescribeAutoScalingGroups", spoil="empty_page")
    first = await cloud.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["spoiled"])
    assert first["AutoScalingGroups"] == []
    second = await cloud.scaling.describe_auto_scaling_groups(
        AutoScalingGroupNames=["spoiled"], NextToken=first["NextToken"]
    )
    assert [group["AutoScalingGroupName"] for group in second["AutoScalingGroups"]] == ["spoiled"]
    await cloud.remote.add_rule(action="DescribeInstances", spoil="empty_page")
    pages = cloud.ec2.get_paginator("describe_instances").paginate()
    assert [len(page["Reservations"]) > 0 async for page in pages] == [False, True]


async def test_an_answer_cut_short_is_an_error_and_took_effect_all_the_same(cloud: Cloud) -> None:
    await cloud.remote.add_rule(action="SetDesiredCapacity", spoil="truncated")
    with pytest.raises(BotoCoreError):
        await cloud.set_desired("spoiled", 3)
    assert await desired(cloud, "spoiled") == 3


async def test_garbage_comes_instead_of_the_answer(cloud: Cloud) -> None:
    await cloud.remote.add_rule(action="DescribeAutoScalingGroups", spoil="garbage")
    with pytest.raises((KeyError, BotoCoreError, ClientError)):  # the bare SDK finds no result in it
        await cloud.scaling.describe_auto_scaling_groups()


async def test_a_dribbled_answer_is_whole(cloud: Cloud) -> None:
    await cloud.remote.add_rule(action="DescribeAutoScalingGroups", spoil="dribble")
    assert await desired(cloud, "spoiled") > 0
