"""Who may act on a fleet, and which daemons are there. A lease changes hands in one conditional write of one item."""

from datetime import datetime, timedelta

from controller.clients.dynamodb import ConditionFailed
from controller.domain.ports import Lease, Presence
from controller.journal.dynamodb import keys
from controller.journal.dynamodb.items import ABSENT, Condition, Item, Value, item_of
from controller.journal.dynamodb.records import kept, record
from controller.journal.dynamodb.table import Table
from controller.journal.logic.documents import moment
from controller.journal.logic.fencing import LONG_AGO

ATTEMPTS = 5
KEPT_AFTER_LEAVING = timedelta(days=1)


async def acquire(table: Table, fleet: str, owner: str, ttl_seconds: float, now: datetime) -> Lease | None:
    """Take or renew the lease; None while another owner's is valid.

    Renewing keeps the token and never shortens the lease. Any other way to get it makes the token grow, our own lease
    after its expiry included: somebody may have had it in between. Two processes never share an owner id. Asked again
    because the answer got lost, a lease that was just taken is renewed.
    """
    until = now + timedelta(seconds=ttl_seconds)
    told = "#owner = :owner AND #expires_at > :now AND #expires_at <= :until"
    ours: dict[str, Value] = {"owner": owner, "now": moment(now), "until": moment(until)}
    condition = Condition(told, ours, ("owner", "expires_at"))
    values: dict[str, Value] = {"expires_at": moment(until)}
    for _ in range(ATTEMPTS):
        try:
            return _lease(await table.update(keys.lease(fleet), values, condition))
        except ConditionFailed as failed:
            found = _lease(item_of(failed.item)) if failed.item else None
        if found is not None and found.expires_at > now:
            # Another's, or our own that lasts longer than we ask for.
            return found if found.owner == owner else None
        condition = _unchanged(found)
        token = found.token + 1 if found else 1
        values = {"owner": owner, "token": token, "expires_at": moment(until)}
    return None


async def release(table: Table, lease: Lease) -> None:
    """Let anybody take it from now on, if it is still ours. The item stays, so that the token goes on growing."""
    ours = Condition(
        "#owner = :owner AND #token = :token", {"owner": lease.owner, "token": lease.token}, ("owner", "token")
    )
    try:
        await table.update(keys.lease(lease.fleet), {"expires_at": moment(LONG_AGO)}, ours)
    except ConditionFailed:
        return


async def holder(table: Table, fleet: str) -> Lease | None:
    """Whose lease it is, expired or not; None when nobody ever had it."""
    found = await table.get(keys.lease(fleet))
    return _lease(found) if found else None


async def every(table: Table) -> tuple[Lease, ...]:
    """The lease of every fleet, expired or not, by fleet."""
    return tuple(_lease(item) for item in await table.all_of(keys.LEASES))


async def announce(table: Table, owner: str, fleets: frozenset[str], ttl_seconds: float, now: datetime) -> None:
    """Say that this daemon is there. Nobody else writes its item."""
    since, until = now, now + timedelta(seconds=ttl_seconds)
    found = await table.get(keys.presence(owner))
    if found is not None:
        before = record(Presence, found)
        since = before.since if before.expires_at > now else now
        until = max(before.expires_at, until)
    said = kept(keys.presence(owner), Presence(owner, fleets, since, until), expires_at=until + KEPT_AFTER_LEAVING)
    await table.put(said.item)


async def present(table: Table, now: datetime) -> tuple[Presence, ...]:
    """Who is there, by owner."""
    found = [record(Presence, item) for item in await table.all_of(keys.PRESENCES)]
    return tuple(one for one in found if one.expires_at > now)


async def leave(table: Table, owner: str) -> None:
    """This daemon is not there any more."""
    await table.delete(keys.presence(owner))


def _unchanged(found: Lease | None) -> Condition:
    """That the lease is as it was found."""
    if found is None:
        return ABSENT
    held: dict[str, Value] = {"owner": found.owner, "token": found.token, "expires_at": moment(found.expires_at)}
    told = "#owner = :owner AND #token = :token AND #expires_at = :expires_at"
    return Condition(told, held, ("owner", "token", "expires_at"))


def _lease(item: Item) -> Lease:
    return Lease(item.key.sk, item.text("owner") or "", item.number("token"), item.moment("expires_at"))
