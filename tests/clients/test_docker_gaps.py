"""From when to when everything is known that happened on an engine, and what may have been missed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from controller.clients.docker import Engine
from controller.domain.errors import Transient
from tests.clients.engine_watch import Ear, Hand, comes_back, hurried, watched
from tests.clients.raw_engine import RING, RawEngine


@pytest.fixture
def hand(fake: RawEngine) -> Hand:
    return Hand(fake)


@pytest.fixture
async def engine(fake: RawEngine, hand: Hand) -> AsyncIterator[Engine]:
    engine = watched(fake, hand)
    yield engine
    await engine.aclose()


async def test_the_record_says_since_when_and_until_when_it_is_whole(
    fake: RawEngine, hand: Hand, engine: Engine
) -> None:
    hand.is_ahead(40)
    fake.now += 0.6
    oldest = fake.happens("create", "web-1")
    for _ in range(2 * RING):
        fake.happens("exec_start: x", "web-2")
    record = await engine.events.seen()
    assert record.watched_from == datetime.fromtimestamp(fake.ring[0]["timeNano"] / 1e9, UTC)
    assert record.watched_from.timestamp() > oldest["timeNano"] / 1e9
    assert record.seen_until is not None
    assert timedelta() <= hand.now() - record.seen_until <= timedelta(seconds=2)
    assert record.gaps == ()
    early = record.watched_from - timedelta(hours=1)
    assert [gap.reason for gap in record.gaps_since(early)] == ["Repave was not watching yet"]
    assert record.gaps_since(record.watched_from) == ()


async def test_an_empty_engine_is_watched_from_now_on(fake: RawEngine, engine: Engine) -> None:
    record = await engine.events.seen()
    assert record.watched_from is not None
    assert -2 < fake.now - record.watched_from.timestamp() <= 0


async def breaks(fake: RawEngine, hand: Hand, *meanwhile: str) -> None:
    """The stream breaks and comes back, and in between things happen."""
    await fake.stop()
    for action in meanwhile:
        fake.happens(action, "web-1")
    await fake.start()
    await comes_back(fake, hand)


async def test_a_break_is_bridged_when_the_engine_still_has_the_last_event_from_before(
    fake: RawEngine, hand: Hand, engine: Engine
) -> None:
    fake.happens("start", "web-1")
    fake.now += 5
    ear = Ear(engine)
    await engine.events.seen()
    await breaks(fake, hand, "exec_create: id", "die")
    record = await engine.events.seen()
    assert record.gaps == ()
    assert [one.command for one in record.execs("web-1-id0000")] == ["id"]
    assert await ear.hears(2) == ["exec_create id web-1", "die web-1"]


@pytest.mark.parametrize("forgets", ["by a restart", "because so much happened"])
async def test_a_break_over_which_the_engine_forgets_is_a_gap(
    fake: RawEngine, hand: Hand, engine: Engine, forgets: str
) -> None:
    fake.happens("start", "web-1")
    fake.now += 1
    before = fake.now
    await engine.events.seen()
    await fake.stop()
    if forgets == "by a restart":
        fake.ring.clear()
    for _ in range(RING + 5 if forgets != "by a restart" else 3):
        fake.happens("exec_create: id", "web-1")
    await fake.start()
    await comes_back(fake, hand)
    record = await engine.events.seen()
    (gap,) = record.gaps
    assert before - 2 <= gap.from_at.timestamp() <= before
    assert gap.until_at == datetime.fromtimestamp(fake.ring[0]["timeNano"] / 1e9, UTC)
    assert record.gaps_since(gap.until_at) == ()
    assert record.gaps_since(gap.from_at) == (gap,)


async def test_what_the_stream_dropped_while_too_much_happened_is_a_gap(
    fake: RawEngine, hand: Hand, engine: Engine
) -> None:
    fake.happens("start", "web-1")
    fake.now += 1
    await engine.events.seen()
    fake.mute = True
    for _ in range(RING + 5):
        fake.happens("exec_create: id", "web-1")
    (gap,) = (await engine.events.seen()).gaps
    assert gap.reason == "the engine told more than could be heard"
    assert gap.until_at == datetime.fromtimestamp(fake.ring[0]["timeNano"] / 1e9, UTC)


async def test_what_the_stream_brings_is_no_gap_however_much_it_is(fake: RawEngine, hand: Hand, engine: Engine) -> None:
    ear = Ear(engine)
    fake.happens("start", "web-1")
    fake.now += 1
    await engine.events.seen()
    before = len(ear.heard)
    for _ in range(3 * RING):
        fake.happens("exec_create: id", "web-1")
    await ear.hears(before + 3 * RING)
    fake.now += 1
    record = await engine.events.seen()
    assert record.gaps == ()
    assert record.execs("web-1-id0000")[0].created == 3 * RING


async def test_a_break_before_the_first_event_is_a_gap(fake: RawEngine, hand: Hand, engine: Engine) -> None:
    """Where nothing is known for certain, a restart cannot be told from silence."""
    await engine.events.seen()
    await breaks(fake, hand)
    assert len((await engine.events.seen()).gaps) == 1


async def test_while_the_engine_is_away_the_gap_is_open_and_nobody_can_say(
    fake: RawEngine, hand: Hand, engine: Engine
) -> None:
    record = await engine.events.seen()
    await fake.stop()
    for _ in range(2):
        with hurried(engine), pytest.raises(Transient, match=r"SystemEvents: .*(broke|no connection)"):
            await engine.events.seen()
    async with asyncio.timeout(5):
        while not record.gaps:
            await asyncio.sleep(0)
    (gap,) = record.gaps
    assert gap.until_at is None
    assert record.gaps_since(hand.now() + timedelta(days=1)) == (gap,)
    await fake.start()
    await comes_back(fake, hand)
    assert (await engine.events.seen()).gaps[-1].until_at is not None
