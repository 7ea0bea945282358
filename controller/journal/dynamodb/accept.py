"""Accepting a replacement: every budget and every hold again, in the decision that inserts it."""

import asyncio

from controller.domain.errors import IllegalTransition
from controller.domain.ports import Budget, Lease, Projector
from controller.domain.replacement import Event, Replacement
from controller.domain.request import RequestState
from controller.domain.veto import Veto
from controller.journal.dynamodb import keys, requests, stories
from controller.journal.dynamodb.deciding import Draft
from controller.journal.dynamodb.history import history
from controller.journal.dynamodb.leases import holder
from controller.journal.logic import asking
from controller.journal.logic.admission import Standing, begun_by, scopes_asked, vetoes
from controller.journal.logic.fencing import refuse_outsiders
from controller.journal.logic.holding import over


async def accept(
    projector: Projector | None, event: Event, lease: Lease, budget: Budget, draft: Draft
) -> Replacement | tuple[Veto, ...]:
    """Insert the `accepted` event, or give every veto that applies and write nothing.

    Raises LeaseLost, and IllegalTransition when the event is not a first one.
    """
    wanted, table = begun_by(event), draft.table
    now, found, past, request, first = await asyncio.gather(
        stories.read_now(table),
        holder(table, lease.fleet),
        history(table, draft.read, wanted.fleet, wanted.accepted_at),
        requests.one(table, wanted.id),
        table.get(keys.event(wanted.id, 0)),
    )
    refuse_outsiders(lease, found, wanted.fleet, event.at)
    if first is not None:
        raise IllegalTransition(f"{wanted.id} has begun already")
    standing = Standing(
        holds=over(now.holds, wanted.accepted_at, scopes_asked(wanted)),
        request=request,
        claims=[one.claim for one in now.claims],
        history=past,
        breakers=now.breakers_of(wanted.fleet),
    )
    against = vetoes(wanted, budget, standing)
    if against:
        return against
    await stories.begin(projector, wanted, event, lease, draft)
    if request is not None and request.ended is None:
        requests.put(draft, asking.over(request, RequestState.ACCEPTED, event.at, "its replacement began"))
    return wanted
