"""Letting the old go: whole stories that nothing counts any more. Nothing else ever takes an event away.

A story stays, however old, while it is open, while its failure still counts in a row, while it is the success that
ended the last row of its fleet, and while it has the newest number or event: orders are kept by those numbers, and a
number that is given twice would be no order.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Delete, bindparam, delete, func, select

from controller.domain.lifecycle import Outcome
from controller.journal.columns import UtcTime
from controller.journal.dialect import check_links_at_the_end
from controller.journal.logic.holding import ALL
from controller.journal.schema import aborts, breakers, events, holds, outbox, replacements, requests, resumes

STORIES_AT_ONCE = 200
ROWS_AT_ONCE = 5000

BEFORE = bindparam("before", type_=UtcTime)

others = replacements.alias("others")
NEWEST_SUCCESS = (
    select(func.max(others.c.closed_event))
    .where(others.c.outcome == Outcome.REPLACED, others.c.fleet == replacements.c.fleet)
    .correlate(replacements)
    .scalar_subquery()
)
RESUMED = (
    select(func.max(resumes.c.after_event))
    .where(resumes.c.scope.in_((ALL, "fleet:" + replacements.c.fleet)))
    .correlate(replacements)
    .scalar_subquery()
)
COUNTS = (
    (replacements.c.outcome == Outcome.FAILED)
    & (replacements.c.closed_event > func.coalesce(NEWEST_SUCCESS, 0))
    & (replacements.c.closed_event > func.coalesce(RESUMED, 0))
)
NEWEST_EVENT = select(events.c.replacement_id).order_by(events.c.id.desc()).limit(1).scalar_subquery()
NEWEST_NUMBER = select(func.max(replacements.c.number)).scalar_subquery()
OLD_STORIES = (
    select(replacements.c.id)
    .where(
        replacements.c.closed_event.is_not(None),
        replacements.c.closed_at < BEFORE,
        ~COUNTS,
        replacements.c.closed_event != func.coalesce(NEWEST_SUCCESS, 0),
        replacements.c.id != NEWEST_EVENT,
        replacements.c.number != NEWEST_NUMBER,
    )
    .order_by(replacements.c.closed_event)
    .limit(bindparam("most"))
)


def let_go(connection: Connection, before: datetime, at_once: int = STORIES_AT_ONCE) -> int:
    """Let go of at most so many replacements that closed before that moment, each with its events and the word that
    turned it back; and of what else ended before it: delivered spans, requests, holds, breakers, and resumes that a
    later one of the same scope outdid. Returns how many replacements that were.

    Policies stay: there are few, and one that no replacement refers to may be in force.
    """
    old = connection.execute(OLD_STORIES, {"before": before, "most": at_once}).scalars().all()
    if old:
        check_links_at_the_end(connection)
        connection.execute(delete(aborts).where(aborts.c.replacement_id.in_(old)))
        # The replacement first: the journal gives up an event only when it belongs to nothing any more.
        connection.execute(delete(replacements).where(replacements.c.id.in_(old)))
        connection.execute(delete(events).where(events.c.replacement_id.in_(old)))
    for statement in _rest(before):
        connection.execute(statement)
    return len(old)


def _rest(before: datetime) -> Sequence[Delete]:
    newest_hold = select(func.max(holds.c.id)).scalar_subquery()
    later = resumes.alias("later")
    outdone = select(later.c.id).where(later.c.scope == resumes.c.scope, later.c.id > resumes.c.id).exists()
    sent = (outbox.c.delivered_at < before) | (outbox.c.poisoned_at < before)
    over = (holds.c.ended_at < before) | (holds.c.expires_at < before)
    return (
        _some(outbox.c.id, sent),
        _some(requests.c.id, func.coalesce(requests.c.ended_at, requests.c.expires_at) < before),
        _some(holds.c.id, over & (holds.c.id != newest_hold)),
        _some(breakers.c.id, breakers.c.closed_at < before),
        _some(resumes.c.id, (resumes.c.at < before) & outdone),
    )


def _some(key: ColumnElement[int] | ColumnElement[str], which: ColumnElement[bool]) -> Delete:
    return delete(key.table).where(key.in_(select(key).where(which).limit(ROWS_AT_ONCE)))
