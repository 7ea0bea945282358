"""A whole fleet is rolled to a new image under load: one first, then more at a time, and no request is lost."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.docker.ground import Ground, ground
from tests.support.docker_engine import Api
from tests.support.docker_fleet import Fleet, fleet
from tests.support.docker_images import Image, Recipe, build, move_tag, remove
from tests.support.eventually import eventually
from tests.support.load import Log, load

pytestmark = pytest.mark.alone

CONFIG = {"drift": ["image_digest"], "limits": {"max_in_flight": "20%", "replacements_per_hour": 1000}}
PER_SECOND = 60.0


@dataclass(frozen=True)
class Size:
    """How many containers, and how many seconds their roll may take; machines of a build are busy."""

    containers: int
    seconds: float

    @property
    def most_at_once(self) -> int:
        """20%, rounded down."""
        return self.containers // 5


SAMPLE = Size(10, 120.0)
WHOLE = Size(50, 180.0)


@pytest.mark.timeout(420)
@pytest.mark.parametrize("size", [SAMPLE, pytest.param(WHOLE, marks=pytest.mark.full_matrix)], ids=str)
async def test_a_fleet_is_rolled_and_no_request_is_lost(engine: Api, tmp_path: Path, size: Size) -> None:
    old = await build(engine, f"roll-{size.containers}", Recipe(health_seconds=0, labels={"version": "1"}))
    new = await build(engine, f"roll-{size.containers}-new", Recipe(health_seconds=0, labels={"version": "2"}))
    try:
        async with fleet(engine, old, size.containers) as web, ground(tmp_path, web, checks_ms=500) as place:
            await _roll(place, old, new, size)
    finally:
        await remove(engine, old.reference, new.reference)


async def _roll(place: Ground, old: Image, new: Image, size: Size) -> None:
    web = place.fleet
    before = await web.now()
    place.configure(CONFIG)
    async with place.daemon() as daemon, _told(web) as told:
        await daemon.says(settled=True)
        async with load(place.proxy.url, PER_SECOND, timeout_seconds=15.0) as log, place.watched(0.25):
            await asyncio.sleep(1.0)
            began = time.monotonic()
            await move_tag(web.api, old.reference, new)
            await eventually(lambda: _rolled(place, before, new), within_seconds=size.seconds + 120, every_seconds=0.5)
            took = time.monotonic() - began
            await asyncio.sleep(1.0)
        await daemon.stopped()
    print(f"\n{size.containers} containers in {took:.1f} s; {len(log.outcomes)} requests, {len(log.failures())} failed")
    _nothing_failed(place, log, size)
    _one_first_then_more(told, size)
    assert {one["outcome"] for one in await place.replacements()} == {"replaced"}
    assert took < size.seconds


def _told(web: Fleet) -> AbstractAsyncContextManager[list[dict[str, Any]]]:
    return web.api.telling(type=["container"], event=["create", "destroy", "rename"], label=[web.label])


async def _rolled(place: Ground, before: dict[str, str], new: Image) -> bool:
    """Whether all names are borne by containers of the new image, and by nobody that was there before."""
    listed = await place.api.containers(place.fleet.label)
    names = {one["Names"][0].removeprefix("/") for one in listed}
    left = {one["Id"][:12] for one in listed} & set(before.values())
    assert not left, f"{len(left)} of {len(before)} are left"
    return names == before.keys() and {one["ImageID"] for one in listed} == {new.id}


def _nothing_failed(place: Ground, log: Log, size: Size) -> None:
    assert log.failures() == [], str(log)
    assert [one for one in place.requests() if one.status >= 500 or one.status < 0] == []
    assert len(log.servers()) > size.containers, "old and new served"
    assert [one for one in place.samples if len(one.serving) < size.containers or one.running < size.containers] == []


def _one_first_then_more(told: Sequence[dict[str, Any]], size: Size) -> None:
    """The first successor bears its predecessor's name before the second is created; never more at once than allowed;
    each is created once, and each predecessor is removed after that."""
    actions = [one["Action"] for one in told]
    assert {name: actions.count(name) for name in ("create", "destroy", "rename")} == dict.fromkeys(
        ("create", "destroy", "rename"), size.containers
    )
    assert actions[:3] == ["create", "destroy", "rename"], "a canary"
    surge = most = 0
    for action in actions:
        surge += {"create": 1, "destroy": -1}.get(action, 0)
        most = max(most, surge)
    assert 0 < most <= size.most_at_once
    assert most > 1, "more than one at a time, once the image has proved itself"
