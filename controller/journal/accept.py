"""Accepting a replacement: every budget and every hold again, in the transaction that inserts it.

A plan is advisory: two fleets' ticks must not both spend the last slot.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, String, bindparam, select

from controller.domain.budgets import canary_veto, cooldown_veto, image_set_aside_veto
from controller.domain.errors import IllegalTransition
from controller.domain.model import Hold
from controller.domain.past import Past
from controller.domain.policy import Mode
from controller.domain.ports import Budget, Lease, Projector
from controller.domain.replacement import Event, Replacement, begin
from controller.domain.request import RequestState
from controller.domain.veto import Needs, Veto
from controller.journal import events, requests
from controller.journal.history import HOUR, history
from controller.journal.lease import require
from controller.journal.people import ALL, fleet_scope, in_force, instance_scopes, open_breakers
from controller.journal.schema import replacements

OPEN = select(replacements.c.id).where(replacements.c.closed_event.is_(None)).order_by(replacements.c.number)
OPEN_IN = OPEN.where(replacements.c.fleet == bindparam("of"))
OPEN_ONTO = OPEN_IN.where(replacements.c.image_id.is_not_distinct_from(bindparam("image", type_=String)))
OPEN_CAUSES = OPEN_IN.with_only_columns(replacements.c.id, replacements.c.causes)
OPEN_ABOUT = OPEN.where(bindparam("who").in_((replacements.c.predecessor, replacements.c.successor)))


def accept(
    connection: Connection, projector: Projector | None, event: Event, lease: Lease, budget: Budget
) -> Replacement | tuple[Veto, ...]:
    """Insert the `accepted` event, or give every veto that applies and write nothing.

    Raises LeaseLost, and IllegalTransition when the event is not a first one.
    """
    replacement = begin(event)
    if event.ordinal != 0:
        raise IllegalTransition(f"{event.replacement_id} begins with event {event.ordinal}, not with 0")
    require(connection, lease, replacement.fleet, event.at)
    vetoes = tuple(_vetoes(connection, replacement, budget))
    if not vetoes:
        events.begin(connection, projector, replacement, event, lease)
        requests.end(connection, replacement.id, RequestState.ACCEPTED, event.at, "its replacement began")
    return vetoes or replacement


def _vetoes(connection: Connection, wanted: Replacement, budget: Budget) -> Iterator[Veto]:
    scopes = (ALL, fleet_scope(wanted.fleet), *instance_scopes(wanted.predecessor))
    for hold in in_force(connection, wanted.accepted_at, scopes):
        yield _held(hold)
    yield from _unapproved(connection, wanted)
    yield from _taken(connection, wanted.predecessor)
    yield from _in_flight(connection, wanted.fleet, budget.max_in_flight)
    past = history(connection, wanted.fleet, wanted.accepted_at)
    yield from _hourly(past.accepted_at, budget.replacements_per_hour, "in this fleet")
    yield from _hourly(past.accepted_everywhere_at, budget.replacements_per_hour_everywhere, "over all fleets")
    yield from _failing(past.failures_in_a_row, budget.stop_after_failures, "in this fleet")
    yield from _failing(past.failures_in_a_row_everywhere, budget.stop_after_failures, "over all fleets")
    yield from _learnt(connection, wanted, budget, past.past)


def _learnt(connection: Connection, wanted: Replacement, budget: Budget, past: Sequence[Past]) -> Iterator[Veto]:
    """What follows from the past: an attempt that ended, or a canary that set out, since the plan was made."""
    at, fleet, image_id = wanted.accepted_at, wanted.fleet, wanted.image_id
    same = connection.execute(OPEN_ONTO, {"of": fleet, "image": image_id}).scalars().all()
    found = (
        cooldown_veto(past, fleet, wanted.predecessor, budget.cooldown, at),
        image_set_aside_veto(past, fleet, image_id, at),
        canary_veto(past, image_id, same, budget.max_in_flight),
    )
    yield from (veto for veto in found if veto)
    yield from _broken(connection, wanted)


def _broken(connection: Connection, wanted: Replacement) -> Iterator[Veto]:
    """A breaker that opened while the plan was made; half-open for another image, it lets one try."""
    under_way = {row.id: set(row.causes) for row in connection.execute(OPEN_CAUSES, {"of": wanted.fleet})}
    for breaker in open_breakers(connection, wanted.fleet):
        if breaker.cause not in wanted.causes:
            continue
        known = breaker.image_id is not None and wanted.image_id is not None
        if not known or breaker.image_id == wanted.image_id:
            yield Veto("breaker", f"breaker for `{breaker.cause}` is open: {breaker.reason}", Needs.PERSON)
        elif trying := next((one for one, causes in under_way.items() if breaker.cause in causes), None):
            told = f"breaker for `{breaker.cause}` is half-open, and {trying} tries a new image first"
            yield Veto("breaker", told, Needs.REPAVE)


def _held(hold: Hold) -> Veto:
    return Veto("held", hold.sentence(), Needs.PERSON, hold.expires_at)


def _unapproved(connection: Connection, wanted: Replacement) -> Iterator[Veto]:
    """What a person has to say yes to begins only under the id that they said it about, while that counts."""
    if not wanted.facts.get("request") and wanted.facts.get("mode") != Mode.ASK:
        return
    found = requests.one(connection, wanted.id)
    subject = (found.fleet, found.instance_id) if found else None
    if found is None or not found.approved(wanted.accepted_at) or subject != (wanted.fleet, wanted.predecessor):
        reason = f"nobody has approved {wanted.id} for {wanted.predecessor}, or not any more"
        yield Veto("awaiting_approval", reason, Needs.PERSON)


def _taken(connection: Connection, instance_id: str) -> Iterator[Veto]:
    for other in connection.execute(OPEN_ABOUT, {"who": instance_id}).scalars():
        yield Veto("max_in_flight", f"{instance_id} belongs to {other}, which is still open", Needs.REPAVE)


def _in_flight(connection: Connection, fleet: str, limit: int) -> Iterator[Veto]:
    found = connection.execute(OPEN_IN, {"of": fleet}).scalars().all()
    if len(found) >= limit:
        names = f" ({', '.join(found)})" if found else ""
        yield Veto("max_in_flight", f"{len(found)} of {limit} in flight{names}", Needs.REPAVE)


def _hourly(accepted_at: Sequence[datetime], limit: int, where: str) -> Iterator[Veto]:
    if len(accepted_at) < limit:
        return
    reason = f"{len(accepted_at)} of {limit} this hour {where}"
    if limit <= 0:
        yield Veto("replacements_per_hour", reason, Needs.PERSON)
        return
    # There is room again when fewer than `limit` are left within the hour.
    clears_at = accepted_at[-limit] + HOUR
    yield Veto("replacements_per_hour", reason, Needs.REPAVE, clears_at)


def _failing(failures: int, limit: int, where: str) -> Iterator[Veto]:
    if failures >= limit:
        reason = f"{failures} replacements in a row failed {where} (limit {limit}); `repave resume` starts again"
        yield Veto("stop_after_failures", reason, Needs.PERSON)
