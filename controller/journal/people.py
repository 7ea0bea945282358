"""What people said (hold, resume, abort), and the daemon's own stop (breakers)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Row, bindparam, func, select, update

from controller.domain.model import Breaker, Hold
from controller.domain.ports import Lease, Lifted
from controller.domain.replacement import Replacement
from controller.domain.request import Abort
from controller.journal.dialect import insert
from controller.journal.lease import require
from controller.journal.logic import holding as logic
from controller.journal.logic.holding import ALL, KeptAbort, KeptHold
from controller.journal.schema import aborts, breakers, events, holds, resumes


def _in_force(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    # A hold counts from the moment it is written, even if the clock of whoever wrote it runs ahead of ours.
    return holds.c.ended_at.is_(None) & (holds.c.expires_at.is_(None) | (holds.c.expires_at > now))


IN_FORCE = select(holds).where(_in_force(bindparam("now"))).order_by(holds.c.id)
IN_SCOPES = holds.c.scope.in_(bindparam("scopes", expanding=True))
IN_FORCE_OVER = IN_FORCE.where(IN_SCOPES)
ENDED_OVER = (
    select(holds).where(IN_SCOPES, holds.c.ended_at.is_not(None) | holds.c.expires_at.is_not(None)).order_by(holds.c.id)
)
ABORT = select(aborts).where(aborts.c.replacement_id == bindparam("of"))
OPEN_BREAKERS = (
    select(breakers)
    .where(breakers.c.fleet == bindparam("fleet"), breakers.c.closed_at.is_(None))
    .order_by(breakers.c.id)
)


def in_force(connection: Connection, at: datetime, scopes: Collection[str] | None = None) -> tuple[Hold, ...]:
    """The holds in force, oldest first; only those of certain scopes, if given."""
    query = IN_FORCE if scopes is None else IN_FORCE_OVER
    rows = connection.execute(query, {"now": at, "scopes": scopes})
    return tuple(map(_hold, rows))


def hold_on(connection: Connection, replacement: Replacement, at: datetime) -> Hold | None:
    """The hold that forbids this replacement's next call. One that was there when a person said abort does not."""
    said = connection.execute(ABORT, {"of": replacement.id}).one_or_none()
    abort = KeptAbort(_abort(said), said.after_hold) if said else None
    rows = connection.execute(IN_FORCE_OVER, {"now": at, "scopes": logic.scopes_of(replacement)})
    return logic.hold_on(replacement, map(_kept, rows), abort, at)


def lifted(connection: Connection, scopes: Collection[str], since: datetime) -> Lifted | None:
    """Who ended the hold of these scopes that was the last to end after `since`; None when it ran out by itself."""
    return logic.lifted(map(_kept, connection.execute(ENDED_OVER, {"scopes": scopes})), since)


def aborted(connection: Connection, replacement_id: str) -> Abort | None:
    """The word that turned a replacement back, if there is one."""
    row = connection.execute(ABORT, {"of": replacement_id}).one_or_none()
    return _abort(row) if row else None


def _abort(row: Row[Any]) -> Abort:
    return Abort(row.replacement_id, row.by, row.reason, row.at)


def _kept(row: Row[Any]) -> KeptHold:
    return KeptHold(row.id, _hold(row), row.ended_at, row.ended_by)


def _hold(row: Row[Any]) -> Hold:
    return Hold(row.scope, row.reason, row.by, row.created_at, row.expires_at)


def hold(connection: Connection, new: Hold) -> None:
    """Put a hold in force. One of the same scope ends; what was said stays on record."""
    _end(connection, holds.c.scope == new.scope, new.by, new.created_at)
    connection.execute(
        insert(holds).values(
            scope=new.scope, reason=new.reason, by=new.by, created_at=new.created_at, expires_at=new.expires_at
        )
    )


def _end(connection: Connection, which: ColumnElement[bool], by: str, at: datetime) -> int:
    ended = update(holds).where(which, holds.c.ended_at.is_(None)).values(ended_at=at, ended_by=by)
    return connection.execute(ended).rowcount


def resume(connection: Connection, scope: str, by: str, at: datetime) -> int:
    """End the hold of this very scope, close the scope's breakers and forget its failures in a row.

    Returns how many holds and breakers that ended. `all` closes every fleet's breakers and forgets every fleet's
    failures, but a hold on one fleet or instance stays: whoever put it there had a reason of their own.
    """
    ended = _end(connection, (holds.c.scope == scope) & _in_force(at), by, at)
    newest = connection.execute(select(func.coalesce(func.max(events.c.id), 0))).scalar_one()
    connection.execute(insert(resumes).values(scope=scope, by=by, at=at, after_event=newest))
    closed = update(breakers).where(breakers.c.closed_at.is_(None)).values(closed_at=at, closed_by=by)
    if scope != ALL:
        closed = closed.where("fleet:" + breakers.c.fleet == scope)
    return ended + connection.execute(closed).rowcount


def open_breakers(connection: Connection, fleet: str) -> tuple[Breaker, ...]:
    """The fleet's breakers that are open, oldest first."""
    rows = connection.execute(OPEN_BREAKERS, {"fleet": fleet})
    return tuple(Breaker(row.fleet, row.cause, row.reason, row.opened_at, row.image_id) for row in rows)


def open_breaker(connection: Connection, breaker: Breaker, lease: Lease) -> None:
    """Open a breaker; one that is open already for the same image stays as it was, for another one it is followed."""
    require(connection, lease, breaker.fleet, breaker.opened_at)
    older = _open(breaker) & (func.coalesce(breakers.c.image_id, "") != (breaker.image_id or ""))
    connection.execute(
        update(breakers).where(older).values(closed_at=breaker.opened_at, closed_by=f"opened again: {breaker.reason}")
    )
    connection.execute(
        insert(breakers)
        .values(
            fleet=breaker.fleet,
            cause=breaker.cause,
            reason=breaker.reason,
            opened_at=breaker.opened_at,
            image_id=breaker.image_id,
        )
        .on_conflict_do_nothing()
    )


def close_breaker(connection: Connection, breaker: Breaker, by: str, at: datetime, lease: Lease) -> None:
    """Close a breaker, if it is still that one; by: the proof, in words."""
    require(connection, lease, breaker.fleet, at)
    this = _open(breaker) & (breakers.c.opened_at == breaker.opened_at)
    connection.execute(update(breakers).where(this).values(closed_at=at, closed_by=by))


def _open(breaker: Breaker) -> ColumnElement[bool]:
    return (breakers.c.fleet == breaker.fleet) & (breakers.c.cause == breaker.cause) & breakers.c.closed_at.is_(None)
