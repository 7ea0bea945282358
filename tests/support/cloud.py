"""A world and a customer of it: real HTTP through aiobotocore, as the daemon would."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from controller.demo.process import RunningWorld
from controller.demo.scenario import GroupSpec, Scenario, Timings
from tests.support.remote_world import RemoteWorld
from tests.support.worlds import forked_world

CONFIG = AioConfig(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)


@dataclass
class Cloud:
    """Three clients, the control pages and the wire log of one running world."""

    world: RunningWorld
    remote: RemoteWorld
    scaling: Any
    ec2: Any
    balancers: Any
    wire_log: Path

    async def pass_time(self, seconds: float) -> None:
        """Move the time of a frozen world on; its driver has done all its work when this returns."""
        await self.remote.happen("time", advance_seconds=seconds)

    async def group(self, name: str) -> dict[str, Any]:
        found = await self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        (group,) = found["AutoScalingGroups"]
        return dict(group)

    async def members(self, name: str) -> dict[str, dict[str, Any]]:
        return {member["InstanceId"]: member for member in (await self.group(name))["Instances"]}

    async def lifecycle(self, name: str, instance_id: str) -> str:
        """`Pending`, `InService`, `Terminating` ..., or `gone`."""
        member = (await self.members(name)).get(instance_id)
        return str(member["LifecycleState"]) if member else "gone"

    async def instance_state(self, instance_id: str) -> str:
        """What EC2 says: `pending`, `running`, `shutting-down`, `terminated`."""
        found = await self.ec2.describe_instances(InstanceIds=[instance_id])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    async def newcomers(self, name: str) -> dict[str, dict[str, Any]]:
        """The members that were not there when the world began."""
        known = self.first(name).instances
        return {id_: member for id_, member in (await self.members(name)).items() if id_ not in known}

    def first(self, name: str) -> Any:
        """The group as it was when the world began."""
        return next(group for group in self.world.groups if group.name == name)

    async def targets(self, name: str, *instance_ids: str) -> dict[str, str]:
        """The state of each target of the group's first target group: `healthy`, `draining` ..."""
        asked = {"Targets": [{"Id": id_} for id_ in instance_ids]} if instance_ids else {}
        arn = self.first(name).target_groups[0]
        found = await self.balancers.describe_target_health(TargetGroupArn=arn, **asked)
        return {one["Target"]["Id"]: one["TargetHealth"]["State"] for one in found["TargetHealthDescriptions"]}

    async def target_state(self, name: str, instance_id: str) -> str:
        """The state that a listing gives, or `unlisted`."""
        return (await self.targets(name)).get(instance_id, "unlisted")

    async def activities(self, name: str) -> list[dict[str, Any]]:
        found = await self.scaling.describe_scaling_activities(AutoScalingGroupName=name)
        return list(found["Activities"])

    async def set_desired(self, name: str, desired: int) -> None:
        await self.scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=desired)

    async def terminate(self, instance_id: str, *, decrement: bool) -> dict[str, Any]:
        answer = await self.scaling.terminate_instance_in_auto_scaling_group(
            InstanceId=instance_id, ShouldDecrementDesiredCapacity=decrement
        )
        return dict(answer["Activity"])

    def wire(self, kind: str | None = None) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.wire_log.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if kind in (None, line["kind"])]


STEADY = Timings(
    react_seconds=1,
    boot_seconds=3,
    health_seconds=2,
    drain_seconds=2,
    terminate_seconds=1,
    retry_seconds=5,
    impaired_seconds=60,
    tick_seconds=0.1,
)
"""Timings of a frozen world. A test passes a little more than a phase lasts: a transition happens at the next tick."""


@asynccontextmanager
async def frozen_cloud(folder: Path, *groups: GroupSpec) -> AsyncIterator[Cloud]:
    """A world whose time passes only by `pass_time`, so that no test of it depends on how busy the machine is."""
    async with cloud_of(Scenario(seed=1, timings=STEADY, groups=groups), folder, frozen=True) as cloud:
        yield cloud


@asynccontextmanager
async def cloud_of(
    scenario: Scenario, folder: Path, key: str = "AKIATEST", *, frozen: bool = False
) -> AsyncIterator[Cloud]:
    """Run a scenario, and open clients that sign with `key`."""
    wire_log = folder / "wire.jsonl"
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(forked_world(scenario, wire_log, frozen=frozen))
        remote = await stack.enter_async_context(RemoteWorld(world.control))
        scaling = await stack.enter_async_context(client(world, "autoscaling", key))
        ec2 = await stack.enter_async_context(client(world, "ec2", key))
        balancers = await stack.enter_async_context(client(world, "elbv2", key))
        yield Cloud(world, remote, scaling, ec2, balancers, wire_log)


def client(world: RunningWorld, service: str, key: str = "AKIATEST") -> Any:
    """An aiobotocore client for the world, as an async context manager."""
    return get_session().create_client(
        service,
        endpoint_url=world.endpoint,
        region_name=world.region,
        aws_access_key_id=key,
        aws_secret_access_key="not-a-secret",
        config=CONFIG,
    )
