"""The events, and the replacements that they fold into."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from controller.domain.errors import IllegalTransition
from controller.domain.lifecycle import Kind, Step
from controller.domain.ports import Lease, Projector
from controller.domain.replacement import Event, Replacement, fold
from controller.journal import outbox
from controller.journal.lease import require
from controller.journal.logic.following import Claim, advanced, refuse_claimed
from controller.journal.people import aborted, hold_on
from controller.journal.schema import events, replacements

OF_ONE = events.c.replacement_id == bindparam("of")
STORY = select(events).where(OF_ONE).order_by(events.c.ordinal)
STORIES = (
    select(events)
    .join(replacements, replacements.c.id == events.c.replacement_id)
    .order_by(replacements.c.number, events.c.ordinal)
)
STORIES_OPEN = STORIES.where(replacements.c.closed_event.is_(None))
STORIES_OPEN_IN = STORIES_OPEN.where(replacements.c.fleet == bindparam("fleet"))
NEWEST_EVENT = select(func.max(events.c.id)).where(OF_ONE)
CLAIMS = (
    select(
        replacements.c.id,
        replacements.c.fleet,
        replacements.c.predecessor,
        replacements.c.successor,
        replacements.c.image_id,
        replacements.c.causes,
    )
    .where(replacements.c.closed_event.is_(None))
    .order_by(replacements.c.number)
)
INSERT = insert(events)
BEGIN = insert(replacements)
PROGRESS = update(replacements).where(replacements.c.id == bindparam("of"))


def append(connection: Connection, projector: Projector | None, new: Sequence[Event], lease: Lease) -> None:
    """Append events of one replacement, with its projection and the spans that they complete.

    Raises IllegalTransition when they do not follow what is there (another writer was first, or the state machine
    has no such row), LeaseLost, and Held for a `called` event under a hold. Then nothing was written.
    """
    if not new:
        return
    before = story(connection, new[0].replacement_id)
    if not before:
        raise IllegalTransition(f"there is no replacement {new[0].replacement_id}")
    was = fold(before)
    require(connection, lease, was.fleet, max(event.at for event in new))

    def stop(state: Replacement, called: Event) -> str | None:
        return _stopped(connection, state, called)

    now = advanced(was, new, stop)
    if now.successor != was.successor:
        refuse_claimed(now, claims(connection))
    _insert(connection, new, lease)
    closed_event = None if now.open else connection.execute(NEWEST_EVENT, {"of": now.id}).scalar_one()
    connection.execute(PROGRESS, {"of": now.id, **_progress(now), "closed_event": closed_event})
    _put_spans(connection, projector, before, new)


def begin(
    connection: Connection, projector: Projector | None, replacement: Replacement, accepted: Event, lease: Lease
) -> None:
    """Insert a replacement that was just accepted. All checks have been made by whoever calls this."""
    connection.execute(
        BEGIN,
        {
            "id": replacement.id,
            "fleet": replacement.fleet,
            "group": replacement.group,
            "predecessor": replacement.predecessor,
            "accepted_at": replacement.accepted_at,
            "policy_hash": replacement.policy_hash,
            "causes": replacement.causes,
            "predecessor_launched_at": replacement.predecessor_launched_at,
            **_progress(replacement),
        },
    )
    _insert(connection, (accepted,), lease)
    _put_spans(connection, projector, (), (accepted,))


def story(connection: Connection, replacement_id: str) -> tuple[Event, ...]:
    """The whole story of one replacement; empty when there is none of that id."""
    return tuple(_event(row) for row in connection.execute(STORY, {"of": replacement_id}))


def open_replacements(connection: Connection, fleet: str | None = None) -> tuple[Replacement, ...]:
    """All that are not closed, oldest first."""
    rows = connection.execute(STORIES_OPEN if fleet is None else STORIES_OPEN_IN, {"fleet": fleet})
    return _folded(rows)


def claims(connection: Connection) -> tuple[Claim, ...]:
    """What every open replacement lays its hands on, oldest first."""
    return tuple(
        Claim(row.id, row.fleet, row.predecessor, row.successor, row.image_id, tuple(row.causes))
        for row in connection.execute(CLAIMS)
    )


def newest(connection: Connection, limit: int) -> tuple[Replacement, ...]:
    """The newest, open or closed, newest first."""
    numbers = select(replacements.c.number).order_by(replacements.c.number.desc()).limit(limit)
    return _folded(connection.execute(STORIES.where(replacements.c.number.in_(numbers))))[::-1]


def _folded(rows: Iterable[Row[*tuple[object, ...]]]) -> tuple[Replacement, ...]:
    stories = groupby(rows, attrgetter("replacement_id"))
    return tuple(fold(_event(row) for row in story) for _, story in stories)


def _event(row: Row[*tuple[object, ...]]) -> Event:
    step = Step(row.step) if row.step else None
    return Event(row.replacement_id, row.ordinal, row.at, Kind(row.kind), step, row.facts)


def _insert(connection: Connection, new: Sequence[Event], lease: Lease) -> None:
    rows = [
        {
            "replacement_id": event.replacement_id,
            "ordinal": event.ordinal,
            "at": event.at,
            "kind": event.kind,
            "step": event.step,
            "facts": event.facts,
            "token": lease.token,
        }
        for event in new
    ]
    connection.execute(INSERT, rows)


def _progress(state: Replacement) -> dict[str, object]:
    return {
        "successor": state.successor,
        "phase": state.phase,
        "outcome": state.outcome,
        "closed_at": state.closed_at,
        "image_id": state.image_id,
        "error_type": state.error_type,
        "verification": state.verification,
    }


def _put_spans(
    connection: Connection, projector: Projector | None, before: Sequence[Event], new: Sequence[Event]
) -> None:
    if projector:
        outbox.put(connection, projector.replacement(before, new), new[-1].at)


def _stopped(connection: Connection, state: Replacement, called: Event) -> str | None:
    abort = aborted(connection, state.id)
    if abort is not None and not state.undoing:
        return abort.sentence()
    hold = hold_on(connection, state, called.at)
    return hold.sentence() if hold else None
