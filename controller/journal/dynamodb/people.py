"""What people said (hold, resume, abort), and the daemon's own stop (breakers)."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from controller.domain.model import Breaker, Hold
from controller.domain.ports import Lease, Lifted
from controller.domain.replacement import Replacement, fold
from controller.domain.request import Abort, Request, RequestState
from controller.journal.dynamodb import keys, requests, stories
from controller.journal.dynamodb.deciding import Decider, Draft
from controller.journal.dynamodb.items import Delete, Put
from controller.journal.dynamodb.leases import holder
from controller.journal.dynamodb.records import KeptBreaker, kept, record
from controller.journal.dynamodb.stories import read_now
from controller.journal.dynamodb.table import Table
from controller.journal.logic import asking, holding
from controller.journal.logic.fencing import refuse_outsiders
from controller.journal.logic.holding import ALL, KeptAbort, KeptHold, fleet_scope
from controller.journal.logic.turning_back import refuse_if_late

KEPT_AFTER_ITS_END = timedelta(days=90)
KEPT_FOR_PEOPLE = timedelta(days=365)
BREAKERS_AT_ONCE = 40
"""Two items each, in a transaction of a hundred."""


async def in_force(table: Table, at: datetime) -> tuple[Hold, ...]:
    """The holds in force, oldest first."""
    return tuple(one.hold for one in await _holds(table) if one.in_force(at))


async def hold_on(table: Table, replacement: Replacement, at: datetime) -> Hold | None:
    """The hold that forbids this replacement's next call."""
    kept_holds, said = await asyncio.gather(_holds(table), _abort(table, replacement.id))
    return holding.hold_on(replacement, kept_holds, said, at)


async def lifted(table: Table, scopes: Collection[str], since: datetime) -> Lifted | None:
    """Who ended the hold of these scopes that was the last to end after `since`; None when it ran out by itself."""
    standing, ended = await asyncio.gather(_holds(table), table.all_of(keys.LIFTED))
    found = [*(record(KeptHold, item) for item in ended), *standing]
    meant = (one for one in found if one.hold.scope in scopes and (one.ended_at or one.hold.expires_at))
    return holding.lifted(sorted(meant, key=lambda one: one.number), since)


async def aborted(table: Table, replacement_id: str) -> Abort | None:
    """The word that turned a replacement back, if there is one."""
    found = await _abort(table, replacement_id)
    return found.word if found else None


async def hold(new: Hold, draft: Draft) -> None:
    """Put a hold in force. One of the same scope ends; what was said stays on record."""
    for before in await _holds(draft.table):
        if before.hold.scope == new.scope:
            _lift(draft, before, new.by, new.created_at)
    gone = new.expires_at + KEPT_AFTER_ITS_END if new.expires_at else None
    draft.write(kept(keys.hold(new.scope), KeptHold(draft.count("holds"), new), expires_at=gone))


async def resume(decider: Decider, scope: str, by: str, at: datetime) -> int:
    """End the hold of this very scope, close the scope's breakers and forget its failures in a row.

    Returns how many holds and breakers that ended. `all` closes every fleet's breakers and forgets every fleet's
    failures, but a hold on one fleet or instance stays: whoever put it there had a reason of their own.
    """
    closed = 0
    while True:
        ended, done = await decider.decide(lambda draft: _resume(scope, by, at, draft))
        closed += ended
        if done:
            return closed


async def _resume(scope: str, by: str, at: datetime, draft: Draft) -> tuple[int, bool]:
    """How many it ended, and whether that was all: more breakers than one transaction can close take several."""
    now = await read_now(draft.table)
    meant = [one for one in now.breakers if scope in (ALL, fleet_scope(one.breaker.fleet))]
    for one in meant[:BREAKERS_AT_ONCE]:
        _close(draft, one, by, at)
    if len(meant) > BREAKERS_AT_ONCE:
        return BREAKERS_AT_ONCE, False
    holds = [one for one in now.holds if one.hold.scope == scope and one.in_force(at)]
    for one_hold in holds:
        draft.write(Delete(keys.hold(scope)))
        _lift(draft, one_hold, by, at)
    draft.ledger = draft.ledger.after_resume(scope)
    said = Abort(scope, by, "", at)
    draft.write(kept(keys.resumed(draft.ledger.version), said, expires_at=at + KEPT_FOR_PEOPLE))
    return len(meant) + len(holds), True


async def abort(word: Abort, draft: Draft) -> Request | Replacement:
    """End a request that stands, or have an open replacement undone; what it was about.

    Raises KeyError when nothing has that id, and Conflict.
    """
    table, about = draft.table, word.replacement_id
    asked, (story, before), kept_holds = await asyncio.gather(
        requests.one(table, about), stories.told(table, about), _holds(table)
    )
    if asked is not None and asked.ended is not RequestState.ACCEPTED:
        return requests.put(draft, asking.aborted(asked, word.by, word.reason, word.at))
    if not story:
        raise KeyError(about)
    state = fold(story)
    refuse_if_late(state, before.word if before else None, holding.hold_on(state, kept_holds, before, word.at))
    draft.write(kept(keys.abort(about), KeptAbort(word, draft.read.holds)))
    return state


async def open_breaker(breaker: Breaker, lease: Lease, draft: Draft) -> None:
    """Open a breaker; one that is open already for the same image stays as it was, for another one it is followed."""
    now, found = await asyncio.gather(read_now(draft.table), holder(draft.table, lease.fleet))
    refuse_outsiders(lease, found, breaker.fleet, breaker.opened_at)
    for before in _same(now.breakers, breaker):
        if (before.breaker.image_id or "") == (breaker.image_id or ""):
            return
        told = f"opened again: {breaker.reason}"
        draft.write(_record(before, told, breaker.opened_at))
    draft.fence(lease, breaker.opened_at)
    opened = KeptBreaker(draft.count("breakers"), breaker)
    draft.write(kept(keys.breaker(breaker.fleet, breaker.cause), opened))


async def close_breaker(breaker: Breaker, by: str, at: datetime, lease: Lease, draft: Draft) -> None:
    """Close a breaker, if it is still that one; by: the proof, in words."""
    now, found = await asyncio.gather(read_now(draft.table), holder(draft.table, lease.fleet))
    refuse_outsiders(lease, found, breaker.fleet, at)
    for before in _same(now.breakers, breaker):
        if before.breaker.opened_at == breaker.opened_at:
            draft.fence(lease, at)
            _close(draft, before, by, at)


async def _holds(table: Table) -> list[KeptHold]:
    """Every hold that has not been ended, oldest first."""
    found = [record(KeptHold, item) for item in await table.all_of(keys.NOW, starting=keys.HOLD)]
    return sorted(found, key=lambda one: one.number)


async def _abort(table: Table, replacement_id: str) -> KeptAbort | None:
    found = await table.get(keys.abort(replacement_id))
    return record(KeptAbort, found) if found else None


def _lift(draft: Draft, before: KeptHold, by: str, at: datetime) -> None:
    """Keep on record that it ended. Its own item is for the caller, who may put another in its place."""
    ended = KeptHold(before.number, before.hold, at, by)
    draft.write(kept(keys.lifted(before.number), ended, expires_at=at + KEPT_AFTER_ITS_END))


def _close(draft: Draft, before: KeptBreaker, by: str, at: datetime) -> None:
    draft.write(Delete(keys.breaker(before.breaker.fleet, before.breaker.cause)), _record(before, by, at))


def _record(before: KeptBreaker, by: str, at: datetime) -> Put:
    closed = KeptBreaker(before.number, before.breaker, at, by)
    return kept(keys.closed_breaker(before.number), closed, expires_at=at + KEPT_FOR_PEOPLE)


def _same(breakers: Sequence[KeptBreaker], breaker: Breaker) -> list[KeptBreaker]:
    about = (breaker.fleet, breaker.cause)
    return [one for one in breakers if (one.breaker.fleet, one.breaker.cause) == about]
