"""What may be approved and what people asked for: proposals of a tick, the yes to them, wishes, and their ends."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, select, update

from controller.domain.request import REFUSED_FOR, Request, RequestKind, RequestState
from controller.journal.dialect import insert
from controller.journal.logic import asking
from controller.journal.schema import replacements, requests

OPEN = requests.c.ended.is_(None)
OF_FLEET = requests.c.fleet == bindparam("fleet")
STANDING = (
    select(requests)
    .where(OPEN, requests.c.expires_at > bindparam("now"))
    .order_by(requests.c.created_at, requests.c.id)
)
ONE = select(requests).where(requests.c.id == bindparam("of"))
FOR_INSTANCE = select(requests).where(OPEN, requests.c.instance_id == bindparam("who"))
NEWEST = select(requests).order_by(requests.c.created_at.desc(), requests.c.id.desc()).limit(bindparam("limit"))
REFUSED = (
    select(requests)
    .where(OF_FLEET, requests.c.ended == RequestState.ABORTED, requests.c.ended_at > bindparam("since"))
    .order_by(requests.c.ended_at.desc())
)
PROPOSE = insert(requests).on_conflict_do_nothing()
CLAIMED = select(replacements.c.id).where(
    replacements.c.closed_event.is_(None),
    bindparam("who").in_((replacements.c.predecessor, replacements.c.successor)),
)


def standing(connection: Connection, now: datetime, fleet: str | None = None) -> tuple[Request, ...]:
    """What may still become a replacement, oldest first."""
    query = STANDING if fleet is None else STANDING.where(OF_FLEET)
    return _requests(connection, query, {"now": now, "fleet": fleet})


def newest(connection: Connection, limit: int) -> tuple[Request, ...]:
    """The newest, newest first."""
    return _requests(connection, NEWEST, {"limit": limit})


def refused(connection: Connection, fleet: str, now: datetime) -> tuple[Request, ...]:
    """What people turned down of a fleet, as long as that counts, newest first."""
    return _requests(connection, REFUSED, {"fleet": fleet, "since": now - REFUSED_FOR})


def one(connection: Connection, request_id: str) -> Request | None:
    """The one of this id, or None."""
    return next(iter(_requests(connection, ONE, {"of": request_id})), None)


def settle(
    connection: Connection, fleet: str, proposed: Sequence[Request], withdrawn: Mapping[str, str], at: datetime
) -> None:
    """What a tick does: end what has had its time, end what is withdrawn, keep what is newly proposed."""
    late = OPEN & (requests.c.fleet == fleet) & (requests.c.expires_at <= at)
    _end(connection, late, RequestState.EXPIRED, at, asking.TOO_LATE)
    for request_id, why in withdrawn.items():
        _end(connection, (requests.c.id == request_id) & (requests.c.fleet == fleet), RequestState.WITHDRAWN, at, why)
    if proposed:
        connection.execute(PROPOSE, [_row(item) for item in proposed])


def approve(connection: Connection, request_id: str, by: str, at: datetime) -> Request:
    """Say yes to a proposal. Raises KeyError when there is none of that id, and Conflict."""
    found = one(connection, request_id)
    if found is None:
        raise KeyError(request_id)
    return _changed(connection, asking.approved(found, by, at))


def ask(connection: Connection, wish: Request) -> Request:
    """Keep what a person asks for; a proposal for the same instance gives way to it. Raises Conflict."""
    asking.refuse_claimed(wish, connection.execute(CLAIMED, {"who": wish.instance_id}).scalars().first())
    for before in asking.gives_way(_requests(connection, FOR_INSTANCE, {"who": wish.instance_id}), wish):
        _changed(connection, before)
    connection.execute(insert(requests).values(_row(wish)))
    return wish


def end(connection: Connection, request_id: str, state: RequestState, at: datetime, closing: str) -> None:
    """End one that is open, if it is; one whose time is over has expired, whatever comes later."""
    found = one(connection, request_id)
    if found is not None and found.ended is None:
        _changed(connection, asking.over(found, state, at, closing))


def abort(connection: Connection, found: Request, by: str, reason: str, at: datetime) -> Request:
    """End one that stands, at a person's word. Raises Conflict when it has ended before."""
    return _changed(connection, asking.aborted(found, by, reason, at))


def _changed(connection: Connection, now: Request) -> Request:
    connection.execute(update(requests).where(requests.c.id == now.id).values(_row(now)))
    return now


def _end(connection: Connection, which: ColumnElement[bool], state: RequestState, at: datetime, closing: str) -> None:
    over = {"ended": state.value, "ended_at": at, "closing": closing}
    connection.execute(update(requests).where(which, OPEN).values(over))


def _requests(connection: Connection, query: Select[Any], asked: Mapping[str, Any]) -> tuple[Request, ...]:
    return tuple(_request(row) for row in connection.execute(query, asked))


def _request(row: Row[Any]) -> Request:
    values = row._asdict() | {"kind": RequestKind(row.kind), "causes": tuple(row.causes)}
    values["ended"] = RequestState(row.ended) if row.ended else None
    return Request(**values)


def _row(item: Request) -> dict[str, Any]:
    return asdict(item)
