"""One answer for all who ask the same for the same moment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from controller.clients.docker import Engine, Engines
from controller.clients.docker_looks import EngineLooks
from controller.domain.errors import PlatformError
from tests.clients.fake_aws import VirtualClock
from tests.probes.fleet import NOW
from tests.support.fake_engine import FakeEngine

INSPECT: tuple[str, str, dict[str, str]] = ("ContainerInspect", "/containers/ab/json", {})


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    async with FakeEngine() as fake:
        fake.says("/containers/ab/json", {"Id": "ab"})
        yield fake


@pytest.fixture
async def client(engine: FakeEngine) -> AsyncIterator[Engine]:
    engines = Engines(VirtualClock(NOW))
    yield engines.at(engine.addresses[0])
    await engines.aclose()


@pytest.fixture
async def looks() -> AsyncIterator[EngineLooks]:
    made = EngineLooks(VirtualClock(NOW))
    yield made
    await made.aclose()


async def test_the_same_question_for_the_same_moment_is_asked_once(
    engine: FakeEngine, client: Engine, looks: EngineLooks
) -> None:
    answers = await asyncio.gather(*(looks.read(client, NOW, *INSPECT) for _ in range(5)))
    answers.append(await looks.read(client, NOW, *INSPECT))
    assert answers == [{"Id": "ab"}] * 6
    assert len(engine.requests) == 1


async def test_another_moment_is_another_question(engine: FakeEngine, client: Engine, looks: EngineLooks) -> None:
    await looks.read(client, NOW, *INSPECT)
    await looks.read(client, NOW + timedelta(milliseconds=1), *INSPECT)
    assert len(engine.requests) == 2


async def test_who_leaves_takes_nothing_from_the_others(engine: FakeEngine, client: Engine, looks: EngineLooks) -> None:
    leaver, stayer = (asyncio.create_task(looks.read(client, NOW, *INSPECT)) for _ in range(2))
    await asyncio.sleep(0)
    leaver.cancel()
    assert await stayer == {"Id": "ab"}
    assert len(engine.requests) == 1


async def test_an_error_is_everybodys(engine: FakeEngine, client: Engine, looks: EngineLooks) -> None:
    engine.says("/containers/ab/json", {"message": "no"}, 400)
    answers = await asyncio.gather(*(looks.read(client, NOW, *INSPECT) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(answer, PlatformError) for answer in answers)
    assert len(engine.requests) == 1


async def test_answers_are_forgotten(client: Engine, looks: EngineLooks) -> None:
    for look in range(10):
        await looks.read(client, NOW + timedelta(seconds=5 * look), *INSPECT)
    assert len(looks._asked) == 1
