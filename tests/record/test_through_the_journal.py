"""With the real journal in between: events in, spans into its outbox, out over a socket."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.domain.ports import Budget
from controller.domain.replacement import Event, Replacement
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.record.delivery import Delivery
from tests.record import stories
from tests.record.reading import PROJECTOR
from tests.record.receivers import HandClock, backend, scripted

PLENTY = Budget(100, 100, 100, 100)


@pytest.fixture
def sql(tmp_path: Path) -> Iterator[SqlJournal]:
    journal = SqlJournal.open(f"sqlite:///{tmp_path}/repave.db", PROJECTOR)
    yield journal
    journal.close()


def under_another_id(events: list[Event], name: str) -> list[Event]:
    accepted = replace(events[0], facts={**events[0].facts, "predecessor": f"i-{name}"})
    return [replace(event, replacement_id=f"r-{name}") for event in [accepted, *events[1:]]]


async def journaled(journal: JournalAdapter, events: list[Event]) -> None:
    lease = await journal.acquire("web", "test", 1e6, stories.START)
    assert lease is not None
    assert isinstance(await journal.accept(events[0], lease, PLENTY), Replacement)
    for event in events[1:]:
        await journal.append([event], lease)


async def test_every_span_arrives_once_and_in_the_bytes_of_the_whole_story(sql: SqlJournal) -> None:
    journal = JournalAdapter(sql)
    expected = []
    for name in stories.STORIES:
        events = under_another_id(stories.STORIES[name](), name)
        await journaled(journal, events)
        assert tuple(await journal.events(f"r-{name}")) == tuple(events)
        expected += [span.body for span in PROJECTOR.replacement([], events)]
    async with backend(scripted(503)) as it:
        delivery = Delivery(journal, HandClock(), it.destination())
        assert [await delivery.drain_once() for _ in range(3)] == [0, len(expected), 0]
        await delivery.aclose()
    assert it.bodies == [b"".join(expected)] * 2
    assert await journal.outbox_size() == 0
