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
from tests.support.small_engine import Fault, SmallEngine


def under_way(engine: SmallEngine, **changed: Any) -> Replacement:
    before = engine.container("web-1")
    after = engine.container("r-1", labels={"fleet": "edge", "repave.replacement": "r-1"})
    facts = {"predecessor_facts": {"container.name": "web-1"}}
    whole = replacement("r-1", group=engine.url, predecessor=before[:12], successor=after[:12], facts=facts)
    return replace(whole, **changed)


async def held(engine: SmallEngine, clients: SharedClients, ours: Replacement) -> str | None:
    return await DockerPlatform(DockerOptions(host=engine.url, label="fleet=edge"), clients).held(ours)


async def test_nothing_holds_by_itself(engine: SmallEngine, clients: SharedClients) -> None:
    ours = under_way(engine)
    engine.volumes = ["repave-hold-web-2", "shop"]
    assert await held(engine, clients, ours) is None
    assert await held(engine, clients, replace(ours, successor=None)) is None


@pytest.mark.parametrize("volume", ["repave-hold", "repave-hold-web-1", "repave-hold-r-1"])
async def test_a_volume_holds(engine: SmallEngine, clients: SharedClients, volume: str) -> None:
    ours = under_way(engine)
    engine.volumes = [volume]
    words = f"there is a volume {volume}: `docker volume rm {volume}` ends the hold"
    assert await held(engine, clients, ours) == words


@pytest.mark.parametrize("which", ["predecessor", "successor"])
async def test_a_label_holds(engine: SmallEngine, clients: SharedClients, which: str) -> None:
    ours = under_way(engine)
    full = next(one for one in engine.containers if one.startswith(getattr(ours, which)))
    engine.labels(full)["repave.hold"] = ""
    assert (await held(engine, clients, ours) or "").endswith("bears the label repave.hold")


async def test_a_predecessor_that_is_gone_is_held_by_its_name_still(
    engine: SmallEngine, clients: SharedClients
) -> None:
    ours = under_way(engine)
    engine.containers = {key: one for key, one in engine.containers.items() if one["Name"] != "/web-1"}
    assert await held(engine, clients, ours) is None
    engine.volumes = ["repave-hold-web-1"]
    assert await held(engine, clients, ours) is not None


async def test_what_cannot_be_told_is_not_taken_for_a_no(engine: SmallEngine, clients: SharedClients) -> None:
    ours = under_way(engine)
    for where in ("GET /containers/", "GET /volumes"):
        engine.faults = [Fault(where, 400)]
        with pytest.raises(PlatformError):
            await held(engine, clients, ours)


async def test_asking_again_costs_one_look_at_the_volumes(engine: SmallEngine, clients: SharedClients) -> None:
    ours = under_way(engine)
    fleet = DockerPlatform(DockerOptions(host=engine.url, label="fleet=edge"), clients)
    await fleet.held(ours)
    first = len(engine.requests)
    engine.volumes = ["repave-hold-web-1"]
    said = await asyncio.gather(*(fleet.held(ours) for _ in range(20)))
    assert set(said) == {"there is a volume repave-hold-web-1: `docker volume rm repave-hold-web-1` ends the hold"}
    assert engine.requests[first:] == ["GET /volumes"]


async def test_an_engine_that_the_fleet_does_not_have_any_more_is_gone(
    engine: SmallEngine, clients: SharedClients
) -> None:
    with pytest.raises(Gone, match="the fleet has no engine unix:///other.sock"):
        await held(engine, clients, under_way(engine, group="unix:///other.sock"))
