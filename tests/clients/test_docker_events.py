"""The stream of an engine's events: who is woken, what is remembered, and what may have been missed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.clients.docker import Engine
from controller.domain.errors import PlatformError, Transient
from tests.clients.engine_watch import PATIENT, Ear, Hand, comes_back, hurried, watched
from tests.clients.raw_engine import RawEngine, Says, container


@pytest.fixture
def hand(fake: RawEngine) -> Hand:
    return Hand(fake)


@pytest.fixture
async def engine(fake: RawEngine, hand: Hand) -> AsyncIterator[Engine]:
    engine = watched(fake, hand)
    yield engine
    await engine.aclose()


async def test_whoever_watches_is_told_of_what_happens_to_containers(fake: RawEngine, engine: Engine) -> None:
    fake.happens("die", "before")
    fake.now += 5
    ear = Ear(engine)
    await engine.events.seen()
    fake.happens("die", "web-1")
    fake.happens("connect", "front", kind="network")
    fake.happens("health_status: unhealthy", "web-2")
    assert await ear.hears(2) == ["die web-1", "health_status unhealthy web-2"]
    ear.end()
    ear.end()
    second = Ear(engine)
    fake.happens("oom", "web-3")
    assert await second.hears(1) == ["oom web-3"]
    assert len(ear.heard) == 2


async def test_what_happens_before_the_stream_is_there_is_told_too(fake: RawEngine, engine: Engine) -> None:
    ear = Ear(engine)
    fake.happens("die", "web-1")
    assert await ear.hears(1) == ["die web-1"]


async def test_one_stream_serves_everybody_and_ends_with_the_client(fake: RawEngine, engine: Engine) -> None:
    for _ in range(3):
        Ear(engine)
        await engine.events.seen()
    streams = [one for one in fake.requests if one.path == "/events" and "until" not in one.query]
    assert len(streams) == 1
    await engine.aclose()
    await fake.until(lambda: not fake.listening)
    await engine.aclose()


async def test_nothing_is_asked_before_anybody_watches(fake: RawEngine, engine: Engine) -> None:
    await engine.read("ContainerList", "/containers/json")
    assert fake.calls() == ["GET /containers/json"]


async def test_what_was_run_in_a_container_is_remembered_with_its_times(fake: RawEngine, engine: Engine) -> None:
    began = fake.now
    fake.happens("exec_create: /bin/sh -c wget -q http://127.0.0.1: 80", "web-1")
    record = await engine.events.seen()
    for _ in range(3):
        fake.happens("exec_create: /bin/sh -c true", "web-1")
        fake.happens("exec_start: /bin/sh -c true", "web-1")
    fake.happens("exec_die", "web-1")
    fake.happens("exec_start: bash", "web-2")
    fake.now += 1
    record = await engine.events.seen()
    first, check = record.execs("web-1-id".ljust(64, "0"))
    assert (first.command, first.created, first.started) == ("/bin/sh -c wget -q http://127.0.0.1: 80", 1, 0)
    assert (check.command, check.created, check.started) == ("/bin/sh -c true", 3, 3)
    assert (check.first_at.timestamp(), check.last_at.timestamp()) == (began + 0.5, began + 1.75)
    assert [one.command for one in record.execs("web-2-id0000")] == ["bash"]
    assert record.execs("web-3") == ()
    fake.happens("destroy", "web-1")
    fake.now += 1
    assert (await engine.events.seen()).execs("web-1-id0000") == ()


async def test_what_the_stream_dropped_is_found_by_looking_back(fake: RawEngine, engine: Engine) -> None:
    """An engine drops events for a reader that is slow."""
    ear = Ear(engine)
    await engine.events.seen()
    fake.mute = True
    fake.happens("exec_create: id", "web-1")
    fake.now += 1
    assert len((await engine.events.seen()).execs("web-1-id0000")) == 1
    assert ear.heard == ["exec_create id web-1"]
    assert len((await engine.events.seen()).execs("web-1-id0000")) == 1


async def test_an_engine_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    fake = RawEngine(tmp_path / "late.sock")
    hand = Hand(fake)
    engine = watched(fake, hand)
    ear = Ear(engine)
    async with asyncio.timeout(60):
        while not hand.sleeping:
            await asyncio.sleep(0)
    with hurried(engine), pytest.raises(Transient, match="no connection to the engine"):
        await engine.events.seen()
    async with fake:
        await comes_back(fake, hand)
        assert (await engine.events.seen()).gaps == ()
        fake.happens("die", "web-1")
        assert await ear.hears(1) == ["die web-1"]
        await engine.aclose()


async def test_a_stream_that_died_silently_is_found_out(fake: RawEngine, hand: Hand, engine: Engine) -> None:
    """Between them a connection was forgotten, and neither side was told."""
    fake.happens("start", "web-1")
    fake.now += 1
    ear = Ear(engine)
    await engine.events.seen()
    fake.mute = True
    fake.happens("die", "web-1")
    await fake.until(lambda: hand.sleeping)
    await hand.moves(PATIENT.quiet_seconds)
    assert await ear.hears(1) == ["die web-1"]


async def test_pauses_between_tries_grow_up_to_a_limit(fake: RawEngine, hand: Hand, engine: Engine) -> None:
    fake.events = Says(b"", 503)
    Ear(engine)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        fake.now += seconds
        await asyncio.sleep(0)
        if len(slept) == 10:
            fake.events = None
            await asyncio.Event().wait()

    hand.sleep = sleep  # type: ignore[method-assign]
    await fake.until(lambda: sum(one.path == "/events" for one in fake.requests) >= 10)
    async with asyncio.timeout(5):
        while len(slept) < 10:
            await asyncio.sleep(0)
    assert slept == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10, 10]


@pytest.mark.parametrize(
    "answer",
    [
        Says(b"", 500),
        Says(b"<html>", 403, "text/html"),
        Says(b"garbage\n"),
        Says(b"[]\n"),
        Says(b'{"Actor": {}}\n'),
        Says(b'{"Type": "container", "Action": "die", "Actor": {"ID": "1"}, "timeNano": "soon"}\n'),
        Says(b'{"Type": "container", "Action": 7, "Actor": {"ID": "1"}, "timeNano": 1}\n'),
        Says(b'{"Type": "container", "Action": "die", "Actor": {"ID": "1"}, "timeNano": 1e300}\n'),
        Says(b"[" * 50_000 + b"\n"),
        Says(b"x" * 1_200_000),
        Says(hang=True),
        Says(reset=True),
        Says(raw=b"\x00\x01\x02"),
    ],
)
async def test_a_stream_of_anything_else_is_no_stream(
    fake: RawEngine, hand: Hand, engine: Engine, answer: Says
) -> None:
    fake.events = answer
    with hurried(engine), pytest.raises(PlatformError):
        await engine.events.seen()
    fake.events = None
    await comes_back(fake, hand)
    fake.happens("die", "web-1")
    assert (await engine.events.seen()).gaps == ()


async def test_an_event_that_comes_in_pieces_is_one(fake: RawEngine, engine: Engine) -> None:
    ear = Ear(engine)
    await engine.events.seen()
    (writer,) = fake.listening
    fake.mute = True
    event = fake.happens("die", "web-1")
    for half in fake.halves(event):
        writer.write(half)
        await writer.drain()
        await asyncio.sleep(0)
    assert await ear.hears(1) == ["die web-1"]


async def test_what_we_do_ourselves_is_no_news(fake: RawEngine, engine: Engine) -> None:
    fake.containers["r-1"] = container("r-1", "created", **{"repave.replacement": "r-1"})
    ear = Ear(engine)
    await engine.events.seen()
    await engine.mutate("ContainerStart", "/containers/r-1/start")
    fake.happens("start", "r-1")
    await engine.mutate("ContainerStop", "/containers/web-1/stop")
    fake.happens("kill", "web-1")
    fake.happens("die", "web-1")
    await engine.mutate("ContainerDelete", f"/containers/{'web-1-id'.ljust(64, '0')}", method="DELETE")
    fake.happens("destroy", "web-1")
    fake.happens("die", "r-1")
    fake.happens("die", "web-2")
    fake.happens("die", "web-1")
    assert await ear.hears(4) == ["kill web-1", "die r-1", "die web-2", "die web-1"]


async def test_what_we_were_about_to_do_is_news_when_it_comes_much_later(
    fake: RawEngine, hand: Hand, engine: Engine
) -> None:
    ear = Ear(engine)
    await engine.events.seen()
    await engine.mutate("ContainerStop", "/containers/web-1/stop")
    fake.now += 31
    fake.happens("die", "web-1")
    assert await ear.hears(1) == ["die web-1"]
