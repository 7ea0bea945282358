"""Law 1 at the wire of an engine: a daemon that mends is seen, and one that does not is left alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.harness.contract import judged
from tests.e2e.harness.daemon import PLANTED
from tests.e2e.harness.docker_stage import EngineScene, EngineStage
from tests.e2e.harness.docker_stories import ENGINES, REPLACED
from tests.e2e.harness.tap import Tap

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(loop_scope="package")
async def scene(tap: Tap, tmp_path: Path) -> AsyncIterator[EngineScene]:
    async with ENGINES.place(tmp_path, tap, [REPLACED], 1) as place, place.play(REPLACED) as running:
        assert isinstance(place, EngineStage)
        yield running


async def test_a_container_is_replaced_without_a_call_off_the_list(scene: EngineScene) -> None:
    async with scene.daemon() as daemon:
        assert await daemon.ended() == 0
    assert await judged(scene, REPLACED) == []


async def test_a_daemon_that_restarts_what_it_should_replace_is_seen(scene: EngineScene) -> None:
    async with scene.daemon("mends", entry=PLANTED) as daemon:
        assert await daemon.ended() == 0
    found = " | ".join(await judged(scene, REPLACED))
    assert f"docker.ContainerRestart {scene.web[1].name} is not on the list" in found
