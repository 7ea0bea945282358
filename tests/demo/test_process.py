"""The world is a child process that comes up quickly, shows one AWS only, and is never orphaned."""

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import ClientSession

from controller.demo.process import RunningWorld, WorldError, running_world
from controller.demo.scenario import Scenario
from controller.demo.scenarios import fleet, quick
from tests.support.cloud import client
from tests.support.eventually import eventually
from tests.support.remote_world import RemoteWorld

SCENARIO = quick(fleet("web", instances=1))
a_world = partial(running_world, ready_within_seconds=60)  # a busy machine is no failure
PARENT = """
import asyncio, sys
from controller.demo.process import running_world
from controller.demo.scenarios import fleet, quick

async def main():
    async with running_world(quick(fleet("web", instances=1))) as world:
        print(world.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    return False


async def is_gone(pid: int) -> bool:
    return not is_alive(pid)


@contextlib.asynccontextmanager
async def parent_of_a_world() -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A process that runs a world, and the world's pid; killed in the end if it still lives."""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    try:
        yield parent, int(await parent.stdout.readline())
    finally:
        with contextlib.suppress(ProcessLookupError):
            parent.kill()
        await parent.wait()


async def test_it_answers_while_the_context_lasts_and_ends_with_it() -> None:
    async with a_world(SCENARIO) as world:
        assert world.endpoint.startswith("http://127.0.0.1:")
        assert is_alive(world.pid)
        assert [group.name for group in world.groups] == ["web"]
        async with client(world, "autoscaling") as scaling:
            found = await scaling.describe_auto_scaling_groups()
        ids = tuple(one["InstanceId"] for one in found["AutoScalingGroups"][0]["Instances"])
        assert ids == world.groups[0].instances
    assert not is_alive(world.pid)


async def test_it_ends_when_its_parent_is_killed() -> None:
    async with parent_of_a_world() as (parent, world_pid):
        assert is_alive(world_pid)
        parent.send_signal(signal.SIGKILL)
        await parent.wait()
        await eventually(lambda: is_gone(world_pid), within_seconds=5)


async def test_a_ctrl_c_at_the_terminal_does_not_reach_it() -> None:
    async with a_world(SCENARIO) as world:
        assert os.getpgid(world.pid) != os.getpgid(os.getpid())


async def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.json"
    scenario.write_text(SCENARIO.model_dump_json(), encoding="utf-8")
    world = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "controller.demo.world", "--scenario", str(scenario)), stdout=asyncio.subprocess.PIPE
    )
    assert world.stdout is not None
    ready = json.loads(await world.stdout.readline())
    assert ready["pid"] == world.pid
    world.terminate()
    assert await world.wait() == 0
    assert await world.stdout.read() == b"", "one line, and no more"


async def test_time_passes_by_itself_unless_it_is_frozen() -> None:
    async with a_world(SCENARIO) as world, RemoteWorld(world.control) as remote:

        async def two_serve() -> bool:
            return len((await remote.state())["web"]["serving"]) == 2

        await remote.happen("time", frozen=True)
        await remote.happen("scale", group="web", desired=2)
        await remote.happen("time", advance_seconds=0.2)
        before = await remote.state()
        assert list(before["web"]["members"]) == ["InService", "Pending"]
        await remote.happen("time", frozen=False)
        await eventually(two_serve, within_seconds=60)


async def test_the_same_seed_gives_the_same_ids() -> None:
    async with a_world(SCENARIO) as one, a_world(SCENARIO) as two:
        assert one.groups == two.groups
        assert one.endpoint != two.endpoint


async def test_a_scenario_that_cannot_be_is_told_in_words() -> None:
    broken = SCENARIO.model_copy(update={"region": "eu-nowhere-1"})
    with pytest.raises(WorldError, match="ended at once"):
        async with a_world(broken):
            pytest.fail("it came up")


async def test_a_missing_emulator_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(WorldError) as told:
        async with a_world(SCENARIO):
            pytest.fail("it came up")
    assert str(told.value) == "The embedded AWS needs moto, which is not installed: pip install 'repave[demo]'"


async def test_only_loopback_names_are_served() -> None:
    async with a_world(SCENARIO) as world, ClientSession() as session:
        for path, headers in (("/_world/state", {"Host": "evil.example"}), ("/moto-api/reset", {})):
            async with session.get(world.endpoint + path, headers=headers) as response:
                assert response.status == 403
        async with session.post(world.endpoint + "/", data=BytesIO(b"x" * (2 << 20))) as response:
            assert response.status == 413


async def test_a_driver_that_fails_ends_the_world() -> None:
    async with a_world(SCENARIO) as world:
        async with RemoteWorld(world.control) as remote, client(world, "autoscaling") as scaling:
            await remote.state()
            await scaling.update_auto_scaling_group(
                AutoScalingGroupName="web", LaunchTemplate={"LaunchTemplateName": "web", "Version": "77"}, MaxSize=2
            )
            await scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
        await eventually(lambda: is_gone(world.pid), within_seconds=5)


def test_the_environment_shows_this_aws_and_no_other() -> None:
    world = RunningWorld("http://127.0.0.1:1", "http://127.0.0.1:1/_world", "eu-west-1", 1, ())
    mine = {
        "PATH": "/bin",
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL_EC2": "https://ec2.eu-west-1.amazonaws.com",
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/real",
        "HTTPS_PROXY": "http://proxy:3128",
    }
    shown = world.environment(mine, access_key_id="AKIAONE")
    assert {name for name in shown if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
    }
    assert shown["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert shown["AWS_ACCESS_KEY_ID"] == "AKIAONE"
    assert shown["AWS_CONFIG_FILE"] == os.devnull
    assert (shown["PATH"], shown["NO_PROXY"]) == ("/bin", "127.0.0.1")


def test_a_scenario_survives_its_journey() -> None:
    assert Scenario.model_validate_json(SCENARIO.model_dump_json()) == SCENARIO
