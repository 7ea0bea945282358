"""What stops a replacement that is under way, with no API of ours: asked before every call."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from controller.app.clients import SharedClients
from controller.domain.errors import Gone, PlatformError
from controller.domain.replacement import Replacement
from controller.platforms.docker import DockerPlatform
from controller.platforms.docker.options import DockerOptions
from tests.support.builders import replacement
from tests.support.fake_engine import FakeEngine


def under_way(engine: FakeEngine, **changed: Any) -> Replacement:
    before = engine.container("web-1")
    after = engine.container("r-1", labels={"fleet": "edge", "repave.replacement": "r-1"})
    facts = {"predecessor_facts": {"container.name": "web-1"}}
    whole = replacement("r-1", group=engine.url, predecessor=before.id[:12], successor=after.id[:12], facts=facts)
    return replace(whole, **changed)


async def held(engine: FakeEngine, clients: SharedClients, ours: Replacement) -> str | None:
    return await DockerPlatform(DockerOptions(host=engine.url, label="fleet=edge"), clients).held(ours)


async def test_nothing_holds_by_itself(engine: FakeEngine, clients: SharedClients) -> None:
    ours = under_way(engine)
    engine.volumes = {"repave-hold-web-2", "shop"}
    assert await held(engine, clients, ours) is None
    assert await held(engine, clients, replace(ours, successor=None)) is None


@pytest.mark.parametrize("volume", ["repave-hold", "repave-hold-web-1", "repave-hold-r-1"])
async def test_a_volume_holds(engine: FakeEngine, clients: SharedClients, volume: str) -> None:
    ours = under_way(engine)
    engine.volumes = {volume}
    words = f"there is a volume {volume}: `docker volume rm {volume}` ends the hold"
    assert await held(engine, clients, ours) == words


@pytest.mark.parametrize("which", ["predecessor", "successor"])
async def test_a_label_holds(engine: FakeEngine, clients: SharedClients, which: str) -> None:
    ours = under_way(engine)
    engine.find(getattr(ours, which)).document["Config"]["Labels"]["repave.hold"] = ""
    assert (await held(engine, clients, ours) or "").endswith("bears the label repave.hold")


async def test_a_predecessor_that_is_gone_is_held_by_its_name_still(engine: FakeEngine, clients: SharedClients) -> None:
    ours = under_way(engine)
    del engine.containers[engine.named("web-1").id]
    assert await held(engine, clients, ours) is None
    engine.volumes = {"repave-hold-web-1"}
    assert await held(engine, clients, ours) is not None


async def test_what_cannot_be_told_is_not_taken_for_a_no(engine: FakeEngine, clients: SharedClients) -> None:
    ours = under_way(engine)
    for path in (*(f"/containers/{one}/json" for one in (ours.predecessor, ours.successor)), "/volumes"):
        engine.answers.clear()
        engine.refuses(path, 400)
        with pytest.raises(PlatformError):
            await held(engine, clients, ours)


async def test_asking_again_costs_one_look_at_the_volumes(engine: FakeEngine, clients: SharedClients) -> None:
    ours = under_way(engine)
    fleet = DockerPlatform(DockerOptions(host=engine.url, label="fleet=edge"), clients)
    await fleet.held(ours)
    first = len(engine.calls())
    engine.volumes = {"repave-hold-web-1"}
    said = await asyncio.gather(*(fleet.held(ours) for _ in range(20)))
    assert set(said) == {"there is a volume repave-hold-web-1: `docker volume rm repave-hold-web-1` ends the hold"}
    assert engine.calls()[first:] == ["GET /volumes"]


async def test_an_engine_that_the_fleet_does_not_have_any_more_is_gone(
    engine: FakeEngine, clients: SharedClients
) -> None:
    with pytest.raises(Gone, match="the fleet has no engine unix:///other.sock"):
        await held(engine, clients, under_way(engine, group="unix:///other.sock"))
