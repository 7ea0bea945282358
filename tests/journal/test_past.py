"""What replacements came to, as rules get it: told by the projection, and the same as the events tell."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from controller.domain.lifecycle import Kind, Outcome, Step
from controller.domain.past import Past, past_of
from controller.domain.ports import Lease
from controller.journal import history
from controller.journal.adapter import JournalAdapter
from controller.journal.dynamodb import history as dynamodb
from controller.journal.logic.past import PAST_AT_MOST
from controller.journal.sql import SqlJournal
from controller.journal.sqlite.migrations import MIGRATIONS
from controller.journal.versions import migrate
from tests.journal.material import EventSpans, Move, accepted, begun, ended, following, later, lease_of

LAUNCHED_AT = "2026-11-01T00:00:00Z"
LAUNCHED: list[Move] = [
    (Kind.STARTED, Step.LAUNCH, {}),
    (Kind.SUCCEEDED, Step.LAUNCH, {"successor": "i-new", "successor_facts": {"image_id": "ami-2"}}),
    (Kind.STARTED, Step.AWAIT_READY, {}),
    (Kind.SUCCEEDED, Step.AWAIT_READY, {"successor_facts": {"zone": "a", "image_id": "ami-3"}}),
    (Kind.STARTED, Step.VERIFY, {}),
]
NO_BETTER: list[Move] = [
    (Kind.FAILED, Step.VERIFY, {"reason": "no better", "error_type": "same", "verification": "same"}),
    (Kind.UNDONE, Step.LAUNCH, {}),
    (Kind.CLOSED, None, {"outcome": Outcome.FAILED}),
]


async def no_better(journal: JournalAdapter, lease: Lease, replacement_id: str = "r-1") -> None:
    facts: dict[str, Any] = {"launch_image_id": "ami-1", "predecessor_facts": {"launched_at": LAUNCHED_AT}}
    await begun(journal, lease, accepted(replacement_id, at=later(1), **facts))
    await journal.append(following(replacement_id, 1, [*LAUNCHED, *NO_BETTER], later(2)), lease)


async def past(journal: JournalAdapter, fleet: str = "web", seconds: float = 3) -> tuple[Past, ...]:
    return (await journal.history(fleet, later(seconds))).past


async def told_by_events(journal: JournalAdapter) -> tuple[Past, ...]:
    return tuple(past_of(item) for item in await journal.replacements() if not item.open)


async def test_a_past_replacement_tells_its_causes_its_image_and_how_it_ended(journal: JournalAdapter) -> None:
    await no_better(journal, await lease_of(journal))
    (found,) = await past(journal)
    assert found == Past(
        replacement_id="r-1",
        group="web-group",
        predecessor="i-old",
        successor="i-new",
        causes=("disk filling",),
        outcome=Outcome.FAILED,
        error_type="same",
        verification="same",
        image_id="ami-3",
        accepted_at=later(1),
        closed_at=later(2),
        predecessor_launched_at=later(0) - timedelta(days=22, hours=12),
    )
    assert await told_by_events(journal) == (found,)


async def test_what_never_launched_tells_the_image_it_would_have_used(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease, accepted("r-1", launch_image_id="ami-1"))
    refused: list[Move] = [
        (Kind.FAILED, Step.LAUNCH, {"reason": "full", "error_type": "no_capacity"}),
        (Kind.UNDONE, Step.LAUNCH, {}),
        (Kind.CLOSED, None, {"outcome": Outcome.FAILED}),
    ]
    await journal.append(following("r-1", 1, refused), lease)
    (found,) = await past(journal)
    assert (found.image_id, found.successor, found.verification) == ("ami-1", None, None)
    assert await told_by_events(journal) == (found,)


async def test_only_what_ended_in_this_fleet_counts_newest_end_first(journal: JournalAdapter) -> None:
    web, api = await lease_of(journal), await lease_of(journal, "api")
    await begun(journal, web, accepted("r-open", predecessor="i-9"))
    await ended(journal, web, "r-1", Outcome.FAILED)
    await ended(journal, api, "r-2", Outcome.REPLACED)
    await ended(journal, web, "r-3", Outcome.SUPERSEDED)
    assert [item.replacement_id for item in await past(journal)] == ["r-3", "r-1"]
    assert [item.replacement_id for item in await past(journal, "api")] == ["r-2"]


async def test_what_ended_thirty_days_ago_is_past_no_more(journal: JournalAdapter) -> None:
    await ended(journal, await lease_of(journal), "r-1", Outcome.FAILED)
    month = 30 * 86400
    assert len(await past(journal, seconds=month - 1)) == 1
    assert await past(journal, seconds=month) == ()


async def test_five_hundred_are_enough(journal: JournalAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "ENDED", history.ENDED.limit(2))
    monkeypatch.setattr(dynamodb, "PAST_AT_MOST", 2)
    lease = await lease_of(journal)
    for number in range(3):
        await ended(journal, lease, f"r-{number}", Outcome.FAILED)
    assert [item.replacement_id for item in await past(journal)] == ["r-2", "r-1"]
    assert PAST_AT_MOST == 500


@pytest.mark.parametrize(("scope", "forgets"), [("fleet:web", True), ("all", True), ("fleet:api", False)])
async def test_what_ended_before_a_resume_of_its_fleet_or_of_all_is_forgotten(
    journal: JournalAdapter, scope: str, forgets: bool
) -> None:
    lease = await lease_of(journal)
    await ended(journal, lease, "r-1", Outcome.FAILED)
    await begun(journal, lease, accepted("r-2", predecessor="i-2"))
    await journal.resume(scope, "ana", later(0))
    # All within one instant of the clock, and r-2 was accepted before: the journal's own order of ends decides.
    await journal.append(following("r-2", 1, [*LAUNCHED, *NO_BETTER]), lease)
    assert [(item.replacement_id, item.forgotten) for item in await past(journal)] == [("r-2", False), ("r-1", forgets)]


async def test_a_migrated_journal_tells_the_same_past(tmp_path: Path) -> None:
    """A file of version 1 knows only the events: the migration tells the rest again from them."""
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    sql = SqlJournal.open(f"sqlite:///{new}", EventSpans())
    journal = JournalAdapter(sql)
    lease = await lease_of(journal)
    await ended(journal, lease, "r-1", Outcome.REPLACED)
    await no_better(journal, lease, "r-2")
    await ended(journal, lease, "r-3", Outcome.ABORTED)
    # What a launch would have used was not journaled by version 1: only a successor's image can be told.
    launch = "ami-for-"
    expected = tuple(
        replace(item, image_id=None) if (item.image_id or "").startswith(launch) else item
        for item in await past(journal)
    )
    await journal.aclose()

    engine = create_engine(f"sqlite:///{old}")
    with engine.begin() as connection:
        migrate(connection, 0, MIGRATIONS[:1])
    engine.dispose()
    with closing(sqlite3.connect(old, isolation_level=None)) as copy:
        copy.execute("ATTACH ? AS new", (str(new),))
        known = """number, id, fleet, "group", predecessor, successor, phase, outcome, accepted_at, closed_at,
            closed_event, policy_hash"""
        copy.execute(f"INSERT INTO replacements SELECT {known} FROM new.replacements")
        copy.execute("INSERT INTO events SELECT * FROM new.events WHERE ordinal > 0")
        copy.execute(
            """INSERT INTO events SELECT id, replacement_id, ordinal, at, kind, step,
                json_remove(facts, '$.launch_image_id'), token FROM new.events WHERE ordinal = 0"""
        )
    migrated = SqlJournal.open(f"sqlite:///{old}", EventSpans())
    assert await past(JournalAdapter(migrated)) == expected
    migrated.close()
