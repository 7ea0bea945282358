"""The wire log tells who asked for what, what took effect, and what was really so."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from botocore.exceptions import ClientError

from controller.demo.scenario import TargetState
from controller.demo.scenarios import fleet
from tests.support.cloud import Cloud, client, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROUPS = (
    fleet("web", instances=3),
    fleet("truth", instances=3),
    fleet("refused", instances=1),
    fleet("at-once", instances=1),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with frozen_cloud(tmp_path_factory.mktemp("wire"), *GROUPS) as running:
        yield running


async def test_each_request_is_a_line_in_order(cloud: Cloud) -> None:
    await cloud.group("web")
    await cloud.set_desired("web", 4)
    lines = cloud.wire()
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert sorted(line["t"] for line in lines) == [line["t"] for line in lines]
    read, change = [line for line in lines if line["kind"] == "request"][-2:]
    assert (read["service"], read["action"], read["mutating"]) == ("autoscaling", "DescribeAutoScalingGroups", False)
    assert (change["action"], change["mutating"], change["effect"]) == ("SetDesiredCapacity", True, True)
    assert change["parameters"] == {"AutoScalingGroupName": "web", "DesiredCapacity": "4"}
    assert (change["status"], change["error"], change["fault"]) == (200, None, None)
    assert (change["key"], change["region"]) == ("AKIATEST", "eu-west-1")


async def test_callers_are_told_apart_by_their_keys(cloud: Cloud) -> None:
    async with client(cloud.world, "autoscaling", key="AKIAOTHER") as other:
        await other.describe_auto_scaling_groups()
    async with client(cloud.world, "sts", key="AKIATHIRD") as third:
        await third.get_caller_identity()
    lines = {line["key"]: line for line in cloud.wire("request")}
    assert lines["AKIAOTHER"]["action"] == "DescribeAutoScalingGroups"
    assert (lines["AKIATHIRD"]["service"], lines["AKIATHIRD"]["action"]) == ("sts", "GetCallerIdentity")
    assert lines["AKIATHIRD"]["mutating"] is False


async def test_a_refused_change_has_its_error_and_no_effect(cloud: Cloud) -> None:
    with pytest.raises(ClientError):
        await cloud.set_desired("refused", 99)
    line = cloud.wire("request")[-1]
    assert (line["mutating"], line["effect"], line["status"], line["error"]) == (True, False, 400, "ValidationError")


async def test_a_services_json_protocol_is_understood(cloud: Cloud) -> None:
    async with client(cloud.world, "ssm") as parameters:
        await parameters.put_parameter(Name="/a", Value="b", Type="String")
        await parameters.get_parameter(Name="/a")
    put, get = cloud.wire("request")[-2:]
    assert (put["action"], put["mutating"], put["parameters"]["Name"]) == ("PutParameter", True, "/a")
    assert (get["action"], get["mutating"]) == ("GetParameter", False)


def history(cloud: Cloud, group: str) -> list[dict[str, Any]]:
    return [line for line in cloud.wire("truth") if line["group"] == group]


async def test_truth_follows_a_whole_replacement(cloud: Cloud) -> None:
    victim = cloud.first("truth").instances[0]
    (start,) = history(cloud, "truth")
    assert (start["desired"], start["minimum"], start["maximum"], len(start["serving"])) == (3, 0, 4, 3)
    await cloud.set_desired("truth", 4)
    await cloud.pass_time(8)
    await cloud.terminate(victim, decrement=True)
    await cloud.pass_time(5)

    lines = history(cloud, "truth")
    (newcomer,) = await cloud.newcomers("truth")
    assert [
        (line["desired"], {state: len(ids) for state, ids in line["members"].items()}, len(line["serving"]))
        for line in lines
    ] == [
        (3, {"InService": 3}, 3),
        (4, {"InService": 3}, 3),
        (4, {"InService": 3, "Pending": 1}, 3),
        (4, {"InService": 4}, 3),
        (4, {"InService": 4}, 4),
        (3, {"InService": 3, "Terminating": 1}, 3),
        (3, {"InService": 3}, 3),
    ]
    assert newcomer in lines[-1]["serving"]
    assert victim not in lines[-1]["serving"]
    events = [line["event"] for line in cloud.wire("event") if line["group"] == "truth"]
    assert events == ["launched", "in_service", "terminating", "gone"]


async def test_truth_follows_a_request_at_once(cloud: Cloud) -> None:
    await cloud.set_desired("at-once", 2)
    request, truth = cloud.wire()[-2:]
    assert (request["kind"], request["action"]) == ("request", "SetDesiredCapacity")
    assert (truth["kind"], truth["group"], truth["desired"]) == ("truth", "at-once", 2)


async def test_truth_follows_an_event_at_once(cloud: Cloud) -> None:
    (only,) = cloud.first("refused").instances
    await cloud.remote.happen("target", instance=only, state=TargetState.UNHEALTHY)
    control, truth = cloud.wire()[-2:]
    assert (control["kind"], control["event"]["kind"]) == ("control", "target")
    assert (truth["kind"], truth["serving"]) == ("truth", [])
    await cloud.remote.happen("target", instance=only, state=TargetState.HEALTHY)
    assert history(cloud, "refused")[-1]["serving"] == [only]
