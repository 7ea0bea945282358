"""The laws at the wire of an engine: a daemon that mends is seen, and one that does not is left alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.harness.contract import judged
from tests.e2e.harness.daemon import PLANTED
from tests.e2e.harness.docker_stage import EngineScene, EngineStage
from tests.e2e.harness.docker_stories import ENGINES, REPLACED
from tests.e2e.harness.tap import Tap
from tests.support.docker_laws import broken, capacity, creations, doubled
from tests.support.wiretap import Request

on_one_loop = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(loop_scope="package")
async def scene(tap: Tap, tmp_path: Path) -> AsyncIterator[EngineScene]:
    async with ENGINES.place(tmp_path, tap, [REPLACED], 1) as place, place.play(REPLACED) as running:
        assert isinstance(place, EngineStage)
        yield running


@on_one_loop
async def test_a_container_is_replaced_without_a_call_off_the_list(scene: EngineScene) -> None:
    async with scene.daemon() as daemon:
        assert await daemon.ended() == 0
    assert await judged(scene, REPLACED) == []


@on_one_loop
async def test_a_daemon_that_restarts_what_it_should_replace_is_seen(scene: EngineScene) -> None:
    async with scene.daemon("mends", entry=PLANTED) as daemon:
        assert await daemon.ended() == 0
    found = " | ".join(await judged(scene, REPLACED))
    assert f"docker.ContainerRestart {scene.web[1].name} is not on the list" in found


def made(action: str, name: str, before: str, after: str) -> Request:
    """A call that took effect; who served before and after it, one letter each."""
    target = {"id": name, "name": name, "there": True, "running": False, "successor": True, "labels": {}}
    told = {"query": {"name": name}} if action == "ContainerCreate" else {"target": target}
    return Request(
        *("docker", action, "DAEMON", True), effect=True, before=frozenset(before), after=frozenset(after), **told
    )


SOUND = (
    made("ContainerCreate", "r-1", "abc", "abc"),
    made("ContainerStart", "r-1", "abc", "abcd"),
    made("ContainerStop", "a", "abcd", "bcd"),
    made("ContainerDelete", "a", "bcd", "bcd"),
)


def test_a_sound_replacement_breaks_nothing() -> None:
    assert (capacity(SOUND, 3), doubled(SOUND), broken(SOUND), creations(SOUND)) == ([], [], [], 1)


def test_what_falls_below_what_served_before_the_surge_is_seen() -> None:
    too_early = (SOUND[0], made("ContainerStop", "a", "abc", "bc"))
    assert capacity(too_early, 3) == ["after docker.ContainerStop a, 2 serve where 3 have to"]
    sick_before = (made("ContainerCreate", "r-1", "ab", "ab"), made("ContainerStop", "c", "ab", "ab"))
    assert capacity(sick_before, 3) == []


def test_what_is_done_twice_is_seen() -> None:
    assert doubled((*SOUND, SOUND[0])) == ["r-1 was created 2 times"]
    assert doubled((*SOUND, SOUND[3])) == ["a was removed 2 times"]
