"""The daemon as a process, in trouble: told twice to stop, without its journal, without AWS."""

import asyncio
import signal
from pathlib import Path
from time import monotonic

import pytest
from aiohttp import ClientSession

from controller.demo.process import running_world
from controller.demo.scenarios import quick
from controller.domain.lifecycle import Phase
from tests.e2e.harness.configuration import write
from tests.e2e.harness.contract import judged
from tests.e2e.harness.daemon import REPAVE, Daemon, process
from tests.e2e.harness.stage import Stage
from tests.e2e.harness.stories import ONE_ZONE, REPLACED
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")

AT_ONCE_SECONDS = 3
IN_TIME_SECONDS = 20


async def status(daemon: Daemon, path: str) -> int:
    """What an endpoint answers."""
    async with ClientSession() as session, session.get(f"{await daemon.url()}/{path}") as response:
        return response.status


async def sentence(daemon: Daemon, words: str) -> None:
    """Wait for a tick whose sentence has these words."""

    async def said() -> bool:
        return any(words in str(line["event"]) for line in daemon.lines())

    await eventually(said, within_seconds=60)


async def test_a_second_signal_ends_it_at_once_and_names_what_is_parked(world: Stage) -> None:
    scene = world.scene(REPLACED.name)
    async with scene.daemon(until_settled=False) as first, scene.held(first, "SetDesiredCapacity", moment="after"):
        replacement = await first.reaches(Phase.LAUNCHING, scene.group.name)
        first.signal(signal.SIGTERM)
        await first.says(event="stopping")
        began = monotonic()
        first.signal(signal.SIGTERM)
        assert await first.ended() == 1
        assert monotonic() - began < AT_ONCE_SECONDS
        last = first.log.read_text(encoding="utf-8").splitlines()[-1]
    parked = f"{replacement} (launching {scene.group.instances[0]} of {scene.group.name})"
    assert last == f"repave: SIGTERM again: ending at once; parked: {parked}"
    async with scene.daemon() as second:
        assert await second.ended() == 0, "what was parked is gone on with"
    assert await judged(scene, REPLACED) == []


async def test_without_its_journal_it_watches_on_and_is_not_ready(world: Stage) -> None:
    scene = world.scene(REPLACED.name, fleet={"max_image_age": "999d"})
    journal = scene.config.with_suffix(".db")
    async with scene.daemon(until_settled=False) as daemon:
        await daemon.ticks(1)
        assert (await status(daemon, "healthz"), await status(daemon, "readyz")) == (200, 200)
        journal.rename(journal.with_suffix(".away"))
        await sentence(daemon, "the journal is not there")
        await daemon.ticks(2)
        assert await status(daemon, "healthz") == 200, "a restart would not bring the journal back"
        assert daemon.process.returncode is None
        daemon.signal(signal.SIGTERM)
        assert await daemon.ended(IN_TIME_SECONDS) == 0


async def test_without_aws_it_says_so_and_comes_back(tmp_path: Path) -> None:
    scenario = quick(ONE_ZONE)
    config = tmp_path / "repave.yaml"
    write(config, "eu-west-1", [ONE_ZONE.name], {"max_image_age": "999d"}, {})
    async with running_world(scenario) as world:
        port = int(world.endpoint.rpartition(":")[2])
        environment = world.environment()
    command = [*REPAVE, "run", "-c", str(config)]
    async with process(command, environment, "AKIAREPAVEDEMO", tmp_path / "log") as daemon:
        await sentence(daemon, "cannot see the fleet: ")
        assert (await status(daemon, "healthz"), await status(daemon, "readyz")) == (200, 200)
        async with running_world(scenario, port=port):
            await sentence(daemon, "3 instances: 3 healthy")
        await daemon.ticks(1)
        daemon.signal(signal.SIGINT)
        assert await daemon.ended(IN_TIME_SECONDS) == 0
        assert not any("Traceback" in line for line in await asyncio.to_thread(_lines, daemon.log))


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines()
