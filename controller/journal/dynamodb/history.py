"""What limits need to know of the past."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from controller.domain.past import History, Past
from controller.domain.request import REFUSED_FOR, Request
from controller.journal.dynamodb import keys
from controller.journal.dynamodb.items import Item
from controller.journal.dynamodb.ledger import Ledger
from controller.journal.dynamodb.records import record
from controller.journal.dynamodb.table import Table
from controller.journal.logic.admission import HOUR
from controller.journal.logic.past import PAST_AT_MOST, PAST_KEPT

PAST_KEPT_AT_LEAST = PAST_KEPT + timedelta(days=2)
"""What is older than that may be gone. The two days are for clocks that do not agree."""


async def history(table: Table, ledger: Ledger, fleet: str, now: datetime) -> History:
    """The numbers of one fleet, and those over all fleets. What was accepted exactly an hour ago has left the hour."""
    accepted, past, refused = await asyncio.gather(
        table.all_of(keys.ACCEPTED, after=keys.after(now - HOUR)),
        _past(table, ledger, fleet, now),
        _refused(table, fleet, now),
    )
    failures = ledger.failures.get(fleet)
    return History(
        accepted_at=tuple(_accepted_at(item) for item in accepted if item.text("fleet") == fleet),
        accepted_everywhere_at=tuple(_accepted_at(item) for item in accepted),
        failures_in_a_row=failures.here if failures else 0,
        failures_in_a_row_everywhere=ledger.failures_everywhere(),
        past=past,
        refused=refused,
    )


async def _past(table: Table, ledger: Ledger, fleet: str, now: datetime) -> tuple[Past, ...]:
    """What a fleet's replacements came to, newest first by the journal's own order."""
    since, forgotten_until = now - PAST_KEPT, ledger.forgotten_until(fleet)
    found: list[Past] = []
    async for page in table.pages(keys.past(fleet), newest_first=True):
        for item in page:
            one = record(Past, item)
            if one.closed_at > since:
                found.append(replace(one, forgotten=int(item.key.sk) <= forgotten_until))
        if len(found) >= PAST_AT_MOST:
            break
    return tuple(found[:PAST_AT_MOST])


async def _refused(table: Table, fleet: str, now: datetime) -> tuple[Request, ...]:
    """What people turned down of a fleet, as long as that counts, newest first."""
    after = keys.after(now - REFUSED_FOR)
    return tuple(
        record(Request, item) for item in await table.all_of(keys.refused(fleet), after=after, newest_first=True)
    )


def _accepted_at(item: Item) -> datetime:
    return datetime.fromisoformat(item.key.sk.partition("#")[0])
