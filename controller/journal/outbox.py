"""Spans on their way out. A row is put in the transaction of the events that it shows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select, update

from controller.domain.ports import EncodedSpan
from controller.journal.dialect import insert
from controller.journal.schema import outbox

KEPT_AFTER_DELIVERY = timedelta(days=1)
LET_GO_AT_ONCE = 500

WAITING = outbox.c.delivered_at.is_(None) & outbox.c.poisoned_at.is_(None)
PUT = insert(outbox).on_conflict_do_nothing(index_elements=[outbox.c.key])
PENDING = (
    select(outbox.c.id, outbox.c.body, outbox.c.created_at)
    .where(WAITING)
    .order_by(outbox.c.id)
    .limit(bindparam("limit"))
)
SIZE = select(func.count()).select_from(outbox).where(WAITING)


def put(connection: Connection, spans: Sequence[EncodedSpan], at: datetime) -> None:
    """Queue spans. One whose key was queued before is the same span, and stays as it is."""
    if spans:
        connection.execute(PUT, [{"key": span.key, "body": span.body, "created_at": at} for span in spans])


def pending(connection: Connection, limit: int) -> tuple[tuple[int, bytes, datetime], ...]:
    """The oldest undelivered (id, OTLP bytes, created_at)."""
    rows = connection.execute(PENDING, {"limit": limit})
    return tuple((row.id, row.body, row.created_at) for row in rows)


def size(connection: Connection) -> int:
    """How many spans wait to be delivered."""
    return connection.execute(SIZE).scalar_one()


def delivered(connection: Connection, ids: Sequence[int], at: datetime) -> None:
    """Mark as delivered, and let go of the bytes of what was delivered over a day ago (at most 500 at once)."""
    connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(delivered_at=at))
    old = (
        select(outbox.c.id)
        .where(outbox.c.delivered_at < at - KEPT_AFTER_DELIVERY, outbox.c.body.is_not(None))
        .limit(LET_GO_AT_ONCE)
    )
    connection.execute(update(outbox).where(outbox.c.id.in_(old)).values(body=None))


def poisoned(connection: Connection, outbox_id: int, error: str, at: datetime) -> None:
    """Mark as refused for good. Its bytes stay, for whoever looks into it."""
    connection.execute(update(outbox).where(outbox.c.id == outbox_id).values(poisoned_at=at, error=error))
