"""What may be approved and what people asked for: proposals of a tick, the yes to them, wishes, and their ends."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from controller.domain.request import REFUSED_FOR, Request, RequestState
from controller.journal.dynamodb import keys
from controller.journal.dynamodb.deciding import Draft
from controller.journal.dynamodb.items import Delete
from controller.journal.dynamodb.records import kept, record
from controller.journal.dynamodb.stories import read_now
from controller.journal.dynamodb.table import Table
from controller.journal.logic import asking

KEPT_AFTER_ITS_END = timedelta(days=90)
KEPT_AFTER_A_NO = REFUSED_FOR + timedelta(days=1)


async def standing(table: Table, now: datetime, fleet: str | None) -> tuple[Request, ...]:
    """What may still become a replacement, oldest first."""
    found = [record(Request, item) for item in await table.all_of(keys.NOW, starting=keys.REQUEST)]
    meant = [one for one in found if one.expires_at > now and fleet in (None, one.fleet)]
    return tuple(sorted(meant, key=lambda one: one.created_at))


async def newest(table: Table, limit: int) -> tuple[Request, ...]:
    """The newest, newest first."""
    return tuple(record(Request, item) for item in await table.first_of(keys.REQUESTS, limit, newest_first=True))


async def one(table: Table, request_id: str) -> Request | None:
    """The one of this id, or None."""
    found = await table.get(keys.request(request_id))
    return record(Request, found) if found else None


async def approve(request_id: str, by: str, at: datetime, draft: Draft) -> Request:
    """Say yes to a proposal. Raises KeyError when there is none of that id, and Conflict."""
    found = await one(draft.table, request_id)
    if found is None:
        raise KeyError(request_id)
    return put(draft, asking.approved(found, by, at))


async def ask(wish: Request, draft: Draft) -> Request:
    """Keep what a person asks for; a proposal for the same instance gives way to it. Raises Conflict."""
    now = await read_now(draft.table)
    claims = (item.claim for item in now.claims)
    asking.refuse_claimed(wish, next((one.replacement_id for one in claims if one.has(wish.instance_id)), None))
    for before in asking.gives_way((item for item in now.requests if item.instance_id == wish.instance_id), wish):
        put(draft, before)
    return put(draft, wish)


def put(draft: Draft, now: Request) -> Request:
    """Keep a request as it is now, everywhere where somebody asks for it."""
    # One of a fleet that nobody watches any more is never ended: its time goes on all the same.
    gone = (now.ended_at or now.expires_at) + KEPT_AFTER_ITS_END
    draft.write(
        kept(keys.request(now.id), now, expires_at=gone),
        kept(keys.listed(now), now, expires_at=gone),
        kept(keys.standing(now.id), now, expires_at=gone) if now.ended is None else Delete(keys.standing(now.id)),
    )
    if now.ended is RequestState.ABORTED and now.ended_at is not None:
        key = keys.turned_down(now.fleet, now.ended_at, now.id)
        draft.write(kept(key, now, expires_at=now.ended_at + KEPT_AFTER_A_NO))
    return now


async def settled(
    table: Table, fleet: str, proposed: Sequence[Request], withdrawn: Mapping[str, str], at: datetime
) -> tuple[Request, ...]:
    """What a tick changes: what has had its time ends, what is withdrawn ends, what is newly proposed is kept."""
    changed: list[Request] = []
    now = await read_now(table)
    taken = set()
    for before in now.requests:
        if before.fleet != fleet:
            continue
        if before.expires_at <= at:
            changed.append(asking.over(before, RequestState.EXPIRED, at, asking.TOO_LATE))
        elif before.id in withdrawn:
            changed.append(asking.over(before, RequestState.WITHDRAWN, at, withdrawn[before.id]))
        else:
            taken.add(before.instance_id)
    for new in proposed:
        if new.instance_id not in taken and await one(table, new.id) is None:
            taken.add(new.instance_id)
            changed.append(new)
    return tuple(changed)
