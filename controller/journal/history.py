"""What limits need to know of the past."""

from datetime import datetime

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from controller.domain.lifecycle import Outcome
from controller.domain.past import History, Past
from controller.journal.logic.admission import HOUR
from controller.journal.logic.holding import ALL, fleet_scope
from controller.journal.logic.past import PAST_AT_MOST, PAST_KEPT
from controller.journal.requests import refused
from controller.journal.schema import replacements, resumes

OF_FLEET = replacements.c.fleet == bindparam("fleet")

ACCEPTED_EVERYWHERE = (
    select(replacements.c.accepted_at)
    .where(replacements.c.accepted_at > bindparam("since"))
    .order_by(replacements.c.accepted_at)
)
ACCEPTED = ACCEPTED_EVERYWHERE.where(OF_FLEET)


def _failures_since(success: Select[int | None]) -> Select[int]:
    """How many failed since that event, in the journal's own order, and since their fleet (or all) was resumed.

    Superseded and aborted ones neither count nor break the row.
    """
    resumed = (
        select(func.max(resumes.c.after_event))
        .where(resumes.c.scope.in_((ALL, "fleet:" + replacements.c.fleet)))
        .correlate(replacements)
    )
    return (
        select(func.count())
        .select_from(replacements)
        .where(
            replacements.c.outcome == Outcome.FAILED,
            replacements.c.closed_event > func.coalesce(success.scalar_subquery(), 0),
            replacements.c.closed_event > func.coalesce(resumed.scalar_subquery(), 0),
        )
    )


successes = replacements.alias("successes")
SUCCESS = select(func.max(successes.c.closed_event)).where(successes.c.outcome == Outcome.REPLACED)
FAILURES_EVERYWHERE = _failures_since(SUCCESS)
FAILURES = _failures_since(SUCCESS.where(successes.c.fleet == bindparam("fleet"))).where(OF_FLEET)


RESUMED = select(func.coalesce(func.max(resumes.c.after_event), 0)).where(
    resumes.c.scope.in_((ALL, bindparam("scope"))),
)
ENDED = (
    select(replacements)
    .where(OF_FLEET, replacements.c.closed_event.is_not(None), replacements.c.closed_at > bindparam("since"))
    .order_by(replacements.c.closed_event.desc())
    .limit(PAST_AT_MOST)
)


def history(connection: Connection, fleet: str, now: datetime) -> History:
    """The numbers of one fleet, and those over all fleets. What was accepted exactly an hour ago has left the hour."""
    asked = {"fleet": fleet, "since": now - HOUR}
    return History(
        accepted_at=tuple(connection.execute(ACCEPTED, asked).scalars()),
        accepted_everywhere_at=tuple(connection.execute(ACCEPTED_EVERYWHERE, asked).scalars()),
        failures_in_a_row=connection.execute(FAILURES, asked).scalar_one(),
        failures_in_a_row_everywhere=connection.execute(FAILURES_EVERYWHERE, asked).scalar_one(),
        past=past(connection, fleet, now),
        refused=refused(connection, fleet, now),
    )


def past(connection: Connection, fleet: str, now: datetime) -> tuple[Past, ...]:
    """What a fleet's replacements came to, newest first by the journal's own order."""
    resumed_after = connection.execute(RESUMED, {"scope": fleet_scope(fleet)}).scalar_one()
    rows = connection.execute(ENDED, {"fleet": fleet, "since": now - PAST_KEPT})
    return tuple(_past(row, resumed_after) for row in rows)


def _past(row: Row[*tuple[object, ...]], resumed_after: int) -> Past:
    return Past(
        replacement_id=row.id,
        group=row.group,
        predecessor=row.predecessor,
        successor=row.successor,
        causes=tuple(row.causes),
        outcome=Outcome(row.outcome),
        error_type=row.error_type,
        verification=row.verification,
        image_id=row.image_id,
        accepted_at=row.accepted_at,
        closed_at=row.closed_at,
        predecessor_launched_at=row.predecessor_launched_at,
        forgotten=row.closed_event <= resumed_after,
    )
