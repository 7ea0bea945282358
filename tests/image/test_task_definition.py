"""The container of deploy/ecs, started as ECS would start it: its configuration in SSM, its journal in DynamoDB."""

import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from controller.demo.scenario import GroupSpec, ImageSpec, MemberSpec, Scenario
from tests.house.project import ROOT
from tests.support.cloud import Cloud, client, cloud_of
from tests.support.docker_engine import Api
from tests.support.eventually import eventually
from tests.support.image import docker
from tests.support.ports import free_port

pytestmark = pytest.mark.timeout(900)  # the first test that asks for an image may have to build it

CONTAINER: dict[str, Any] = json.loads((ROOT / "deploy/ecs/task-definition.json").read_text(encoding="utf-8"))[
    "containerDefinitions"
][0]
CONFIG = (ROOT / "deploy/terraform/examples/minimal/repave.yaml").read_text(encoding="utf-8")

GROUP = GroupSpec(
    name="web-prod",
    zones=("eu-west-1a", "eu-west-1b"),
    images=(ImageSpec(created_days_ago=2),),
    members=(MemberSpec(zone="eu-west-1a"), MemberSpec(zone="eu-west-1b")),
    minimum=1,
    maximum=4,
)


@pytest_asyncio.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    """An account with the group that the example's configuration names, and a table as deploy/terraform makes it."""
    async with cloud_of(Scenario(seed=1, groups=(GROUP,)), tmp_path) as cloud:
        async with client(cloud.world, "dynamodb") as tables:
            keys = {"pk": "HASH", "sk": "RANGE"}
            await tables.create_table(
                TableName="repave",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            )
            await tables.update_time_to_live(
                TableName="repave",
                TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at_epoch"},
            )
        yield cloud


def as_ecs_would(cloud: Cloud, port: int) -> list[str]:
    """Arguments of `docker run`. The world is on this host's loopback, and so is the daemon then. The limit of open
    files is Fargate's own: an engine with a lower one cannot raise it for a container without capabilities."""
    hard = [
        f"--user={CONTAINER['user']}",
        f"--read-only={str(CONTAINER['readonlyRootFilesystem']).lower()}",
        *(f"--cap-drop={name}" for name in CONTAINER["linuxParameters"]["capabilities"]["drop"]),
        f"--init={str(CONTAINER['linuxParameters']['initProcessEnabled']).lower()}",
        f"--stop-timeout={CONTAINER['stopTimeout']}",
        "--memory=1024m",
        "--network=host",
        "--health-interval=1s",
    ]
    words = {one["name"]: one["value"] for one in CONTAINER["environment"]}
    words |= {one["name"]: "a-token-of-the-test-0123456789" for one in CONTAINER["secrets"]}
    words |= {
        "AWS_ENDPOINT_URL": cloud.world.endpoint,
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "ECS_CONTAINER_METADATA_URI_V4": "http://127.0.0.1:9/v4/0a1b",
        "REPAVE_HEALTH_URL": f"http://127.0.0.1:{port}/healthz",
    }
    return [*hard, *(f"--env={name}={value}" for name, value in words.items())]


async def test_it_gets_healthy_looks_and_ends_by_itself_when_it_is_stopped(
    engine: Api, image: str, cloud: Cloud
) -> None:
    port = free_port()
    name = f"repave-test-{port}-task"
    async with client(cloud.world, "ssm") as parameters:
        text = f"{CONFIG}listen: 127.0.0.1:{port}\n"
        await parameters.put_parameter(Name="/repave/config", Type="String", Value=text)
    assert CONTAINER["healthCheck"]["command"] == ["CMD", "repave", "health"], "which is the image's own"
    docker(engine, "run", "--detach", f"--name={name}", *as_ecs_would(cloud, port), image, *CONTAINER["command"])
    try:

        async def healthy_and_looking() -> bool:
            state = json.loads(docker(engine, "inspect", "--format={{json .State}}", name))
            assert state["Running"], said(engine, name)
            return state["Health"]["Status"] == "healthy" and any(one.get("looked") for one in said(engine, name))

        await eventually(healthy_and_looking, within_seconds=60, every_seconds=0.25)
        docker(engine, "stop", name)
        lines = said(engine, name)
        assert docker(engine, "inspect", "--format={{.State.ExitCode}}", name) == "0", lines
        assert "2 instances: 2 healthy" in {one["event"] for one in lines if one.get("looked")}
    finally:
        docker(engine, "rm", "--force", name, check=False)


def said(engine: Api, name: str) -> list[dict[str, Any]]:
    """The lines of its log; it writes to standard error, and `docker logs` sends them back there."""
    command = ["docker", "logs", name]
    environment = {**os.environ, "DOCKER_HOST": engine.url}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return [json.loads(line) for line in ran.stderr.splitlines() if line.startswith("{")]
