from typing import Any

import pytest

from controller.domain.memory import Memory, Seen, Streak, StreakKind
from controller.domain.model import Hold
from controller.domain.ports import RefusalRecord, TickRecord
from controller.journal.adapter import JournalAdapter
from tests.journal.backends import Backend
from tests.journal.material import BrokenSpans, EventSpans, accepted, begun, later, lease_of

NOTHING = Memory()
REMEMBERED = Memory(
    {
        ("i-1", "disk filling"): Streak(StreakKind.BREACHED, later(-60), later(-1), 3),
        ("i-2", "disk filling"): Streak(StreakKind.UNKNOWN, later(-30), later(-30)),
    },
    later(0),
    8,
    {"errors": later(-90)},
    {("i-2", "exec_seen"): Seen(2.0, later(-40), "events of i-2", ("sh -c id",), "0a1b2c3d4e5f")},
)


def tick(seconds: float = 0, fleet: str = "web", *, memory: Memory = NOTHING, **refused: list[str]) -> TickRecord:
    """A tick at which these instances (`i_1=[...]`) wait for these reasons."""
    names = {name.replace("_", "-"): rules for name, rules in refused.items()}
    records = {name: RefusalRecord(name, tuple(rules), facts(seconds)) for name, rules in names.items()}
    sentence = f"Looked at {len(refused)} instances."
    return TickRecord(fleet, later(seconds), sentence, memory, {"name": fleet, "instances": [seconds]}, records)


def facts(seconds: float) -> dict[str, Any]:
    return {"verdict": "aged", "evidence": [{"value": 93.1}], "tick": seconds}


async def traces(journal: JournalAdapter) -> list[str]:
    return [body.decode() for _, body, _ in await journal.pending(1000)]


async def test_memory_comes_back_as_it_was(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    assert await journal.memory("web") == Memory()
    await journal.record_tick(tick(memory=REMEMBERED), lease)
    assert await journal.memory("web") == REMEMBERED
    assert await journal.memory("api") == Memory()
    await journal.record_tick(tick(30), lease)
    assert await journal.memory("web") == Memory()


async def test_half_a_character_that_a_vendor_said_stops_nothing(journal: JournalAdapter) -> None:
    """Who cuts a text at so many UTF-16 units leaves half an emoji, and no store can hold that."""
    lease, cut = await lease_of(journal), "out of memory \ud83d"
    await journal.record_tick(TickRecord("web", later(0), cut, NOTHING, {"text": cut}), lease)
    (found,) = await journal.reports()
    assert (found.sentence, found.report) == ("out of memory ?", {"text": "out of memory ?"})
    await begun(journal, lease, accepted(error=cut))
    assert (await journal.events("r-1"))[0].facts["error"] == "out of memory ?"
    await journal.hold(Hold("all", cut, "ana", later(0)))
    assert [hold.reason for hold in await journal.holds(later(0))] == ["out of memory ?"]


async def test_the_newest_report_of_each_fleet_by_name(journal: JournalAdapter) -> None:
    web, api = await lease_of(journal), await lease_of(journal, "api")
    assert await journal.reports() == ()
    await journal.record_tick(tick(0, i_1=["held"]), web)
    await journal.record_tick(tick(30, memory=REMEMBERED, i_2=["protected", "window"]), web)
    await journal.record_tick(tick(20, "api"), api)
    assert await journal.reports() == (tick(20, "api"), tick(30, i_2=["protected", "window"]))


async def test_a_refusal_is_traced_when_its_set_of_vetoes_changes_and_only_then(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    assert await journal.record_tick(tick(0, i_1=["held", "window"], i_2=["protected"]), lease) == ("i-1", "i-2")
    assert await journal.record_tick(tick(30, i_1=["window", "held"], i_2=["protected"]), lease) == ()
    assert await journal.record_tick(tick(60, i_1=["window"], i_2=["protected"]), lease) == ("i-1",)
    assert await traces(journal) == ["held,window", "protected", "window"]


async def test_who_is_refused_again_after_a_pause_is_traced_again(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await journal.record_tick(tick(0, i_1=["held"]), lease)
    assert await journal.record_tick(tick(30), lease) == ()
    assert (await journal.reports())[0].refusals == {}
    assert await journal.record_tick(tick(60, i_1=["held"]), lease) == ("i-1",)
    assert await traces(journal) == ["held", "held"]


async def test_an_instance_of_another_fleet_is_another_refusal(journal: JournalAdapter) -> None:
    web, api = await lease_of(journal), await lease_of(journal, "api")
    await journal.record_tick(tick(0, i_1=["held"]), web)
    assert await journal.record_tick(tick(0, "api", i_1=["held"]), api) == ("i-1",)
    await journal.record_tick(tick(30), web)
    assert [list(report.refusals) for report in await journal.reports()] == [["i-1"], []]


async def test_a_refusal_s_facts_are_of_when_its_reasons_last_changed(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    for seconds in (0, 30):
        await journal.record_tick(tick(seconds, i_1=["held"]), lease)
    (report,) = await journal.reports()
    assert report.at == later(30)
    assert report.refusals["i-1"].facts == facts(0)


async def test_a_span_whose_key_is_queued_already_stays_as_it_is(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await journal.record_tick(tick(0, i_1=["held"]), lease)
    assert await journal.record_tick(tick(0, i_1=["window"]), lease) == ("i-1",)
    assert await traces(journal) == ["held"]


async def test_without_its_traces_a_tick_is_not_recorded(backend: Backend) -> None:
    good, broken = backend.open(EventSpans()), backend.open(BrokenSpans())
    lease = await lease_of(good)
    with pytest.raises(RuntimeError, match="the projector broke"):
        await broken.record_tick(tick(0, memory=REMEMBERED, i_1=["held"]), lease)
    assert await good.reports() == ()
    assert await good.memory("web") == Memory()
    assert await good.record_tick(tick(0, i_1=["held"]), lease) == ("i-1",)
