"""Accepting a replacement: every budget and every hold again. A plan is advisory: two fleets' ticks must not both spend
the last slot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.domain.budgets import canary_veto, cooldown_veto, image_set_aside_veto
from controller.domain.errors import IllegalTransition
from controller.domain.model import Breaker, Hold
from controller.domain.past import History
from controller.domain.policy import Mode
from controller.domain.ports import Budget
from controller.domain.replacement import Event, Replacement, begin
from controller.domain.request import Request
from controller.domain.veto import Needs, Veto
from controller.journal.logic.following import Claim
from controller.journal.logic.holding import ALL, fleet_scope, instance_scopes

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand when a replacement wants to begin, all of it read in the transaction that inserts it.

    holds: in force over `scopes_asked`. request: the one of the replacement's id. claims: of everything that is open,
    oldest first. history, breakers: of its fleet.
    """

    holds: Sequence[Hold]
    request: Request | None
    claims: Sequence[Claim]
    history: History
    breakers: Sequence[Breaker]


def begun_by(event: Event) -> Replacement:
    """The replacement that this event would begin. Raises IllegalTransition when it is not a first one."""
    replacement = begin(event)
    if event.ordinal != 0:
        raise IllegalTransition(f"{event.replacement_id} begins with event {event.ordinal}, not with 0")
    return replacement


def scopes_asked(wanted: Replacement) -> tuple[str, ...]:
    """The scopes whose hold keeps it from beginning."""
    return (ALL, fleet_scope(wanted.fleet), *instance_scopes(wanted.predecessor))


def vetoes(wanted: Replacement, budget: Budget, standing: Standing) -> tuple[Veto, ...]:
    """Everything that keeps it from beginning."""
    return tuple(_vetoes(wanted, budget, standing))


def _vetoes(wanted: Replacement, budget: Budget, standing: Standing) -> Iterator[Veto]:
    for hold in standing.holds:
        yield Veto("held", hold.sentence(), Needs.PERSON, hold.expires_at)
    yield from _unapproved(wanted, standing.request)
    yield from _taken(wanted.predecessor, standing.claims)
    ours, past = [claim for claim in standing.claims if claim.fleet == wanted.fleet], standing.history
    yield from _in_flight(ours, budget.max_in_flight)
    yield from _hourly(past.accepted_at, budget.replacements_per_hour, "in this fleet")
    yield from _hourly(past.accepted_everywhere_at, budget.replacements_per_hour_everywhere, "over all fleets")
    yield from _failing(past.failures_in_a_row, budget.stop_after_failures, "in this fleet")
    yield from _failing(past.failures_in_a_row_everywhere, budget.stop_after_failures, "over all fleets")
    yield from _learnt(wanted, budget, past, ours)
    yield from _broken(wanted, standing.breakers, ours)


def _learnt(wanted: Replacement, budget: Budget, history: History, ours: Sequence[Claim]) -> Iterator[Veto]:
    """What follows from the past: an attempt that ended, or a canary that set out, since the plan was made."""
    at, fleet, image_id, past = wanted.accepted_at, wanted.fleet, wanted.image_id, history.past
    same = [claim.replacement_id for claim in ours if claim.image_id == image_id]
    found = (
        cooldown_veto(past, fleet, wanted.predecessor, budget.cooldown, at),
        image_set_aside_veto(past, fleet, image_id, at),
        canary_veto(past, image_id, same, budget.max_in_flight),
    )
    yield from (veto for veto in found if veto)


def _broken(wanted: Replacement, breakers: Sequence[Breaker], ours: Sequence[Claim]) -> Iterator[Veto]:
    """A breaker that opened while the plan was made; half-open for another image, it lets one try."""
    for breaker in breakers:
        if breaker.cause not in wanted.causes:
            continue
        known = breaker.image_id is not None and wanted.image_id is not None
        if not known or breaker.image_id == wanted.image_id:
            yield Veto("breaker", f"breaker for `{breaker.cause}` is open: {breaker.reason}", Needs.PERSON)
        elif trying := next((claim.replacement_id for claim in ours if breaker.cause in claim.causes), None):
            told = f"breaker for `{breaker.cause}` is half-open, and {trying} tries a new image first"
            yield Veto("breaker", told, Needs.REPAVE)


def _unapproved(wanted: Replacement, found: Request | None) -> Iterator[Veto]:
    """What a person has to say yes to begins only under the id that they said it about, while that counts."""
    if not wanted.facts.get("request") and wanted.facts.get("mode") != Mode.ASK:
        return
    subject = (found.fleet, found.instance_id) if found else None
    if found is None or not found.approved(wanted.accepted_at) or subject != (wanted.fleet, wanted.predecessor):
        reason = f"nobody has approved {wanted.id} for {wanted.predecessor}, or not any more"
        yield Veto("awaiting_approval", reason, Needs.PERSON)


def _taken(instance_id: str, claims: Sequence[Claim]) -> Iterator[Veto]:
    for claim in claims:
        if claim.has(instance_id):
            reason = f"{instance_id} belongs to {claim.replacement_id}, which is still open"
            yield Veto("max_in_flight", reason, Needs.REPAVE)


def _in_flight(ours: Sequence[Claim], limit: int) -> Iterator[Veto]:
    if len(ours) >= limit:
        names = f" ({', '.join(claim.replacement_id for claim in ours)})" if ours else ""
        yield Veto("max_in_flight", f"{len(ours)} of {limit} in flight{names}", Needs.REPAVE)


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
