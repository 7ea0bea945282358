"""Who may act on a fleet. Fencing is by token, in the transaction of the write; clocks decide about expiry only."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, select, update

from controller.domain.ports import Lease
from controller.journal.columns import UtcTime
from controller.journal.dialect import insert
from controller.journal.logic.fencing import LONG_AGO, refuse_outsiders
from controller.journal.schema import leases

WANTED = insert(leases)
NOW = bindparam("now", type_=UtcTime)
OURS = leases.c.owner == WANTED.excluded.owner
RENEWED = OURS & (leases.c.expires_at > NOW)
LONGER = leases.c.expires_at > WANTED.excluded.expires_at

ACQUIRE = WANTED.on_conflict_do_update(
    index_elements=[leases.c.fleet],
    set_={
        "owner": WANTED.excluded.owner,
        "token": case((RENEWED, leases.c.token), else_=leases.c.token + 1),
        "expires_at": case((RENEWED & LONGER, leases.c.expires_at), else_=WANTED.excluded.expires_at),
    },
    where=OURS | (leases.c.expires_at <= NOW),
).returning(leases.c.token, leases.c.expires_at)

HOLDER = select(leases).where(leases.c.fleet == bindparam("fleet"))
EVERY = select(leases).order_by(leases.c.fleet)


def acquire(connection: Connection, fleet: str, owner: str, ttl_seconds: float, now: datetime) -> Lease | None:
    """Take or renew the lease in one conditional statement; None while another owner's is valid.

    Renewing keeps the token and never shortens the lease. Any other way to get it makes the token grow, our own
    lease after its expiry included: somebody may have had it in between. Two processes never share an owner id.
    """
    wanted = {"fleet": fleet, "owner": owner, "token": 1, "expires_at": now + timedelta(seconds=ttl_seconds)}
    row = connection.execute(ACQUIRE, {**wanted, "now": now}).one_or_none()
    return Lease(fleet, owner, row.token, row.expires_at) if row else None


def release(connection: Connection, lease: Lease) -> None:
    """Let anybody take it from now on, if it is still ours. The row stays, so that the token goes on growing."""
    ours = (leases.c.fleet == lease.fleet) & (leases.c.owner == lease.owner) & (leases.c.token == lease.token)
    connection.execute(update(leases).where(ours).values(expires_at=LONG_AGO))


def holder(connection: Connection, fleet: str) -> Lease | None:
    """Whose lease it is, expired or not; None when nobody ever had it."""
    row = connection.execute(HOLDER, {"fleet": fleet}).one_or_none()
    return Lease(row.fleet, row.owner, row.token, row.expires_at) if row else None


def every(connection: Connection) -> tuple[Lease, ...]:
    """The lease of every fleet, expired or not."""
    rows = connection.execute(EVERY)
    return tuple(Lease(row.fleet, row.owner, row.token, row.expires_at) for row in rows)


def require(connection: Connection, lease: Lease, fleet: str, at: datetime) -> None:
    """Raises LeaseLost unless this lease, of this fleet, is the newest and valid `at` the time of what is written."""
    refuse_outsiders(lease, holder(connection, fleet), fleet, at)
