"""The events, and the replacements that they fold into."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial

from controller.domain.errors import IllegalTransition
from controller.domain.past import Past, past_of
from controller.domain.ports import Lease, Projector
from controller.domain.replacement import Event, Replacement, fold
from controller.journal.dynamodb import keys
from controller.journal.dynamodb.deciding import Draft, Torn
from controller.journal.dynamodb.history import PAST_KEPT_AT_LEAST
from controller.journal.dynamodb.items import ABSENT, Delete, Item, Put, Value
from controller.journal.dynamodb.leases import holder
from controller.journal.dynamodb.records import KeptClaim, Now, event_of, kept, kept_event, now_of, record
from controller.journal.dynamodb.table import Table
from controller.journal.logic.fencing import refuse_outsiders
from controller.journal.logic.following import advanced, claim_of, refuse_claimed
from controller.journal.logic.holding import KeptAbort, hold_on

READ_AT_ONCE = 16
TORN_READS = 5


async def append(projector: Projector | None, new: Sequence[Event], lease: Lease, draft: Draft) -> None:
    """Append events of one replacement, with its projection and the spans that they complete.

    Raises IllegalTransition when they do not follow what is there, LeaseLost, and Held for a `called` event under a
    hold.
    """
    table, at = draft.table, max(event.at for event in new)
    (before, abort), now, found = await asyncio.gather(
        told(table, new[0].replacement_id), read_now(table), holder(table, lease.fleet)
    )
    if not before:
        raise IllegalTransition(f"there is no replacement {new[0].replacement_id}")
    was = fold(before)
    refuse_outsiders(lease, found, was.fleet, at)
    state = advanced(was, new, partial(_stopped, now, abort))
    if state.successor != was.successor:
        refuse_claimed(state, (one.claim for one in now.claims))
    spans = projector.replacement(before, new) if projector else ()
    draft.fence(lease, at)
    _put_events(draft, new, lease)
    _project(draft, now, state)
    await draft.queue(spans, new[-1].at)


async def begin(
    projector: Projector | None, replacement: Replacement, accepted: Event, lease: Lease, draft: Draft
) -> None:
    """Insert a replacement that was just accepted. All checks have been made by whoever calls this."""
    spans = projector.replacement((), (accepted,)) if projector else ()
    number = draft.count("replacements")
    draft.fence(lease, accepted.at)
    _put_events(draft, (accepted,), lease)
    draft.write(
        kept(keys.opened(number), KeptClaim(number, claim_of(replacement))),
        Put(Item(keys.told(number), {"replacement_id": replacement.id, "fleet": replacement.fleet})),
        Put(
            Item(
                keys.accepted(accepted.at, replacement.id),
                {"fleet": replacement.fleet},
                expires_at=accepted.at + PAST_KEPT_AT_LEAST,
            )
        ),
    )
    await draft.queue(spans, accepted.at)


async def told(table: Table, replacement_id: str) -> tuple[tuple[Event, ...], KeptAbort | None]:
    """The whole story of one replacement, empty when there is none of that id, and the word that turned it back."""
    for _ in range(TORN_READS):
        items = await table.all_of(keys.story(replacement_id))
        events = tuple(event_of(replacement_id, item) for item in items if item.key.sk.startswith(keys.EVENT))
        abort = next((record(KeptAbort, item) for item in items if item.key.sk == "abort"), None)
        if [event.ordinal for event in events] == list(range(len(events))):
            return events, abort
    raise Torn(replacement_id)


async def open_replacements(table: Table, fleet: str | None) -> tuple[Replacement, ...]:
    """All that are not closed, oldest first."""
    items = await table.all_of(keys.NOW, starting=keys.OPEN)
    claims = [record(KeptClaim, item).claim for item in items]
    wanted = [claim.replacement_id for claim in claims if fleet in (None, claim.fleet)]
    return tuple(state for state in await _folded(table, wanted) if state.open)


async def newest(table: Table, limit: int) -> tuple[Replacement, ...]:
    """The newest, open or closed, newest first."""
    found = await table.first_of(keys.TOLD, limit, newest_first=True)
    return await _folded(table, [str(item.text("replacement_id")) for item in found])


async def read_now(table: Table) -> Now:
    """What is in force, stands, or is under way."""
    return now_of(await table.all_of(keys.NOW))


async def _folded(table: Table, ids: Iterable[str]) -> tuple[Replacement, ...]:
    turn = asyncio.Semaphore(READ_AT_ONCE)

    async def one(replacement_id: str) -> Replacement | None:
        async with turn:
            events, _ = await told(table, replacement_id)
        return fold(events) if events else None

    states = await asyncio.gather(*(one(replacement_id) for replacement_id in ids))
    return tuple(state for state in states if state)


def _put_events(draft: Draft, new: Sequence[Event], lease: Lease) -> None:
    for event in new:
        put = kept_event(event, draft.count("events"), lease.token)
        draft.write(Put(put.item, ABSENT))


def _project(draft: Draft, now: Now, state: Replacement) -> None:
    """What others have to know of it without its story."""
    known = now.claim(state.id)
    if known is None:
        raise Torn(state.id)
    if state.open:
        if known.claim != claim_of(state):
            draft.write(kept(keys.opened(known.number), KeptClaim(known.number, claim_of(state))))
        return
    past: Past = past_of(state)
    number, closed_at = draft.ledger.events, past.closed_at
    draft.ledger = draft.ledger.closed(state.fleet, state.outcome)
    where: dict[str, Value] = {"replacement_id": state.id, "fleet": state.fleet, "outcome": past.outcome.value}
    where |= {"number": known.number, "event": number}
    draft.write(
        Delete(keys.opened(known.number)),
        kept(keys.ended(state.fleet, number), past, expires_at=closed_at + PAST_KEPT_AT_LEAST),
        Put(Item(keys.closed(closed_at, state.id), where)),
    )


def _stopped(now: Now, abort: KeptAbort | None, state: Replacement, called: Event) -> str | None:
    if abort is not None and not state.undoing:
        return abort.word.sentence()
    hold = hold_on(state, now.holds, abort, called.at)
    return hold.sentence() if hold else None
