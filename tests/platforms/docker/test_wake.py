"""Which words of an engine are worth a look at once: what happens to members, and is not our own doing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.app.clients import SharedClients
from controller.clients.docker import Engine, Engines
from controller.clients.docker_transport import EngineAddress
from controller.platforms.docker import DockerPlatform
from controller.platforms.docker.options import DockerOptions
from controller.platforms.docker.wake import bears
from tests.clients.engine_watch import Hand, watched
from tests.clients.raw_engine import RawEngine, container


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[RawEngine]:
    async with RawEngine(tmp_path / "engine.sock") as fake:
        yield fake


class Fleet:
    """A fleet on one engine, and how often it was asked to look. last: wakes it by an event that is worth a look."""

    def __init__(self, fake: RawEngine, label: str = "fleet=edge") -> None:
        self._fake = fake
        hand = Hand(fake)
        clients, engines = SharedClients(hand), Engines(hand)
        self.engine: Engine = watched(fake, hand)
        engines._engines[EngineAddress(fake.url)] = self.engine
        clients._made[Engines] = engines
        self.aclose = clients.aclose
        self.woken = 0
        self._news = asyncio.Event()
        self.end = DockerPlatform(DockerOptions(host=fake.url, label=label), clients).on_change(self._wake)

    def _wake(self) -> None:
        self.woken += 1
        self._news.set()

    async def wakes(self, *events: str, **labels: str) -> int:
        """How often these events ask for a look."""
        await self.engine.events.seen()
        before = self.woken
        for event in events:
            self._fake.happens(event, "web-1", **labels)
        self._news.clear()
        self._fake.happens("oom", "web-9", fleet="edge", last="")
        async with asyncio.timeout(5):
            await self._news.wait()
            self._fake.now += 1
        await self.engine.events.seen()
        return self.woken - before - 1


@pytest.mark.parametrize("event", ["die", "oom", "destroy", "start", "health_status: unhealthy"])
async def test_what_ends_begins_or_sickens_a_member_is_worth_a_look(fake: RawEngine, event: str) -> None:
    fleet = Fleet(fake)
    assert await fleet.wakes(event, fleet="edge") == 1
    assert await fleet.wakes(event, fleet="core") == 0
    assert await fleet.wakes(event) == 0
    await fleet.aclose()


async def test_what_a_health_check_or_a_person_does_all_the_time_is_not(fake: RawEngine) -> None:
    fleet = Fleet(fake)
    idle = ("exec_create: true", "exec_start: true", "exec_die", "health_status: healthy", "top", "create", "kill")
    assert await fleet.wakes(*idle, fleet="edge") == 0
    await fleet.aclose()


async def test_what_we_do_ourselves_is_not(fake: RawEngine) -> None:
    fake.containers["web-1"] = container("web-1", "created", **{"repave.replacement": "web-1"})
    fleet = Fleet(fake)
    await fleet.engine.mutate("ContainerStart", "/containers/web-1/start")
    await fleet.engine.mutate("ContainerStop", "/containers/web-1/stop")
    await fleet.engine.mutate("ContainerDelete", "/containers/web-1", method="DELETE")
    assert await fleet.wakes("start", "die", "destroy", fleet="edge") == 0
    assert await fleet.wakes("start", "die", "destroy", fleet="edge") == 3, "but only once"
    await fleet.aclose()


async def test_nobody_is_woken_any_more_after_the_end(fake: RawEngine) -> None:
    fleet = Fleet(fake)
    await fleet.engine.events.seen()
    fleet.end()
    fake.happens("die", "web-1", fleet="edge")
    fake.now += 1
    await fleet.engine.events.seen()
    assert fleet.woken == 0
    await fleet.aclose()


def test_a_label_is_a_key_or_a_key_with_its_value() -> None:
    labels = {"fleet": "edge", "empty": ""}
    assert bears(labels, "fleet")
    assert bears(labels, "fleet=edge")
    assert bears(labels, "empty=")
    assert not bears(labels, "fleet=edg")
    assert not bears(labels, "fleet=")
    assert not bears(labels, "edge")
