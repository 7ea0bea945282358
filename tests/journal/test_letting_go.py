"""What is old goes whole; what still counts stays, however old."""

from datetime import datetime, timedelta

import pytest

from controller.domain.lifecycle import Outcome
from controller.domain.model import Breaker, Hold
from controller.domain.policy import Mode, Policy
from controller.domain.ports import Lease
from controller.domain.request import Abort, Request, RequestKind
from controller.journal.adapter import JournalAdapter
from controller.journal.letting_go import STORIES_AT_ONCE, let_go
from tests.journal.material import (
    NOON,
    begun,
    ended,
    following,
    later,
    lease_of,
    unhappy,
)

NOW = NOON + timedelta(days=500)
BEFORE = NOW - timedelta(days=400)


@pytest.fixture
async def lease(journal: JournalAdapter) -> Lease:
    got = await journal.acquire("web", "d-1", 3600 * 24 * 1000, NOON)
    assert got
    return got


async def ids(journal: JournalAdapter) -> list[str]:
    return [one.id for one in await journal.replacements(1000)][::-1]


async def many(journal: JournalAdapter, lease: Lease, outcome: Outcome, *names: str, at: datetime = NOON) -> None:
    for name in names:
        await ended(journal, lease, name, outcome, at)


async def test_an_old_story_goes_whole_and_the_rest_stays(journal: JournalAdapter, lease: Lease) -> None:
    await many(journal, lease, Outcome.REPLACED, "r-1", "r-2")
    await many(journal, lease, Outcome.REPLACED, "r-3", at=BEFORE)
    await many(journal, lease, Outcome.REPLACED, "r-4", at=NOW)
    assert await journal.let_go(BEFORE) == 2
    assert await ids(journal) == ["r-3", "r-4"], "what closed at that moment is not older"
    assert await journal.events("r-1") == ()
    assert len(await journal.events("r-3")) == 14
    assert await journal.let_go(BEFORE) == 0


async def test_what_is_open_stays(journal: JournalAdapter, lease: Lease) -> None:
    await begun(journal, lease)
    await many(journal, lease, Outcome.REPLACED, "r-2", at=NOW)
    assert await journal.let_go(NOW) == 0
    assert [one.id for one in await journal.open_replacements()] == ["r-1"]


async def test_failures_in_a_row_are_never_forgotten_by_growing_old(journal: JournalAdapter, lease: Lease) -> None:
    await many(journal, lease, Outcome.FAILED, "r-0")
    await many(journal, lease, Outcome.REPLACED, "r-1", "r-2")
    await many(journal, lease, Outcome.FAILED, "r-3", "r-4")
    await many(journal, lease, Outcome.ABORTED, "r-5", at=NOW)
    before = await journal.history("web", NOW)
    assert await journal.let_go(BEFORE) == 2
    assert await ids(journal) == ["r-2", "r-3", "r-4", "r-5"]
    after = await journal.history("web", NOW)
    assert (after.failures_in_a_row, after.failures_in_a_row_everywhere) == (2, 2)
    assert after == before


async def test_failures_that_a_person_forgave_may_go(journal: JournalAdapter, lease: Lease) -> None:
    await many(journal, lease, Outcome.FAILED, "r-1", "r-2")
    await journal.resume("fleet:web", "ana", NOON)
    await journal.resume("fleet:web", "ana", later(1))
    await many(journal, lease, Outcome.FAILED, "r-3", at=NOW)
    assert await journal.let_go(BEFORE) == 2
    assert (await journal.history("web", NOW)).failures_in_a_row == 1


async def test_the_success_of_another_fleet_ends_no_row_of_ours(journal: JournalAdapter, lease: Lease) -> None:
    other = await lease_of(journal, "api")
    await many(journal, lease, Outcome.REPLACED, "r-1")
    await many(journal, lease, Outcome.FAILED, "r-2")
    await many(journal, other, Outcome.REPLACED, "r-3")
    await many(journal, lease, Outcome.REPLACED, "r-4", at=NOW)
    await many(journal, lease, Outcome.FAILED, "r-5", at=NOW)
    before = [await journal.history(fleet, NOW) for fleet in ("web", "api")]
    assert await journal.let_go(BEFORE) == 2
    assert await ids(journal) == ["r-3", "r-4", "r-5"]
    assert [await journal.history(fleet, NOW) for fleet in ("web", "api")] == before


async def test_numbers_are_not_given_twice(journal: JournalAdapter, lease: Lease) -> None:
    """A failure after a resume counts, even when everything before it went."""
    await many(journal, lease, Outcome.ABORTED, "r-1")
    await many(journal, lease, Outcome.SUPERSEDED, "r-2")
    await journal.resume("all", "ana", NOON)
    await journal.let_go(NOW)
    await many(journal, lease, Outcome.FAILED, "r-3", at=NOW)
    assert (await journal.history("web", NOW)).failures_in_a_row == 1
    assert await ids(journal) == ["r-2", "r-3"]


async def test_the_newest_event_stays_whoever_it_is_of(journal: JournalAdapter, lease: Lease) -> None:
    await begun(journal, lease)
    await many(journal, lease, Outcome.ABORTED, "r-2")
    await journal.append(following("r-1", 1, unhappy(Outcome.ABORTED)), lease)
    assert await journal.let_go(NOW) == 0
    await many(journal, lease, Outcome.ABORTED, "r-3")
    assert await journal.let_go(NOW) == 2
    assert await ids(journal) == ["r-3"]


async def test_the_newest_word_of_a_scope_stays_however_old(journal: JournalAdapter, lease: Lease) -> None:
    await many(journal, lease, Outcome.FAILED, "r-1", at=NOW)
    for at in (NOON, later(1)):
        await journal.resume("fleet:web", "ana", at)
    await journal.let_go(BEFORE)
    assert await ids(journal) == ["r-1"]
    assert (await journal.history("web", NOW)).failures_in_a_row == 0


async def test_a_later_hold_stops_the_way_back_though_older_ones_went(journal: JournalAdapter, lease: Lease) -> None:
    await journal.hold(Hold("fleet:web", "first", "ana", NOON))
    await journal.hold(Hold("fleet:web", "second", "ana", NOON))
    await journal.resume("fleet:web", "ana", NOON)
    state = await begun(journal, lease)
    await journal.abort(Abort(state.id, "ana", "no", NOON))
    await journal.let_go(NOW)
    await journal.hold(Hold("fleet:web", "third", "ana", NOW))
    found = await journal.hold_on(state, NOW)
    assert found is not None
    assert found.reason == "third"


async def test_what_else_ended_goes_and_what_stands_stays(journal: JournalAdapter, lease: Lease) -> None:
    def wish(name: str, at: datetime) -> Request:
        until = at + timedelta(hours=1)
        return Request(name, "web", f"of-{name}", RequestKind.REQUESTED, "aged", (), "ana", "", at, until)

    await journal.save_policy(Policy(fleet="web", platform="asg", mode=Mode.ACT, hash="abc123", document="{}"))
    await journal.ask(wish("old", NOON))
    await journal.abort(Abort("old", "ana", "no", later(1)))
    await journal.ask(wish("of a fleet that nobody watches any more", NOON))
    await journal.ask(wish("new", NOW))
    old, new = Breaker("web", "aged", "old", NOON), Breaker("web", "drifted", "still open", NOON)
    await journal.open_breaker(old, lease)
    await journal.close_breaker(old, "proof", NOON, lease)
    await journal.open_breaker(new, lease)
    await many(journal, lease, Outcome.ABORTED, "r-1")
    await journal.hold(Hold("all", "for ever", "ana", NOON))
    waiting = [number for number, _, _ in await journal.pending(100)]
    await journal.delivered(waiting[:1], NOON)
    await journal.poisoned(waiting[1], "400", NOON)
    await journal.let_go(BEFORE)
    assert [hold.reason for hold in await journal.holds(NOW)] == ["for ever"]
    assert [one.id for one in await journal.all_requests()] == ["new"]
    assert [one.id for one in await journal.requests(NOON)] == ["new"]
    assert await journal.breakers("web") == (new,)
    assert [number for number, _, _ in await journal.pending(100)] == waiting[2:], "what was never sent stays"
    assert await journal.policy_document("abc123") == "{}"


async def test_an_aborted_story_goes_with_the_word_that_turned_it_back(journal: JournalAdapter, lease: Lease) -> None:
    state = await begun(journal, lease)
    await journal.abort(Abort(state.id, "ana", "no", NOON))
    await journal.append(following("r-1", 1, unhappy(Outcome.ABORTED)), lease)
    await many(journal, lease, Outcome.REPLACED, "r-2", at=NOW)
    assert await journal.let_go(BEFORE) == 1
    assert await journal.aborted("r-1") is None


@pytest.mark.parametrize("backend", ["sqlite-file", "postgresql"], indirect=True)
async def test_a_bounded_number_goes_at_once_the_oldest_first(journal: JournalAdapter, lease: Lease) -> None:
    assert STORIES_AT_ONCE == 200
    await many(journal, lease, Outcome.ABORTED, *(f"r-{number}" for number in range(6)))
    assert journal._sql.write(let_go, BEFORE, 2) == 2
    assert await ids(journal) == ["r-2", "r-3", "r-4", "r-5"]
    assert await journal.let_go(BEFORE) == 3, "the newest stays, so that its number is not given twice"
