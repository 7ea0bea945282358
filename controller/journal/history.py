"""What limits need to know of the past."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from controller.domain.lifecycle import Outcome
from controller.domain.model import History
from controller.journal.people import ALL
from controller.journal.schema import replacements, resumes

HOUR = timedelta(hours=1)


def history(connection: Connection, fleet: str, now: datetime) -> History:
    """The numbers of one fleet, and those over all fleets."""
    return History(
        accepted_at=accepted_within_the_hour(connection, now, fleet),
        accepted_everywhere_at=accepted_within_the_hour(connection, now),
        failures_in_a_row=failures_in_a_row(connection, fleet),
        failures_in_a_row_everywhere=failures_in_a_row(connection),
    )


def accepted_within_the_hour(connection: Connection, now: datetime, fleet: str | None = None) -> tuple[datetime, ...]:
    """When replacements were accepted, oldest first. One of exactly an hour ago has left."""
    accepted_at = replacements.c.accepted_at
    query = select(accepted_at).where(accepted_at > now - HOUR).order_by(accepted_at)
    if fleet is not None:
        query = query.where(replacements.c.fleet == fleet)
    return tuple(connection.execute(query).scalars())


def failures_in_a_row(connection: Connection, fleet: str | None = None) -> int:
    """Failed replacements since the last success, in the journal's own order.

    Superseded and aborted ones neither count nor break the row. A failure also stops counting, here and over all
    fleets, once its fleet (or everything) was resumed.
    """
    ended = replacements.c
    resumed = (
        select(func.max(resumes.c.after_event))
        .where(resumes.c.scope.in_((ALL, "fleet:" + ended.fleet)))
        .correlate(replacements)
        .scalar_subquery()
    )
    successes = replacements.alias("successes")
    success = select(func.max(successes.c.closed_event)).where(successes.c.outcome == Outcome.REPLACED)
    failures = select(func.count()).select_from(replacements).where(ended.outcome == Outcome.FAILED)
    if fleet is not None:
        success = success.where(successes.c.fleet == fleet)
        failures = failures.where(ended.fleet == fleet)
    failures = failures.where(
        ended.closed_event > func.coalesce(success.scalar_subquery(), 0),
        ended.closed_event > func.coalesce(resumed, 0),
    )
    return int(connection.execute(failures).scalar_one())
