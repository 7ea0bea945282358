"""Letting the old go: whole stories that nothing counts any more. What else ended goes by the table's time to live.

Nothing is decided by what goes, so that the ledger has no part in it; two daemons that do so at once delete the same.
"""

import asyncio
from datetime import datetime

from controller.domain.request import Request
from controller.journal.dynamodb import keys
from controller.journal.dynamodb.items import Delete, Item
from controller.journal.dynamodb.ledger import Ledger
from controller.journal.dynamodb.records import record
from controller.journal.dynamodb.table import Table
from controller.journal.logic.documents import moment

STORIES_AT_ONCE = 200
REQUESTS_AT_ONCE = 200
GOING_AT_ONCE = 8


async def let_go(table: Table, ledger: Ledger, before: datetime) -> int:
    """Let go of at most so many replacements that closed before that moment, the first to close first, each with its
    events and the word that turned it back; and of requests that ended or ran out before it. How many replacements
    that were."""
    old = await _old_stories(table, ledger, before)
    turn = asyncio.Semaphore(GOING_AT_ONCE)

    async def one(closed: Item) -> None:
        async with turn:
            await _let_story_go(table, closed)

    await asyncio.gather(*(one(closed) for closed in old))
    await _let_requests_go(table, before)
    return len(old)


async def _old_stories(table: Table, ledger: Ledger, before: datetime) -> list[Item]:
    found: list[Item] = []
    async for page in table.pages(keys.CLOSED, before=moment(before)):
        for closed in page:
            fleet, number = closed.text("fleet") or "", closed.number("number")
            counts = ledger.counts(fleet, closed.text("outcome"), closed.number("event"))
            if not counts and number != ledger.replacements:
                found.append(closed)
        if len(found) >= STORIES_AT_ONCE:
            break
    return found[:STORIES_AT_ONCE]


async def _let_story_go(table: Table, closed: Item) -> None:
    """Off the list first, then its events from the last to the first, and what says that they have to go at the end: a
    crash leaves the beginning of a story that nobody lists, and the next one goes on with it."""
    replacement_id, fleet = closed.text("replacement_id") or "", closed.text("fleet") or ""
    events = await table.all_of(keys.story(replacement_id), newest_first=True)
    await table.delete_all(
        [
            Delete(keys.told(closed.number("number"))),
            Delete(keys.ended(fleet, closed.number("event"))),
            *(Delete(item.key, item.number("of") or 1) for item in events),
            Delete(closed.key),
        ]
    )


async def _let_requests_go(table: Table, before: datetime) -> None:
    gone: list[Delete] = []
    for item in await table.first_of(keys.REQUESTS, REQUESTS_AT_ONCE, before=moment(before)):
        one = record(Request, item)
        if (one.ended_at or one.expires_at) < before:
            gone += [Delete(keys.request(one.id)), Delete(keys.standing(one.id)), Delete(item.key)]
    await table.delete_all(gone)
