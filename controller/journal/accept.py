"""Accepting a replacement: every budget and every hold again, in the transaction that inserts it.

A plan is advisory: two fleets' ticks must not both spend the last slot.
"""

from sqlalchemy import Connection

from controller.domain.ports import Budget, Lease, Projector
from controller.domain.replacement import Event, Replacement
from controller.domain.request import RequestState
from controller.domain.veto import Veto
from controller.journal import events, requests
from controller.journal.history import history
from controller.journal.lease import require
from controller.journal.logic.admission import Standing, begun_by, scopes_asked, vetoes
from controller.journal.people import in_force, open_breakers


def accept(
    connection: Connection, projector: Projector | None, event: Event, lease: Lease, budget: Budget
) -> Replacement | tuple[Veto, ...]:
    """Insert the `accepted` event, or give every veto that applies and write nothing.

    Raises LeaseLost, and IllegalTransition when the event is not a first one.
    """
    wanted = begun_by(event)
    require(connection, lease, wanted.fleet, event.at)
    found = vetoes(wanted, budget, _standing(connection, wanted))
    if not found:
        events.begin(connection, projector, wanted, event, lease)
        requests.end(connection, wanted.id, RequestState.ACCEPTED, event.at, "its replacement began")
    return found or wanted


def _standing(connection: Connection, wanted: Replacement) -> Standing:
    at = wanted.accepted_at
    return Standing(
        holds=in_force(connection, at, scopes_asked(wanted)),
        request=requests.one(connection, wanted.id),
        claims=events.claims(connection),
        history=history(connection, wanted.fleet, at),
        breakers=open_breakers(connection, wanted.fleet),
    )
