"""Which daemons are there. It gives no right to anything: it only says who may be counted on to take a fleet."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, delete, select

from controller.domain.ports import Presence
from controller.journal.columns import UtcTime
from controller.journal.dialect import insert
from controller.journal.schema import presences

WANTED = insert(presences)
NOW = bindparam("now", type_=UtcTime)
STILL_THERE = presences.c.expires_at > NOW
LONGER = presences.c.expires_at > WANTED.excluded.expires_at

ANNOUNCE = WANTED.on_conflict_do_update(
    index_elements=[presences.c.owner],
    set_={
        "fleets": WANTED.excluded.fleets,
        "since": case((STILL_THERE, presences.c.since), else_=WANTED.excluded.since),
        "expires_at": case((LONGER, presences.c.expires_at), else_=WANTED.excluded.expires_at),
    },
)

PRESENT = select(presences).where(STILL_THERE).order_by(presences.c.owner)


def announce(connection: Connection, owner: str, fleets: frozenset[str], ttl_seconds: float, now: datetime) -> None:
    """Say that this daemon is there; whoever has run out is let go of."""
    connection.execute(delete(presences).where(presences.c.expires_at <= now, presences.c.owner != owner))
    said = {"owner": owner, "fleets": sorted(fleets), "since": now, "expires_at": now + timedelta(seconds=ttl_seconds)}
    connection.execute(ANNOUNCE, {**said, "now": now})


def present(connection: Connection, now: datetime) -> tuple[Presence, ...]:
    """Who is there."""
    rows = connection.execute(PRESENT, {"now": now})
    return tuple(Presence(row.owner, frozenset(row.fleets), row.since, row.expires_at) for row in rows)


def leave(connection: Connection, owner: str) -> None:
    """This daemon is not there any more."""
    connection.execute(delete(presences).where(presences.c.owner == owner))
